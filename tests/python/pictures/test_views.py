"""Planes through a nodule and the overview: sides are right however a scan is stored."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lungrt
from lungrt.lesion import lesion_voxels
from lungrt.pictures import PLANES, Scene, draw_overview
from lungrt.pictures.planes import bar_length_mm
from lungrt.pictures.resampling import OUTSIDE_HU

MakeScene = Callable[..., Scene]

MARKER = np.array((16.0, -12.0, 8.0))  # left, front and head of the nodule, in mm
MARKER_AT = ((16, -12), (16, -8), (-12, -8))  # to the right and down in each plane, in mm
ORDERS = [
    (order, signs) for order in permutations(range(3)) for signs in product((1, -1), repeat=3)
]


def stored(order: tuple[int, ...], signs: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the direction matrix of a stored order of axes."""
    return np.eye(3)[:, order] * signs


def turned(degrees: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return the direction of an oblique scan."""
    a, b, c = np.deg2rad(degrees)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return about_x @ about_y @ about_z


def moved(nodule: Any, place: int, by_mm: float, geometry: lungrt.Geometry) -> Any:
    """Return a nodule that is shown at another voxel, along one world axis."""
    center = np.array(nodule.center_mm)
    center[place] += by_mm
    return SimpleNamespace(**{**vars(nodule), "index": geometry.to_index(center)})


def marker_offset(scene: Scene, plane_at: int) -> NDArray[np.float64]:
    """Return where the marker is in a plane through it, in mm (right, down) from the middle."""
    plane = PLANES[plane_at]
    normal = int(np.argmax(np.abs(np.cross(plane.right, plane.down))))
    nodule = moved(scene.report.nodules[0], normal, MARKER[normal], scene.volume.geometry)
    view = scene.view(nodule, plane)
    bright = view.pixels > 200
    assert bright.any()
    row, column = np.argwhere(bright).mean(axis=0)
    return np.array([column - view.cross[0], row - view.cross[1]]) * view.pitch_mm


@pytest.mark.parametrize(("order", "signs"), ORDERS)
def test_sides_in_every_stored_order(
    make_scene: MakeScene, order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    scene = make_scene(stored(order, signs), (0.9, 0.7, 1.5))
    # Left is on the right, front above or on the left, the head above: as the letters say.
    for plane_at, expected in enumerate(MARKER_AT):
        assert marker_offset(scene, plane_at) == pytest.approx(expected, abs=0.8)
    assert [plane.sides for plane in PLANES] == [
        ("R", "L", "A", "P"),
        ("R", "L", "H", "F"),
        ("A", "P", "H", "F"),
    ]


@pytest.mark.parametrize("degrees", [(0, 0, 30), (20, 0, 0), (12, -35, 50)])
def test_sides_of_an_oblique_scan(
    make_scene: MakeScene, degrees: tuple[float, float, float]
) -> None:
    scene = make_scene(turned(degrees))
    for plane_at, expected in enumerate(MARKER_AT):
        assert marker_offset(scene, plane_at) == pytest.approx(expected, abs=0.8)


@pytest.mark.parametrize(
    "direction", [np.eye(3), stored((2, 0, 1), (1, -1, -1)), turned((9, 8, 7))]
)
def test_crosshair_and_outline_are_on_the_nodule(make_scene: MakeScene, direction: Any) -> None:
    scene = make_scene(direction)
    for view in scene.views(scene.report.nodules[0]):
        rows, columns = view.pixels.shape
        assert view.cross == ((columns - 1) / 2, (rows - 1) / 2)
        bright = np.argwhere(view.pixels > 200)[:, ::-1] - view.cross
        nodule = bright[np.linalg.norm(bright, axis=1) * view.pitch_mm < 8]
        assert np.abs(nodule.mean(axis=0)).max() * view.pitch_mm < 0.5
        (line,) = view.outline
        distances = np.linalg.norm(line - view.cross, axis=1) * view.pitch_mm
        # The nodule has a radius of 4 mm; the dilation adds a voxel of 0.8 mm.
        assert distances.min() > 3.5
        assert distances.max() < 5.8


def test_pixels_are_square_and_beyond_the_scan_black(make_scene: MakeScene) -> None:
    scene = make_scene(spacing_mm=(0.6, 0.6, 3.0))
    nodule = moved(scene.report.nodules[0], 0, 35, scene.volume.geometry)
    view = scene.view(nodule, PLANES[0])
    assert (view.pixels[:, -20:] == 0).all()
    assert (view.pixels[:, :40] > 50).all()
    for view in scene.views(scene.report.nodules[0]):
        bright = np.argwhere(view.pixels > 127) - view.cross[::-1]
        near = bright[np.linalg.norm(bright, axis=1) * view.pitch_mm < 8]
        height, width = (np.ptp(near, axis=0) + 1) * view.pitch_mm
        assert height == pytest.approx(8, abs=2.5)  # of slices of 3 mm
        assert width == pytest.approx(8, abs=1.7)


@pytest.mark.parametrize(("order", "signs"), ORDERS[::5])
def test_overview_is_seen_from_the_front(
    make_scene: MakeScene, order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    scene = make_scene(stored(order, signs))
    overview = draw_overview(scene)
    assert overview.plane.sides == ("R", "L", "H", "F")
    (mark,) = overview.marks
    column, row = mark.center
    brightest = overview.pixels > 0.6 * overview.pixels.max()
    # The nodule and the marker, which is 16 mm to the left and 8 mm towards the head.
    offsets = (np.argwhere(brightest)[:, ::-1] - (column, row)) * overview.pitch_mm
    beside = offsets[offsets[:, 0] > 8].mean(axis=0)
    under = offsets[offsets[:, 0] <= 8].mean(axis=0)
    assert beside == pytest.approx((16, -8), abs=1.5)
    assert under == pytest.approx((0, 0), abs=1.5)
    assert mark.number == 1
    assert not mark.suspicious


def test_lesion_is_what_the_volume_counts(native_bundle: Any, small_ct: lungrt.CtVolume) -> None:
    report = lungrt.Pipeline(native_bundle, threads=1, profile="book").run(
        small_ct, keep_masks=True
    )
    scene = Scene(small_ct, report)
    assert report.nodules
    for nodule in report.nodules:
        mask, _ = lesion_voxels(scene.labels, nodule)
        volume = np.count_nonzero(mask) * small_ct.geometry.voxel_volume_mm3
        assert volume == pytest.approx(nodule.volume_mm3)


def test_report_without_masks_is_refused(make_scene: MakeScene) -> None:
    with pytest.raises(lungrt.errors.InvalidArgument, match="keep_masks=True"):
        make_scene(masks=None)


def test_report_of_another_ct_is_refused(make_scene: MakeScene) -> None:
    scene = make_scene()
    other = make_scene(spacing_mm=(0.8, 0.8, 1.6))
    with pytest.raises(lungrt.errors.InvalidArgument, match="made of another CT"):
        Scene(other.volume, scene.report)


@pytest.mark.parametrize(("width", "length"), [(360, 100), (60, 20), (20, 5), (3.5, 1), (0.5, 1)])
def test_scale_bar_is_round_and_fits(width: float, length: int) -> None:
    assert bar_length_mm(width) == length


def test_outside_is_darker_than_air() -> None:
    assert OUTSIDE_HU < -1024
