"""Scans without lungs: abdomen, head, only air, only bone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lungrt.phantom.grid import stream
from lungrt.phantom.texture import Texture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lungrt.phantom.grid import Grid
    from lungrt.phantom.options import PhantomOptions

__all__ = ["OtherRegion"]

_LOOPS = 26


class OtherRegion:
    """Renderer of a region without lungs, whose middle is the centre of the volume."""

    def __init__(self, grid: Grid, options: PhantomOptions) -> None:
        self._grid, self._region = grid, options.region
        self._soft = Texture(stream(options.seed, "soft tissue"), 3.0)
        rng = stream(options.seed, options.region)
        self._size = rng.uniform(0.92, 1.08)
        # Bowel: centre x, y, z and semi-axes of each loop, and whether gas fills it.
        self._loops = np.column_stack(
            [
                rng.uniform((-95, -70, -150), (95, 20, 120), (_LOOPS, 3)),
                rng.uniform((12, 9, 12), (34, 20, 34), (_LOOPS, 3)),
                rng.random(_LOOPS) < 0.6,
            ]
        )
        self._edge_mm = max(*grid.spacing_mm[:2], 0.5)
        self._middle_z = float(np.mean(grid.sub_z_mm))

    def slice(self, sub_slice: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return a thin slice [rows, columns] in HU, and its depth below the skin in mm."""
        grid = self._grid
        x = grid.x_mm[None, :].astype(np.float32)
        y = grid.y_mm[:, None].astype(np.float32) - 8
        z = float(grid.sub_z_mm[sub_slice]) - self._middle_z
        soft = self._soft.slice(grid, sub_slice)
        hu = np.full(soft.shape, -1000, np.float32)
        if self._region == "air":
            return hu, np.zeros_like(hu)
        if self._region == "bone":
            return 900 + 120 * soft, np.zeros_like(hu)
        if self._region == "head":
            return self._head(hu, x, y, z, soft)
        return self._abdomen(hu, x, y, z, soft)

    def _abdomen(
        self, hu: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32], z: float,
        soft: NDArray[np.float32],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:  # fmt: skip
        size = self._size
        body = _ellipse(x, y, 165 * size, 118 * size)
        self._cover(hu, body, -104 + 8 * soft)
        self._cover(hu, body + 22, 50 + 6 * soft)
        self._cover(hu, body + 36, -100 + 10 * soft)
        self._cover(hu, _ellipse(x + 45, y - 60, 26, 34), 45 + 5 * soft)  # psoas and kidneys
        self._cover(hu, _ellipse(x - 45, y - 60, 26, 34), 45 + 5 * soft)
        for lx, ly, lz, a, b, c, gas in self._loops:
            left = 1 - ((z - lz) / c) ** 2
            if left <= 0.05:
                continue
            loop = _ellipse(x - lx, y - ly, a * np.sqrt(left), b * np.sqrt(left))
            self._cover(hu, loop, 35 + 8 * soft)
            if gas:
                self._cover(hu, loop + 3, np.float32(-960))
        spine = _ellipse(x, y - 58, 23, 18)
        self._cover(hu, spine, np.float32(420))
        self._cover(hu, spine + 2, 165 + 40 * soft)
        return hu, -body

    def _head(
        self, hu: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32], z: float,
        soft: NDArray[np.float32],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:  # fmt: skip
        # Skull above, neck below; the air of sinuses and airway must not be taken for lungs.
        crown = np.sqrt(max(1 - (max(z, 0) / 98) ** 2, 0.0)) * self._size
        if crown <= 0.05:
            return hu, np.full_like(hu, -99)
        neck = np.float32(np.clip((-z - 70) / 30, 0, 1))
        head = _ellipse(x, y, (82 - 24 * neck) * crown, (102 - 42 * neck) * crown)
        self._cover(hu, head, 40 + 5 * soft)
        if neck < 0.5:
            self._cover(hu, head + 5, np.float32(950))
            self._cover(hu, head + 12, 34 + 5 * soft)
        if -60 < z < 10:
            for side in (-1, 1):
                self._cover(hu, _ellipse(x - side * 26, y + 62, 15, 17), np.float32(-1000))
                self._cover(hu, _ellipse(x - side * 62, y - 24, 9, 12), np.float32(-880))
        if z < -20:
            self._cover(hu, _ellipse(x, y + 22, 11, 9), np.float32(-1000))
            self._cover(hu, _ellipse(x, y - 26, 20, 17), np.float32(420))
            self._cover(hu, _ellipse(x, y - 26, 18, 15), np.float32(180))
        return hu, -head

    def _cover(
        self,
        hu: NDArray[np.float32],
        depth: NDArray[np.float32],
        value: NDArray[np.float32] | np.float32,
    ) -> None:
        share = np.clip(0.5 - depth / self._edge_mm, 0, 1).astype(np.float32)
        hu += share * (value - hu)


def _ellipse(
    x: NDArray[np.float32], y: NDArray[np.float32], a: float, b: float
) -> NDArray[np.float32]:
    """Return the signed distance from an ellipse, to first order."""
    k0 = np.sqrt((x / a) ** 2 + (y / b) ** 2)
    k1 = np.sqrt((x / a**2) ** 2 + (y / b**2) ** 2)
    result: NDArray[np.float32] = (k0 * (k0 - 1) / np.maximum(k1, 1e-6)).astype(np.float32)
    return result
