"""Organs of a chest as signed distances on the coarse grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lungrt.phantom.patient import spine_y_mm
from lungrt.phantom.shapes import distance, ellipsoid, join, meet, noise, tube

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lungrt.phantom.grid import CoarseGrid
    from lungrt.phantom.options import PhantomOptions
    from lungrt.phantom.patient import Patient

__all__ = ["SIDES", "Chest", "build_chest"]

SIDES = {"left": 1.0, "right": -1.0}  # sign of x


@dataclass(frozen=True)
class Chest:
    """Signed distances of organs in mm, negative inside.

    Organs may overlap; `lungrt.phantom.tissue` draws them in an order.

    Attributes
    ----------
    grid : CoarseGrid
        Grid on which the distances are sampled.
    patient : Patient
    body, muscle
        Skin, and the fascia below the subcutaneous fat.
    cavity
        Inside of the ribs, above and below the diaphragm.
    lungs
        Lungs by side; a removed lung is missing.
    boundaries
        For each lung, the surfaces that bound it at the chest wall, mediastinum and diaphragm.
    lobes
        By side, negative in the lower lobe; zero on the oblique fissure.
    blood, heart
        Great vessels, and the whole heart.
    solid, stomach, gas
        Liver and spleen; stomach; gas in the stomach and the bowel.
    spine, canal, sternum
        Bones that `lungrt.phantom.skeleton` does not draw as pieces.
    """

    grid: CoarseGrid
    patient: Patient
    body: NDArray[np.float32]
    muscle: NDArray[np.float32]
    cavity: NDArray[np.float32]
    lungs: dict[str, NDArray[np.float32]]
    boundaries: dict[str, dict[str, NDArray[np.float32]]]
    lobes: dict[str, NDArray[np.float32]]
    blood: NDArray[np.float32]
    heart: NDArray[np.float32]
    solid: NDArray[np.float32]
    stomach: NDArray[np.float32]
    gas: NDArray[np.float32]
    spine: NDArray[np.float32]
    canal: NDArray[np.float32]
    sternum: NDArray[np.float32]


def build_chest(
    grid: CoarseGrid, patient: Patient, options: PhantomOptions, rng: np.random.Generator
) -> Chest:
    """Build the organs of a patient's chest."""
    wobble = noise(grid, rng, 45.0)
    sides = {side: _cavity_side(grid, patient, sign, wobble) for side, sign in SIDES.items()}
    spine, canal = _spine(grid, patient)
    blood, heart = _blood(grid, patient)
    mediastinum = _mediastinum(grid, patient, spine, join(blood, heart))
    mediastinum += noise(grid, rng, 22.0) * np.float32(1.6)
    lungs, boundaries, lobes = {}, {}, {}
    for side in SIDES:
        lobes[side] = _oblique_fissure(grid, patient, side, noise(grid, rng, 60.0))
        top = _diaphragm(grid, patient, side, noise(grid, rng, 60.0))
        if _changed(options, side, "collapse"):
            top, mediastinum_side = _collapsed(grid, options, top, mediastinum, side)
        else:
            mediastinum_side = mediastinum
        # Each lung stays on its side, even where the mediastinum is narrow.
        other = np.broadcast_to(SIDES[side] * grid.x, grid.shape) - np.float32(1)
        mediastinum_side = join(mediastinum_side, other)
        bounds = {"chest-wall": sides[side], "mediastinum": -mediastinum_side, "diaphragm": top}
        boundaries[side] = bounds
        lungs[side] = meet(*bounds.values(), blend_mm=5.0)
    cavity = join(*sides.values(), blend_mm=12.0)
    body, muscle = _body(grid, patient, cavity, noise(grid, rng, 70.0))
    solid, stomach, gas = _abdomen(grid, patient, options, cavity, noise(grid, rng, 30.0))
    if options.lungs != "both":
        removed = "left" if options.lungs == "right" else "right"
        del lungs[removed], boundaries[removed]
    return Chest(
        grid, patient, body, muscle, cavity, lungs, boundaries, lobes, blood, heart,
        solid, stomach, gas, spine, canal, _sternum(grid, patient),
    )  # fmt: skip


def _changed(options: PhantomOptions, side: str, finding: str) -> bool:
    return options.finding == finding and (options.extent == "both-lungs" or options.side == side)


def _cavity_side(
    grid: CoarseGrid, patient: Patient, sign: float, wobble: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return one half of the inside of the rib cage, wide below and with a dome at the apex."""
    height = np.clip((grid.z + 40) / (patient.apex + 40), 0, None)
    rho = (np.clip(1 - height**2.1, 4e-3, 1) ** (1 / 1.9)).astype(np.float32)
    flare = 1 - 0.00035 * np.clip(-grid.z - 20, 0, None)  # a little narrower again at the base
    center = sign * (40 + 24 * rho)
    outer = (patient.width - 64) * rho * flare + 3
    inner = 104 * rho + 3
    u = (grid.x - center) * sign
    u = np.where(u > 0, u / outer, u / inner)
    back = 6 + 16 * (1 - rho)
    v = (grid.y - back) / (patient.depth * rho * (0.94 + 0.06 * flare) + 3)
    # The rib cage is not an ellipse: it is narrower in front than at the back.
    u = u * (1 + 0.16 * np.clip(-v, 0, 1.2))
    r = (np.abs(u) ** 2.25 + np.abs(v) ** 2.25 + np.float32(1e-6)) ** np.float32(1 / 2.25)
    field = ((r - 1) * (30 + 40 * rho)).astype(np.float32)
    down, back_wards, leftwards = np.gradient(field, grid.step_mm)
    flat = np.sqrt(back_wards**2 + leftwards**2 + np.float32(1e-6))
    # At the flat top of the dome the slope along the body has no bound, so it is limited.
    slope = np.clip(np.abs(down) / flat, 0, 2)
    result = field / (flat * np.sqrt(1 + slope**2)) + wobble * np.float32(1.2)
    capped: NDArray[np.float32] = np.maximum(result, grid.z - np.float32(patient.apex - 2))
    return capped


def _spine(grid: CoarseGrid, patient: Patient) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    bend = patient.kyphosis * np.cos(grid.z / 90)
    y = grid.y - (patient.depth * 0.56 + bend)
    width = 15.5 - 0.022 * grid.z  # vertebrae become larger towards the feet
    body = (np.sqrt((grid.x / width) ** 2 + (y / (width * 0.85)) ** 2) - 1) * width * 0.9
    canal = np.sqrt(grid.x**2 + (y - width - 6) ** 2) - 8
    shape = grid.shape
    return (
        np.ascontiguousarray(np.broadcast_to(body, shape), np.float32),
        np.ascontiguousarray(np.broadcast_to(canal, shape), np.float32),
    )


def _blood(grid: CoarseGrid, patient: Patient) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    size = patient.heart
    heart = join(
        ellipsoid(
            grid, (20 * size, -26, -64), (60 * size, 42 * size, 47 * size), patient.heart_turn
        ),
        ellipsoid(grid, (-14, -12, -52), (30 * size, 34 * size, 40 * size)),
        # Connection to the diaphragm.
        ellipsoid(grid, (10 * size, -25, -104), (56 * size, 40 * size, 46), patient.heart_turn),
        blend_mm=12,
    )
    aorta_y = spine_y_mm(patient, 0) - 22
    blood = join(
        # Ascending aorta, arch and descending aorta.
        tube(
            grid,
            [(-12, -20, -40), (-20, -24, -10), (-14, -20, 22), (4, 0, 34), (19, aorta_y - 6, 26)],
            14.5 * size,
        ),
        tube(
            grid, [(19, aorta_y - 6, 26), (23, aorta_y, 0), (20, aorta_y, -80), (6, 34, -219)], 12
        ),
        # Superior vena cava and brachiocephalic veins; arteries of the neck and arms.
        tube(grid, [(-26, -16, -40), (-29, -18, 44), (-34, -8, 84)], 9),
        tube(grid, [(-27, -20, 44), (22, -24, 62), (38, -6, 90)], 6.5),
        tube(grid, [(-12, -12, 36), (-18, -4, 90)], 6),
        tube(grid, [(10, 0, 40), (14, -2, 92)], 4.5),
        tube(grid, [(18, 12, 38), (26, 10, 88), (60, 4, 104)], 5),
        # Pulmonary trunk and arteries, atrium with the lower veins.
        tube(grid, [(10, -38, -36), (14, -22, -14), (8, -8, -8)], 13 * size),
        tube(grid, [(8, -8, -10), (-24, -2, -14), (-36, 4, -18)], 10 * size),
        tube(grid, [(12, -12, -8), (34, 4, -6), (40, 10, -14)], 10 * size),
        tube(grid, [(-30, 6, -46), (32, 8, -44)], 9),
        blend_mm=4,
    )
    return blood, heart


def _mediastinum(
    grid: CoarseGrid, patient: Patient, spine: NDArray[np.float32], blood: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return everything between the lungs, including fat."""
    # The lungs nearly touch in front of and behind the vessels, but not elsewhere.
    half = 4 + 9 * np.clip(-grid.z / 110, 0, 1.2) + 0.02 * np.abs(grid.y)
    septum = np.broadcast_to(np.abs(grid.x - 2) - half, grid.shape).astype(np.float32)
    upper = ellipsoid(grid, (0, 6, 62), (34, 40, 62))
    core = ellipsoid(grid, (0, 8, -8), (36, 28, 44))
    oesophagus = tube(grid, [(4, 30, 110), (5, 36, 0), (9, 34, -80), (18, 10, -150)], 8)
    hila = join(
        tube(grid, [(20, 12, -14), (44, 12, -22)], 12),
        tube(grid, [(-20, 12, -18), (-42, 10, -26)], 12),
    )
    # Oesophagus, veins and the diaphragm's legs between heart and spine.
    lower = tube(grid, [(2, 28, -40), (0, 22, -110), (2, 20, -219)], 27)
    organs = join(blood, spine, upper, core, oesophagus, hila, lower, blend_mm=9)
    return join(organs - np.float32(3.0), septum, blend_mm=8)


def _oblique_fissure(
    grid: CoarseGrid, patient: Patient, side: str, wave: NDArray[np.float32]
) -> NDArray[np.float32]:
    # It runs from high at the back to low in front.
    lean = 0.95 if side == "left" else 0.85
    plane = (grid.z - 8 - lean * (grid.y - 20)) / np.float32(np.hypot(1, lean))
    return (plane + 0.0008 * (np.abs(grid.x) - 70) ** 2 + 4 * wave).astype(np.float32)


def _diaphragm(
    grid: CoarseGrid, patient: Patient, side: str, wave: NDArray[np.float32]
) -> NDArray[np.float32]:
    top, sign = patient.dome[side], SIDES[side]
    u = sign * grid.x - 58
    u = np.where(u < 0, u / 400, u / 90)  # it hangs from the heart, not from its own middle
    v = (grid.y + 14) / 100
    fall = (top - patient.base) * (u**2 + v**2)
    surface = np.maximum(top - 0.95 * fall, patient.base) + 3 * wave
    return distance((surface - grid.z).astype(np.float32), grid.step_mm)


def _collapsed(
    grid: CoarseGrid,
    options: PhantomOptions,
    top: NDArray[np.float32],
    mediastinum: NDArray[np.float32],
    side: str,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Raise the diaphragm below a collapsed lung and pull the mediastinum towards it."""
    whole = options.extent != "lobe"
    pulled = np.roll(mediastinum, round((24 if whole else 8) * SIDES[side] / grid.step_mm), axis=2)
    return top + np.float32(45 if whole else 20), join(mediastinum, pulled)


def _body(
    grid: CoarseGrid, patient: Patient, cavity: NDArray[np.float32], wave: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    shoulders = np.clip((grid.z - 10) / 90, 0, 1)
    a = patient.width + 20 + 26 * shoulders - 30 * np.clip((grid.z - 100) / 40, 0, 1)
    b = patient.depth + 22 - 8 * shoulders
    r = (np.abs(grid.x / a) ** 2.5 + np.abs((grid.y - 12) / b) ** 2.5 + 1e-6) ** (1 / 2.5)
    trunk = distance(((r - 1) * 90).astype(np.float32), grid.step_mm)
    # Muscle follows the ribs, and is thick beside the spine.
    back = ellipsoid(grid, (0, patient.depth + 6, -40), (62, 26, 400))
    muscle = join(meet(trunk, cavity - np.float32(24), blend_mm=10), back, blend_mm=15)
    shoulder = np.broadcast_to(70 - grid.z, trunk.shape).astype(np.float32)
    muscle = join(muscle, meet(trunk, shoulder, blend_mm=20))
    fat = patient.fat * (1 + 0.25 * wave)
    body = join(trunk, muscle, blend_mm=8) - np.clip(fat, 4, None).astype(np.float32)
    return body, muscle + wave * np.float32(1.5)


def _abdomen(
    grid: CoarseGrid,
    patient: Patient,
    options: PhantomOptions,
    cavity: NDArray[np.float32],
    wave: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    dome = patient.dome
    liver = join(
        ellipsoid(grid, (-58, 2, dome["right"] - 74), (92, 92, 86)),
        ellipsoid(grid, (6, -40, dome["right"] - 62), (70, 42, 48)),
        blend_mm=15,
    )
    spleen = ellipsoid(grid, (92, 48, dome["left"] - 48), (30, 42, 46), 20)
    solid = meet(join(liver, spleen), cavity + np.float32(2)) + wave
    stomach = ellipsoid(grid, (62, -14, dome["left"] - 44), (46, 48, 40), -20)
    # Gas rises to the front of a patient who lies on the back.
    down = 1.0 if options.position == "supine" else -1.0
    level = np.broadcast_to(down * (grid.y + 16), grid.shape).astype(np.float32)
    gas = meet(stomach + np.float32(4), level)
    colon = join(
        ellipsoid(grid, (88, -30, dome["left"] - 40), (22, 24, 20)),
        tube(grid, [(-80, -52, -208), (0, -66, -200), (86, -40, -180)], 15),
    )
    return solid, join(stomach, colon - np.float32(3)), join(gas, colon + wave * np.float32(2))


def _sternum(grid: CoarseGrid, patient: Patient) -> NDArray[np.float32]:
    front = 6 - patient.depth - 7 + 26 * np.clip((grid.z - 5) / 80, -0.4, 1)
    plate = np.maximum(np.abs(grid.x) - 17, np.abs(grid.y - front) - 5.5)
    field = np.maximum(plate, np.abs(grid.z + 28) - 86)
    return np.ascontiguousarray(np.broadcast_to(field, grid.shape), np.float32)
