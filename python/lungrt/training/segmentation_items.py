"""Slices with context and their masks, as tensors for training and validation."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from lungrt.errors import InvalidArgument
from lungrt.training.classification_items import HIGHEST_HU, LOWEST_HU
from lungrt.training.data.samples import DataSet, Sample
from lungrt.training.data.slices import AnnotatedSlices
from lungrt.training.settings import Settings

Item = tuple[Tensor, Tensor]
_Choice = tuple[Sample, int]  # sample, and offset in slices from its middle


class TrainingPatches(Dataset[Item]):
    """Random patches around each nodule in turn, and a share of them around non-nodules.

    Items are (hu [2 * context + 1, patch, patch], mask [1, patch, patch]), float32. HU are clamped.

    Raises
    ------
    InvalidArgument
        There are no nodules, or the data has no CTs.
    """

    def __init__(self, data: DataSet, samples: Sequence[Sample], settings: Settings) -> None:
        self._nodules = [sample for sample in samples if sample.is_nodule]
        if not self._nodules:
            raise InvalidArgument(
                "there is nothing to train segmentation on: the training samples have no nodule"
            )
        self._slices = AnnotatedSlices(data, settings.context, settings.mask_margin)
        self._settings = settings
        self._others = [sample for sample in samples if not sample.is_nodule]
        if settings.background and not self._others:
            raise InvalidArgument(
                f"a background share of {settings.background:g} needs non-nodules, but the "
                "training samples have none; set background to 0"
            )
        self._order, self._background = self._nodules, self._others
        self._epoch = 0
        self._prepared: set[_Choice] = set()

    def begin(self, epoch: int) -> None:
        """Shuffle for an epoch; the patches depend only on the seed and the epoch."""
        self._epoch = epoch
        generator = random.Random(f"{self._settings.seed}:{epoch}")
        self._order = generator.sample(self._nodules, len(self._nodules))
        self._background = generator.sample(self._others, len(self._others))
        self._prepare()

    def _prepare(self) -> None:
        """Cache the new windows of an epoch by series, so that each CT is read only once."""
        if self._slices.has_cache:
            new = {self._choose(number) for number in range(len(self))} - self._prepared
            for sample, off_center in sorted(new, key=_place):
                self._slices.around(sample, self._settings.window, off_center)
            self._prepared |= new

    def _choose(self, number: int) -> _Choice:
        # Background patches are spread evenly among the others.
        before, with_this = (int(n * self._settings.background) for n in (number, number + 1))
        if with_this > before:
            return self._background[before % len(self._background)], 0
        most = self._settings.off_center
        off_center = self._generator(number, "slice").randint(-most, most)
        return self._order[(number - before) % len(self._order)], off_center

    def _generator(self, number: int, *what: str) -> random.Random:
        # A generator for each item, so that the result does not depend on the number of workers.
        return random.Random(":".join(map(str, (self._settings.seed, self._epoch, number, *what))))

    def __len__(self) -> int:
        return self._settings.samples_per_epoch

    def __getitem__(self, number: int) -> Item:
        settings = self._settings
        sample, off_center = self._choose(number)
        hu, mask = self._slices.around(sample, settings.window, off_center)
        generator = self._generator(number)
        top, left = (generator.randint(0, settings.window - settings.patch) for _ in range(2))
        box = (slice(top, top + settings.patch), slice(left, left + settings.patch))
        return _item(hu[(slice(None), *box)], mask[box])


def _place(choice: _Choice) -> tuple[object, ...]:
    sample, off_center = choice
    return sample.series_uid, sample.center_mm, off_center


class ValidationSlices(Dataset[Item]):
    """All whole slices that have a marked voxel; masks are as for `TrainingPatches`."""

    def __init__(self, data: DataSet, samples: Sequence[Sample], settings: Settings) -> None:
        self._slices = AnnotatedSlices(data, settings.context, settings.mask_margin)
        series = sorted({sample.series_uid for sample in samples})
        self.places = self._slices.marked_slices(series)

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, number: int) -> Item:
        return _item(*self._slices.whole(*self.places[number]))


def _item(hu: NDArray[np.int16], mask: NDArray[np.bool_]) -> Item:
    clamped = torch.from_numpy(np.ascontiguousarray(hu)).to(torch.float32)
    marked = torch.from_numpy(np.ascontiguousarray(mask)).to(torch.float32)
    return clamped.clamp(LOWEST_HU, HIGHEST_HU), marked[None]
