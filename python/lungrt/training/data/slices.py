"""Slices with context and their masks, for training a segmentation network."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from lungrt.errors import BadVolume, InvalidArgument
from lungrt.training.data.masks import grow_masks, read_mask, widen
from lungrt.training.data.samples import DataSet, Sample
from lungrt.training.data.volumes import CtCrops, crop_start

Pair = tuple[NDArray[np.int16], NDArray[np.bool_]]


class AnnotatedSlices:
    """Slices with context from the CTs of a data set, with the mask of the middle slice.

    Parameters
    ----------
    data : DataSet
        Data set with CTs, not only with crops.
    context : int
        Context slices on each side.
    margin : int, optional
        Voxels by which masks are widened along each axis.

    Raises
    ------
    InvalidArgument
        The data has no CTs.
    """

    def __init__(self, data: DataSet, context: int, margin: int = 0) -> None:
        if not isinstance(data.load_crop, CtCrops):
            raise InvalidArgument(
                f"training segmentation needs whole CTs, but the {data.name} data has none; use "
                "LUNA16 or a folder of CTs"
            )
        self._cts: CtCrops = data.load_crop
        self._context = context
        self._margin = margin
        self._drawn = data.masks
        self._mask = lru_cache(maxsize=1)(self._make_mask)
        self._nodules: dict[str, list[Sample]] = {}
        for sample in data.samples:
            if sample.is_nodule:
                self._nodules.setdefault(sample.series_uid, []).append(sample)

    @property
    def has_cache(self) -> bool:
        """Whether slices are cached on disk."""
        return self._cts.has_cache

    def around(self, sample: Sample, size: int, off_center: int = 0) -> Pair:
        """Return a square window of slices around a sample, and the mask of the middle slice.

        Parameters
        ----------
        sample : Sample
        size : int
            Side of the window in pixels.
        off_center : int, optional
            Offset of the middle slice from the sample's slice; it is limited to the CT.

        Returns
        -------
        hu : ndarray of int16
            Hounsfield units [2 * context + 1, size, size]; slices beyond the ends repeat the last
            one.
        mask : ndarray of bool
            Mask [size, size] of all nodules.
        """

        def cut() -> NDArray[np.int16]:
            volume = self._cts.volume(sample.series_uid)
            slices, rows, columns = volume.shape
            center = volume.geometry.to_index(sample.center_mm, "exact")
            try:
                _, top, left = crop_start(center, (1, size, size), (slices, rows, columns))
            except BadVolume as error:
                raise BadVolume(f"{sample.series_uid}: {error}") from error
            box = (slice(top, top + size), slice(left, left + size))
            middle = min(max(center[0] + off_center, 0), slices - 1)
            hu = _with_context(volume.hu, middle, self._context)[(slice(None), *box)]
            mask = self._mask(sample.series_uid)[middle][box]
            return np.concatenate([hu, mask[None].astype(np.int16)])

        kept = self._cts.cached(
            sample.series_uid,
            (
                "slices", sample.center_mm, size, self._context, off_center,
                self._key(sample.series_uid),
            ),
            cut,
        )  # fmt: skip
        return kept[:-1], kept[-1] > 0

    def whole(self, series_uid: str, slice_index: int) -> Pair:
        """Return a whole slice with context, and the mask of the slice."""

        def cut() -> NDArray[np.int16]:
            hu = _with_context(self._cts.volume(series_uid).hu, slice_index, self._context)
            mask = self._mask(series_uid)[slice_index]
            return np.concatenate([hu, mask[None].astype(np.int16)])

        kept = self._cts.cached(
            series_uid, ("slice", slice_index, self._context, self._key(series_uid)), cut
        )
        return kept[:-1], kept[-1] > 0

    def marked_slices(self, series_uids: Sequence[str]) -> list[tuple[str, int]]:
        """Return all slices of the given series that have a voxel of a nodule."""

        def count(uid: str) -> NDArray[np.int16]:
            marked = self._mask(uid).any(axis=(1, 2))
            return np.flatnonzero(marked).astype(np.int16)

        places = []
        for uid in series_uids:
            if uid in self._nodules:
                marked = self._cts.cached(uid, ("marked", self._key(uid)), partial(count, uid))
                places += [(uid, int(index)) for index in marked]
        return places

    def _make_mask(self, series_uid: str) -> NDArray[np.bool_]:
        return widen(self._find_mask(series_uid), self._margin)

    def _find_mask(self, series_uid: str) -> NDArray[np.bool_]:
        volume = self._cts.volume(series_uid)
        if (path := self._drawn.get(series_uid)) is not None:
            return read_mask(path, volume)
        centers = [
            volume.geometry.to_index(nodule.center_mm, "exact")
            for nodule in self._nodules.get(series_uid, [])
        ]
        return grow_masks(volume.hu, centers)

    def _key(self, series_uid: str) -> list[object]:
        # A grown mask depends on all nodules of its series, a mask file on its size and time.
        if (path := self._drawn.get(series_uid)) is not None:
            status = path.stat()
            return [self._margin, "drawn", status.st_size, status.st_mtime_ns]
        centers = sorted(list(n.center_mm) for n in self._nodules.get(series_uid, []))
        return [self._margin, *centers]


def _with_context(hu: NDArray[np.int16], middle: int, context: int) -> NDArray[np.int16]:
    wanted = np.arange(middle - context, middle + context + 1)
    chosen: NDArray[np.int16] = hu[wanted.clip(0, len(hu) - 1)]
    return chosen
