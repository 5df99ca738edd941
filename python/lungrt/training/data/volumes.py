"""Crops out of CTs on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lungrt import CtVolume, read_ct
from lungrt.errors import BadVolume, InvalidArgument
from lungrt.training.data.cache import CropCache
from lungrt.training.data.samples import Crop, Sample

Index = tuple[int, int, int]


def crop_start(index: Sequence[int], crop: Crop, shape: Sequence[int]) -> Index:
    """Return the first voxel of a crop around a voxel, as the pipeline cuts it.

    The crop starts at the centre less half its size, rounded half to even, and is moved inward
    where it would stick out.

    Raises
    ------
    BadVolume
        The volume is smaller than the crop.
    """
    if any(size > available for size, available in zip(crop, shape, strict=True)):
        raise BadVolume(
            f"the CT has {list(shape)} voxels (slices, rows, columns), fewer than a crop of "
            f"{list(crop)}; expected a whole chest"
        )
    first = [
        min(max(round(center - size / 2), 0), available - size)
        for center, size, available in zip(index, crop, shape, strict=True)
    ]
    return (first[0], first[1], first[2])


class CtCrops:
    """Cuts crops, and whatever else is made of a CT, out of files; keeps what it made.

    Parameters
    ----------
    paths : mapping of str to path
        Where each series lies.
    cache : CropCache or None
        None keeps nothing on disk.
    """

    def __init__(self, paths: Mapping[str, Path], cache: CropCache | None = None) -> None:
        self._paths = paths
        self._cache = cache
        # Samples of a series mostly follow one another; a chest takes 0.1 GB and more.
        self._read = lru_cache(maxsize=1)(self._read_volume)

    def __call__(self, sample: Sample, crop: Crop) -> NDArray[np.int16]:
        """Return the voxels around a sample, int16 (slices, rows, columns), not clamped."""

        def cut() -> NDArray[np.int16]:
            volume = self.volume(sample.series_uid)
            index = volume.geometry.to_index(sample.center_mm, "exact")
            try:
                start = crop_start(index, crop, volume.shape)
            except BadVolume as error:
                raise BadVolume(f"{self._path(sample.series_uid)}: {error}") from error
            box = tuple(slice(s, s + size) for s, size in zip(start, crop, strict=True))
            return volume.hu[box].copy()

        return self.kept(sample.series_uid, ("crop", sample.center_mm, crop), cut)

    @property
    def keeps(self) -> bool:
        """Whether what was made is kept, so that it pays to make it in the order of series."""
        return self._cache is not None

    def kept(
        self,
        series_uid: str,
        what: tuple[object, ...],
        make: Callable[[], NDArray[np.int16]],
    ) -> NDArray[np.int16]:
        """Return what was made of a series before, or make it.

        The file's size and time are part of the key: a CT that was changed is read again.
        """
        if self._cache is None:
            return make()
        path = self._path(series_uid)
        status = path.stat()
        return self._cache.get((series_uid, status.st_size, status.st_mtime_ns, *what), make)

    def volume(self, series_uid: str) -> CtVolume:
        """Return a whole CT."""
        return self._read(series_uid)

    def _read_volume(self, series_uid: str) -> CtVolume:
        return read_ct(self._path(series_uid))

    def _path(self, series_uid: str) -> Path:
        if series_uid not in self._paths:
            raise InvalidArgument(f"series {series_uid}: no CT of it was given")
        return self._paths[series_uid]
