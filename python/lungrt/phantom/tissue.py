"""Hounsfield units of a chest, computed for one thin slice at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lungrt.phantom.grid import Interpolator, stream
from lungrt.phantom.segments import DEPTH_STEP_MM, draw_depth
from lungrt.phantom.skeleton import VERTEBRA_MM, bones, cartilage
from lungrt.phantom.texture import Texture

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lungrt.phantom.anatomy import Chest
    from lungrt.phantom.grid import Grid
    from lungrt.phantom.options import PhantomOptions
    from lungrt.phantom.vessels import Branches

__all__ = ["LABELS", "ChestTissue"]

_At: TypeAlias = "Callable[[NDArray[np.float32]], NDArray[np.float32]]"

LABELS = {"left": 3, "right": 4, "airway": 5}  # as in LUNA16's lung masks
_AIR_HU = -1000.0
_WALL_MM = 1.3
_CORTEX_MM = 1.5


class ChestTissue:
    """Renderer of a chest.

    Each tissue covers what was drawn before it, by the share of a voxel that it fills.
    """

    def __init__(
        self, chest: Chest, branches: Branches, grid: Grid, options: PhantomOptions
    ) -> None:
        seed = options.seed
        self._chest, self._grid, self._options = chest, grid, options
        self._fields = Interpolator(chest.grid, grid)
        self._bones = draw_depth(grid, bones(chest))
        self._cartilage = draw_depth(grid, cartilage(chest))
        self._vessels = draw_depth(grid, branches.vessels)
        self._airways = draw_depth(grid, branches.airways, margin_mm=_WALL_MM + 1.0)
        self._soft = Texture(stream(seed, "soft tissue"), 3.0)
        self._fatty = Texture(stream(seed, "fat planes"), 2.2)
        self._parenchyma = Texture(stream(seed, "parenchyma"), 0.95, skew=0.9)
        self._patches = Texture(stream(seed, "patches"), 9.0)
        self._bullae = Texture(stream(seed, "bullae"), 4.5)
        rng = stream(seed, "densities")
        self._lung_hu = rng.uniform(-905, -875)
        self._gravity_hu = rng.uniform(0.05, 0.45)  # per mm downwards
        self._enhanced = options.contrast
        # Edges are as wide as a voxel, but not sharper than 0.5 mm.
        self._edge_mm = float(max(grid.spacing_mm[0], grid.spacing_mm[1], 0.5))

    def slice(
        self, sub_slice: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], dict[str, NDArray[np.float32]]]:
        """Render a thin slice.

        Returns
        -------
        hu : numpy.ndarray
            Hounsfield units [rows, columns].
        depth_mm : numpy.ndarray
            Depth of each pixel below the skin.
        shares : dict
            Share of each pixel that the left lung, the right lung and the airway fill.
        """
        chest = self._chest

        def at(field: NDArray[np.float32]) -> NDArray[np.float32]:
            return self._fields.slice(field, sub_slice)

        body, cavity = at(chest.body), at(chest.cavity)
        soft = self._soft.slice(self._grid, sub_slice)
        hu = np.full(body.shape, _AIR_HU, np.float32)
        if self._options.table:
            self._draw_table(hu)
        fat = -104 + 9 * soft
        self._cover(hu, body, fat)
        self._cover(hu, np.abs(body + np.float32(1)) - np.float32(1), np.float32(5))
        fatty = self._fatty.slice(self._grid, sub_slice)
        muscle = np.where(fatty > 1.9, np.float32(-70), 52 + 6 * soft)
        muscle_depth = np.maximum(at(chest.muscle), body + np.float32(2.5))
        self._cover(hu, muscle_depth, muscle)
        self._cover(hu, cavity, fat)
        self._draw_organs(hu, at, soft)
        self._draw_bones(hu, at, sub_slice)
        shares = self._draw_lungs(hu, at, sub_slice)
        return hu, -body, shares

    def _cover(
        self,
        hu: NDArray[np.float32],
        depth: NDArray[np.float32],
        value: NDArray[np.float32] | np.float32,
    ) -> NDArray[np.float32]:
        """Blend a tissue in by its signed distance; return the share of pixels that it fills."""
        share: NDArray[np.float32] = np.clip(
            np.float32(0.5) - depth * np.float32(1 / self._edge_mm), 0, 1
        )
        hu += share * (value - hu)
        return share

    def _drawn(self, volume: NDArray[np.int8], sub_slice: int) -> NDArray[np.float32]:
        """Return the signed distance from structures that were drawn as pieces."""
        depth: NDArray[np.float32] = volume[sub_slice] * np.float32(-DEPTH_STEP_MM)
        return depth

    def _draw_table(self, hu: NDArray[np.float32]) -> None:
        """Draw the table: a curved shell of carbon fibre around foam, below the patient."""
        patient = self._chest.patient
        down = 1.0 if self._options.position == "supine" else -1.0
        y = down * (self._grid.y_mm[:, None] - 12) - (patient.depth + 32)
        x = self._grid.x_mm[None, :]
        board = (y - 18 + 0.0009 * x**2).astype(np.float32)
        board = np.maximum(np.abs(board - 14) - 14, np.abs(x) - 205).astype(np.float32)
        self._cover(hu, board, np.float32(-960))
        self._cover(hu, np.abs(board) - np.float32(1.2), np.float32(-320))

    def _draw_organs(self, hu: NDArray[np.float32], at: _At, soft: NDArray[np.float32]) -> None:
        chest, enhanced = self._chest, self._enhanced
        if self._options.lungs != "both":
            # Fluid and scar tissue fill the side of a removed lung.
            sign = -1.0 if self._options.lungs == "left" else 1.0
            side = np.float32(8) - (sign * self._grid.x_mm[None, :]).astype(np.float32)
            self._cover(hu, np.maximum(at(chest.cavity), side), 14 + 5 * soft)
        self._cover(hu, at(chest.solid), (112 if enhanced else 56) + 5 * soft)
        self._cover(hu, at(chest.stomach), 32 + 12 * soft)
        self._cover(hu, at(chest.gas), np.float32(-985))
        self._cover(hu, at(chest.heart) + np.float32(4), (115 if enhanced else 42) + 5 * soft)
        self._cover(hu, at(chest.heart) + np.float32(16), (210 if enhanced else 40) + 4 * soft)
        self._cover(hu, at(chest.blood), (260 if enhanced else 43) + 4 * soft)

    def _draw_bones(self, hu: NDArray[np.float32], at: _At, sub_slice: int) -> None:
        chest = self._chest
        self._cover(hu, self._drawn(self._cartilage, sub_slice), np.float32(95))
        z = self._grid.sub_z_mm[sub_slice]
        in_disc = abs((z % VERTEBRA_MM) - VERTEBRA_MM / 2) > VERTEBRA_MM / 2 - 2.6
        marrow = np.float32(85 if in_disc else 175)
        spongy = marrow + 45 * self._fatty.slice(self._grid, sub_slice)
        spine, sternum = at(chest.spine), at(chest.sternum)
        drawn = self._drawn(self._bones, sub_slice)
        self._cover(hu, spine, np.float32(95 if in_disc else 430))
        self._cover(hu, spine + np.float32(_CORTEX_MM), spongy)
        for depth, cortex in ((sternum, 420), (drawn, 720)):
            self._cover(hu, depth, np.float32(cortex))
            self._cover(hu, depth + np.float32(_CORTEX_MM), spongy)
        self._cover(hu, at(chest.canal), np.float32(25))

    def _draw_lungs(
        self, hu: NDArray[np.float32], at: _At, sub_slice: int
    ) -> dict[str, NDArray[np.float32]]:
        chest, options = self._chest, self._options
        parenchyma = self._parenchyma_hu(sub_slice)
        shares = {}
        vessel = self._drawn(self._vessels, sub_slice)
        airway = self._drawn(self._airways, sub_slice)
        blood = np.float32(230 if self._enhanced else 38)
        for side, lung in chest.lungs.items():
            depth = at(lung)
            value = parenchyma
            lobe = at(chest.lobes[side])
            if options.fissures:
                width = np.float32(0.6 * self._edge_mm + 0.35)
                line = np.maximum(1 - np.abs(lobe) / width, 0).astype(np.float32)
                value = value + np.float32(120) * line
            if self._airless(side):
                region = lobe if options.extent == "lobe" else np.full_like(lobe, -99)
                solid = 36 + 8 * self._soft.slice(self._grid, sub_slice)
                share = np.clip(np.float32(0.5) - region / np.float32(4), 0, 1)
                value = value + share * (solid - value)
            shares[side] = self._cover(hu, depth, value)
        inside = np.clip(np.float32(0.5) - at(chest.cavity) / np.float32(self._edge_mm), 0, 1)
        share = np.clip(np.float32(0.5) - vessel / np.float32(self._edge_mm), 0, 1) * inside
        hu += share * (np.maximum(blood, hu) - hu)
        self._cover(hu, airway - np.float32(_WALL_MM), np.maximum(hu, np.float32(10)))
        shares["airway"] = self._cover(hu, airway, np.float32(-992))
        return shares

    def _parenchyma_hu(self, sub_slice: int) -> NDArray[np.float32]:
        down = 1.0 if self._options.position == "supine" else -1.0
        gravity = (down * self._grid.y_mm * self._gravity_hu).astype(np.float32)[:, None]
        fine = self._parenchyma.slice(self._grid, sub_slice)
        patches = self._patches.slice(self._grid, sub_slice)
        hu: NDArray[np.float32] = self._lung_hu + gravity + 48 * fine + 16 * patches
        if self._options.finding == "emphysema":
            holes = np.clip(self._bullae.slice(self._grid, sub_slice) * 2 - 1, 0, 1)
            hu = hu - 50
            hu += holes * (np.float32(-985) - hu)
        return np.maximum(hu, np.float32(-1000))

    def _airless(self, side: str) -> bool:
        options = self._options
        return options.finding in ("collapse", "consolidation") and (
            options.extent == "both-lungs" or options.side == side
        )
