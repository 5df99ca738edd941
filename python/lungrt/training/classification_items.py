"""Crops with their labels, as tensors."""

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
from lungrt.training.settings import Settings
from lungrt.training.task_names import CLASSES

Item = tuple[Tensor, Tensor, Tensor]

LOWEST_HU, HIGHEST_HU = -1000, 1000

# Ratings run from 1 to 5; networks like numbers around 0.
_TRAIT_MIDDLE, _TRAIT_REACH = 3.0, 2.0


def target_of(sample: Sample, task: str, *, soft: bool) -> list[float]:
    """Return the probability of each class of a task, as it is learnt.

    Malignancy takes non-nodules for benign. Soft targets share a nodule between benign and
    malignant as its readers did.

    Raises
    ------
    InvalidArgument
        The sample says nothing to the task.
    """
    kind = kind_of(sample, task)
    if kind is None:
        raise InvalidArgument(
            f"the nodule at {sample.center_mm} of {sample.series_uid} is neither benign nor "
            f"malignant, so {task} learns nothing from it"
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
            (sample.traits.get(t, float("nan")) - _TRAIT_MIDDLE) / _TRAIT_REACH for t in TRAITS
        ]
        return hu[None], torch.tensor(target), torch.tensor(traits)


class TrainingCrops(_Crops):
    """Draws by turns from the classes; another order each epoch.

    Items are (hu [1, slices, rows, columns], target [classes], traits [traits]), float32; HU
    clamped, traits NaN where unknown.
    """

    def __init__(self, data: DataSet, draws: Balanced, settings: Settings) -> None:
        super().__init__(data, settings)
        self._draws = draws
        self._shuffled = draws
        self._prepared: set[Sample] = set()

    def begin(self, epoch: int) -> None:
        """Shuffle for an epoch; the order depends on the seed and the epoch alone."""
        self._shuffled = self._draws.shuffled(random.Random(f"{self._settings.seed}:{epoch}"))
        self._prepare()

    def _prepare(self) -> None:
        """Cut the epoch's new crops series by series: a CT is read once, not once a crop."""
        cts = self._data.load_crop
        if isinstance(cts, CtCrops) and cts.keeps:
            new = {self._shuffled.draw(number) for number in range(len(self))} - self._prepared
            for sample in sorted(new, key=lambda s: (s.series_uid, s.center_mm)):
                cts(sample, self._settings.crop)
            self._prepared |= new

    def __len__(self) -> int:
        return self._settings.draws

    def __getitem__(self, number: int) -> Item:
        return self._item(self._shuffled.draw(number))


class ValidationCrops(_Crops):
    """Every sample once, with hard labels.

    Of malignancy nodules alone.
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
