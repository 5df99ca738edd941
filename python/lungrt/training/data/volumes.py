"""Crops from CTs on disk, with an optional cache."""

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
    """Return the first voxel of a crop around a voxel, as in the pipeline.

    The crop starts at the centre minus half its size, rounded half to even, and is moved inwards if
    it would extend beyond the volume.

    Raises
    ------
    BadVolume
        The volume is smaller than the crop.
    """
    if any(size > available for size, available in zip(crop, shape, strict=True)):
        raise BadVolume(
            f"the CT has {list(shape)} voxels (slices, rows, columns) and is smaller than a crop "
            f"of {list(crop)}; expected a CT of the whole chest"
        )
    first = [
        min(max(round(center - size / 2), 0), available - size)
        for center, size, available in zip(index, crop, shape, strict=True)
    ]
    return (first[0], first[1], first[2])


class CtCrops:
    """Crops from CT files, and a cache for them and for other arrays computed from a CT.

    Parameters
    ----------
    paths : mapping of str to path
        CT of each series.
    cache : CropCache or None
        Cache on disk; None for no cache.
    """

    def __init__(self, paths: Mapping[str, Path], cache: CropCache | None = None) -> None:
        self._paths = paths
        self._cache = cache
        # One CT only: samples of a series mostly follow one another, and a CT takes 0.1 GB or more.
        self._read = lru_cache(maxsize=1)(self._read_volume)

    def __call__(self, sample: Sample, crop: Crop) -> NDArray[np.int16]:
        """Return the int16 Hounsfield units [slices, rows, columns] around a sample, unclamped."""

        def cut() -> NDArray[np.int16]:
            volume = self.volume(sample.series_uid)
            index = volume.geometry.to_index(sample.center_mm, "exact")
            try:
                start = crop_start(index, crop, volume.shape)
            except BadVolume as error:
                raise BadVolume(f"{self._path(sample.series_uid)}: {error}") from error
            box = tuple(slice(s, s + size) for s, size in zip(start, crop, strict=True))
            return volume.hu[box].copy()

        return self.cached(sample.series_uid, ("crop", sample.center_mm, crop), cut)

    @property
    def has_cache(self) -> bool:
        """Whether there is a cache, so that it pays to compute crops in the order of series."""
        return self._cache is not None

    def cached(
        self,
        series_uid: str,
        what: tuple[object, ...],
        make: Callable[[], NDArray[np.int16]],
    ) -> NDArray[np.int16]:
        """Return an array from the cache, or compute it with `make`.

        The size and the time of the CT's file are part of the key, so that a changed CT is read
        again.
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
            raise InvalidArgument(f"series {series_uid}: the data has no CT of this series")
        return self._paths[series_uid]
