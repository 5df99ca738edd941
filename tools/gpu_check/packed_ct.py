"""A CT in one small file, which needs nothing but NumPy to be read.

Differences of neighbouring columns are small, so their upper bytes are nearly all 0: both planes of
bytes are compressed on their own. Of a CT of 133 x 512 x 512 voxels (70 MB), 25 MB remain.
"""

from __future__ import annotations

import bz2
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import lungrt


def pack(hu: NDArray[np.int16]) -> tuple[bytes, bytes]:
    """Return the compressed lower and upper bytes of int16 voxels (slices, rows, columns)."""
    difference = hu.copy()
    difference[..., 1:] -= hu[..., :-1]  # modulo 2**16, so it can be undone whatever the values
    # 0, -1, 1, -2, ... become 0, 1, 2, 3, ...: upper bytes of small negatives are 0, too.
    folded = ((difference << 1) ^ (difference >> 15)).view(np.uint16)
    return tuple(  # type: ignore[return-value]
        bz2.compress(plane.astype(np.uint8).tobytes()) for plane in (folded & 255, folded >> 8)
    )


def unpack(low: bytes, high: bytes, shape: tuple[int, ...]) -> NDArray[np.int16]:
    """Return the voxels of which `pack` made these bytes."""
    lower, upper = (
        np.frombuffer(bz2.decompress(plane), np.uint8).astype(np.uint16) for plane in (low, high)
    )
    folded = (upper << 8) | lower
    difference = ((folded >> 1) ^ (0 - (folded & 1))).view(np.int16).reshape(shape)
    return np.cumsum(difference, axis=-1, dtype=np.int16)


def save(path: Path, volume: lungrt.CtVolume) -> None:
    """Write a CT with its geometry and its series UID."""
    geometry = volume.geometry
    planes = [np.frombuffer(plane, np.uint8) for plane in pack(np.ascontiguousarray(volume.hu))]
    np.savez(
        path,
        low=planes[0],
        high=planes[1],
        shape=np.array(volume.shape),
        origin_mm=np.array(geometry.origin_mm),
        spacing_mm=np.array(geometry.spacing_mm),
        direction=np.array(geometry.direction),
        series_uid=np.array(volume.series_uid),
    )


def load(path: Path) -> lungrt.CtVolume:
    """Read a CT that `save` has written."""
    import lungrt

    with np.load(path) as ct:
        geometry = lungrt.Geometry(ct["origin_mm"], ct["spacing_mm"], ct["direction"])
        hu = unpack(ct["low"].tobytes(), ct["high"].tobytes(), tuple(ct["shape"].tolist()))
        return lungrt.CtVolume(hu, geometry, series_uid=str(ct["series_uid"]))


def save_mask(path: Path, mask: NDArray[np.bool_]) -> None:
    """Write a mask with eight voxels a byte, compressed."""
    np.savez_compressed(path, shape=np.array(mask.shape), bits=np.packbits(mask))


def load_mask(path: Path) -> NDArray[np.bool_]:
    """Read a mask that `save_mask` has written, or a golden mask, which has the same form."""
    with np.load(path) as stored:
        shape = tuple(stored["shape"].tolist())
        bits = np.unpackbits(stored["bits"], count=int(np.prod(shape)))
        return bits.reshape(shape).astype(bool)
