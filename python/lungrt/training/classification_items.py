"""Crops with their labels, as tensors for training and validation."""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset

from lungrt.errors import InvalidArgument
from lungrt.training.data.balance import Balanced, kind_of
from lungrt.training.data.samples import TRAITS, DataSet, Sample
from lungrt.training.data.volumes import CtCrops
from lungrt.training.settings import CLASSES, Settings

Item = tuple[Tensor, Tensor, Tensor]

LOWEST_HU, HIGHEST_HU = -1000, 1000

# Ratings from 1 to 5 are scaled to -1 to 1.
_TRAIT_MIDDLE, _TRAIT_HALF_RANGE = 3.0, 2.0


def target_of(sample: Sample, task: str, *, soft: bool) -> list[float]:
    """Return the target of a sample: the probability of each class of a task.

    For the task malignancy, non-nodules count as benign. A soft target divides a nodule between
    benign and malignant by the ratings of its readers.

    Raises
    ------
    InvalidArgument
        The sample has no class in the task.
    """
    kind = kind_of(sample, task)
    if kind is None:
        raise InvalidArgument(
            f"the nodule at {sample.center_mm} of {sample.series_uid} is neither benign nor "
            f"malignant, so it cannot be used to train {task}"
        )
    classes = CLASSES[task]
    if kind == "non-nodule":
        kind = classes[0]
    elif soft:
        share = sample.soft_malignancy or 0.0
        return [{"benign": 1 - share, "malignant": share}.get(name, 0.0) for name in classes]
    return [float(name == kind) for name in classes]


class _Crops(Dataset[Item]):
    def __init__(self, data: DataSet, settings: Settings) -> None:
        self._data = data
        self._settings = settings

    def _item(self, sample: Sample) -> Item:
        settings = self._settings
        crop = self._data.load_crop(sample, settings.crop)
        hu = torch.from_numpy(crop).to(torch.float32).clamp(LOWEST_HU, HIGHEST_HU)
        target = target_of(sample, settings.task, soft=settings.soft_labels)
        traits = [
            (sample.traits.get(t, float("nan")) - _TRAIT_MIDDLE) / _TRAIT_HALF_RANGE for t in TRAITS
        ]
        return hu[None], torch.tensor(target), torch.tensor(traits)


class TrainingCrops(_Crops):
    """Training crops that take turns between the classes, in another order in each epoch.

    Items are (hu [1, slices, rows, columns], target [classes], traits [traits]), float32. HU are
    clamped; unknown traits are NaN.
    """

    def __init__(self, data: DataSet, samples: Balanced, settings: Settings) -> None:
        super().__init__(data, settings)
        self._balanced = samples
        self._shuffled = samples
        self._prepared: set[Sample] = set()

    def begin(self, epoch: int) -> None:
        """Shuffle for an epoch; the order depends only on the seed and the epoch."""
        self._shuffled = self._balanced.shuffled(random.Random(f"{self._settings.seed}:{epoch}"))
        self._prepare()

    def _prepare(self) -> None:
        """Cache the new crops of an epoch by series, so that each CT is read only once."""
        cts = self._data.load_crop
        if isinstance(cts, CtCrops) and cts.has_cache:
            new = {self._shuffled.sample_at(number) for number in range(len(self))} - self._prepared
            for sample in sorted(new, key=lambda s: (s.series_uid, s.center_mm)):
                cts(sample, self._settings.crop)
            self._prepared |= new

    def __len__(self) -> int:
        return self._settings.samples_per_epoch

    def __getitem__(self, number: int) -> Item:
        return self._item(self._shuffled.sample_at(number))


class ValidationCrops(_Crops):
    """Validation crops: every sample once, with hard labels.

    For the task malignancy, they are nodules only.
    """

    def __init__(self, data: DataSet, samples: Sequence[Sample], settings: Settings) -> None:
        super().__init__(data, settings)
        task = settings.task
        self.samples = [
            s
            for s in samples
            if kind_of(s, task) is not None and (s.is_nodule or task != "malignancy")
        ]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, number: int) -> Item:
        hu, _, traits = self._item(self.samples[number])
        target = target_of(self.samples[number], self._settings.task, soft=False)
        return hu, torch.tensor(target), traits
