"""Volumes that real scanners seldom make, and in which random networks find a lot."""

from __future__ import annotations

import eager_pipeline as eager
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


def texture(shape: tuple[int, int, int], seed: int) -> NDArray[np.int16]:
    """Blobs from air to bone and beyond, padding and metal outside of 12 bits."""
    generator = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(generator.normal(size=shape), sigma=(0.6, 1.5, 1.5))
    hu = noise / (noise.std() + 1e-9) * 700 - 200
    hu[generator.random(shape) < 0.01] = -3024
    hu[generator.random(shape) < 0.01] = 20000
    return hu.astype(np.int16)


SCANS = {
    "odd sizes": eager.Scan(texture((9, 43, 51), 1)),
    "one slice more than a crop": eager.Scan(texture((7, 8, 64), 2)),
    "narrow": eager.Scan(texture((7, 8, 130), 2)),
    "31 slices": eager.Scan(texture((31, 40, 40), 3)),
    "non-square": eager.Scan(texture((6, 24, 130), 4)),
    "anisotropic": eager.Scan(
        texture((8, 33, 66), 5), np.array([-101.3, 55.5, 7.25]), np.array([0.61, 0.73, 4.9])
    ),
    "flipped": eager.Scan(
        texture((8, 40, 44), 6),
        np.array([3.0, -20.0, 400.0]),
        np.array([0.7, 0.8, 2.5]),
        np.diag([-1.0, 1.0, -1.0]),
    ),
}
