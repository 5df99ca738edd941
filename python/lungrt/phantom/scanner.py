"""Simulation of a scanner: blur, overshoot, noise and padding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lungrt.phantom.grid import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lungrt.phantom.grid import Grid
    from lungrt.phantom.options import PhantomOptions

__all__ = ["Scanner", "round_hu"]

LEAST_HU, MOST_HU = -1024, 3071
_REFERENCE_SLICE_MM = 2.5  # thickness that a kernel's noise refers to; thinner slices have more


@dataclass(frozen=True)
class _Kernel:
    """Reconstruction kernel.

    Attributes
    ----------
    blur_mm : float
        Standard deviation of the point spread function.
    overshoot : float
        Share of the detail finer than a millimetre that is added again.
    noise_hu : float
        Standard deviation of the noise in soft tissue.
    grain_mm : float
        Standard deviation of the Gaussian that correlates the noise.
    """

    blur_mm: float
    overshoot: float
    noise_hu: float
    grain_mm: float


_KERNELS = {"soft": _Kernel(0.6, 0.0, 18.0, 0.5), "sharp": _Kernel(0.35, 0.7, 64.0, 0.42)}
_OVERSHOOT_MM = 0.9
_SHARED = 0.3  # share of a slice's noise that it has in common with the next slice


class Scanner:
    """Simulated scanner that converts ideal slices to reconstructed ones."""

    def __init__(self, options: PhantomOptions, grid: Grid) -> None:
        self._kernel = _KERNELS[options.kernel]
        self._seed = options.seed
        self._pixel = grid.spacing_mm[0], grid.spacing_mm[1]
        thin = float(np.sqrt(_REFERENCE_SLICE_MM / grid.spacing_mm[2]))
        automatic = self._kernel.noise_hu * min(max(thin, 0.6), 1.6)
        self._noise_hu = automatic if options.noise_hu is None else options.noise_hu
        self._outside = self._beyond_the_circle(grid) if options.circular_field else None
        self._padding_hu = options.padding_hu
        self._drawn: dict[int, NDArray[np.float32]] = {}  # white noise of the last slices

    def reconstruct(
        self, hu: NDArray[np.float32], depth_mm: NDArray[np.float32], index: int
    ) -> NDArray[np.int16]:
        """Blur a slice, add noise, round and pad it.

        Parameters
        ----------
        hu
            Ideal slice [rows, columns].
        depth_mm
            Depth of each pixel below the skin; the noise is strongest in the middle of the body
            and weaker in the lungs.
        index
            Index of the slice, which determines its noise.
        """
        blurred = self._blur(hu, self._kernel.blur_mm)
        if self._kernel.overshoot:
            detail = blurred - self._blur(blurred, _OVERSHOOT_MM)
            blurred = blurred + np.float32(self._kernel.overshoot) * detail
        if self._noise_hu:
            where = np.float32(0.45) + np.clip(depth_mm, 0, 90) * np.float32(0.55 / 60)
            where *= np.float32(0.65) + np.clip(hu + 700, 0, 700) * np.float32(0.35 / 700)
            blurred = blurred + self.noise(hu.shape, index) * where
        result = round_hu(blurred)
        if self._outside is not None:
            result[self._outside] = self._padding_hu
        return result

    def noise(self, shape: tuple[int, ...], index: int) -> NDArray[np.float32]:
        """Return correlated noise without low frequencies, as after filtered backprojection."""
        # Neighbouring slices share some of their X-rays.
        white = self._white(shape, index) + np.float32(_SHARED) * self._white(shape, index + 1)
        white /= np.float32(np.hypot(1, _SHARED))
        # Scaled by the gain of the filter, since the sample may have only a few pixels.
        spot = np.zeros((63, 63), np.float32)
        spot[31, 31] = 1
        gain = float(np.sqrt(np.square(self._grain(spot)).sum()))
        return self._grain(white) * np.float32(self._noise_hu / gain)

    def _grain(self, white: NDArray[np.float32]) -> NDArray[np.float32]:
        fine = self._blur(white, self._kernel.grain_mm)
        # Wider than a pixel, so that something is removed even if pixels are coarse.
        wide_mm = max(3 * self._kernel.grain_mm + 0.4, *self._pixel)
        return fine - self._blur(fine, wide_mm)

    def _white(self, shape: tuple[int, ...], index: int) -> NDArray[np.float32]:
        if index not in self._drawn:
            rng = stream(self._seed, f"noise {index}")
            kept = {index - 1: self._drawn[index - 1]} if index - 1 in self._drawn else {}
            self._drawn = {**kept, index: rng.standard_normal(shape, np.float32)}
        return self._drawn[index]

    def _blur(self, hu: NDArray[np.float32], sigma_mm: float) -> NDArray[np.float32]:
        from scipy.ndimage import gaussian_filter

        sigmas = sigma_mm / self._pixel[1], sigma_mm / self._pixel[0]
        blurred: NDArray[np.float32] = gaussian_filter(hu, sigmas, mode="nearest", truncate=3.0)
        return blurred

    def _beyond_the_circle(self, grid: Grid) -> NDArray[np.bool_]:
        rows, columns = grid.shape[1:]
        row = (np.arange(rows) - (rows - 1) / 2) / (rows / 2)
        column = (np.arange(columns) - (columns - 1) / 2) / (columns / 2)
        outside: NDArray[np.bool_] = np.add.outer(row**2, column**2) > 1
        return outside


def round_hu(hu: NDArray[np.float32]) -> NDArray[np.int16]:
    """Round to whole numbers and clip to the range of a scanner."""
    return np.clip(np.rint(hu), LEAST_HU, MOST_HU).astype(np.int16)
