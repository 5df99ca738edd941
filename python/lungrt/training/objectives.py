"""Objectives of the tasks: preparation of batches, loss, and scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lungrt.models.unet import SegmentationUNet
from lungrt.training.augment import Augmentation, mix_up
from lungrt.training.classification_items import TrainingCrops, ValidationCrops
from lungrt.training.data.balance import balanced
from lungrt.training.data.samples import DataSet, Sample
from lungrt.training.losses import classification_loss, segmentation_loss, trait_loss
from lungrt.training.networks import TraitHead
from lungrt.training.scores import (
    THRESHOLD,
    Predictions,
    Scores,
    classification_scores,
    segmentation_scores,
)
from lungrt.training.segmentation_items import TrainingPatches, ValidationSlices
from lungrt.training.settings import CLASSES, Settings


class TrainingItems(Protocol):
    """Training data with a fixed number of samples per epoch, chosen again for each epoch."""

    def begin(self, epoch: int) -> None:
        """Choose the samples of an epoch."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> Any: ...


class ValidationItems(Protocol):
    """Validation data, all of which is evaluated."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> Any: ...


@dataclass(frozen=True, eq=False)
class Outcome:
    """Result of a batch: its losses and what the scores need, on the CPU, without gradients."""

    losses: Tensor
    kept: tuple[Tensor, ...]


class Objective(Protocol):
    """Interface of a task to the training session."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Messages to the user about the choice of samples."""

    @property
    def training(self) -> TrainingItems:
        """Items to train on."""

    @property
    def validation(self) -> ValidationItems:
        """Items to validate on."""

    @property
    def validation_batch(self) -> int:
        """Batch size of the validation."""

    def learn(
        self, network: nn.Module, batch: Any, generator: torch.Generator
    ) -> tuple[Tensor, Outcome]:
        """Augment a batch, run it, and return the mean loss to minimise."""

    def evaluate(self, network: nn.Module, batch: Any) -> Outcome:
        """Run a batch without augmentation."""

    def scores(self, outcomes: Sequence[Outcome]) -> tuple[Scores, Predictions | None]:
        """Compute the scores of an epoch."""


class Classification:
    """Classification of crops by cross-entropy, optionally with the readers' other ratings."""

    def __init__(
        self,
        data: DataSet,
        training: Sequence[Sample],
        validation: Sequence[Sample],
        settings: Settings,
        traits: TraitHead | None,
    ) -> None:
        samples = balanced(training, settings.task)
        self.notes = samples.notes
        self.training = TrainingCrops(data, samples, settings)
        self.validation = ValidationCrops(data, validation, settings)
        self.validation_batch = settings.batch
        self._settings = settings
        self._traits = traits
        self._augment = Augmentation.of(settings)

    def learn(
        self, network: nn.Module, batch: Any, generator: torch.Generator
    ) -> tuple[Tensor, Outcome]:
        """See `Objective.learn`."""
        hu, target, traits = batch
        hu, _ = self._augment(hu, None, generator)
        mixed = target
        if self._settings.mixup:
            hu, mixed = mix_up(hu, target, alpha=self._settings.mixup)
        logits, probabilities = network(hu)
        losses = classification_loss(logits.float(), mixed)
        outcome = _outcome(losses, probabilities, target)
        if self._traits is not None:
            losses = losses + self._settings.trait_weight * trait_loss(self._traits(), traits)
        return losses.mean(), outcome

    def evaluate(self, network: nn.Module, batch: Any) -> Outcome:
        """See `Objective.evaluate`."""
        hu, target, _ = batch
        logits, probabilities = network(hu)
        losses = classification_loss(logits.float(), target)
        return _outcome(losses, probabilities, target)

    def scores(self, outcomes: Sequence[Outcome]) -> tuple[Scores, Predictions | None]:
        """See `Objective.scores`."""
        probabilities, labels = (
            torch.cat([outcome.kept[i] for outcome in outcomes]).numpy() for i in range(2)
        )
        losses = torch.cat([outcome.losses for outcome in outcomes]).numpy()
        predictions = Predictions(probabilities, labels, losses, CLASSES[self._settings.task])
        return classification_scores(predictions), predictions


class Segmentation:
    """Segmentation of random patches by a weighted Dice loss, validated on whole slices."""

    def __init__(
        self,
        data: DataSet,
        training: Sequence[Sample],
        validation: Sequence[Sample],
        settings: Settings,
    ) -> None:
        self.notes: tuple[str, ...] = ()
        self.training = TrainingPatches(data, training, settings)
        self.validation = ValidationSlices(data, validation, settings)
        self.validation_batch = 1  # since CTs differ in rows and columns
        self._settings = settings
        self._augment = Augmentation.of(settings)

    def learn(
        self, network: nn.Module, batch: Any, generator: torch.Generator
    ) -> tuple[Tensor, Outcome]:
        """See `Objective.learn`."""
        hu, mask = self._augment(batch[0], batch[1], generator)
        assert mask is not None
        losses, outcome = self._run(network, hu, mask)
        return losses.mean(), outcome

    def evaluate(self, network: nn.Module, batch: Any) -> Outcome:
        """See `Objective.evaluate`."""
        return self._run(network, *batch)[1]

    def _run(self, network: nn.Module, hu: Tensor, mask: Tensor) -> tuple[Tensor, Outcome]:
        probability = probabilities_of_any_size(network, hu).float()
        losses = segmentation_loss(
            probability,
            mask,
            false_negative_weight=self._settings.false_negative_weight,
            cross_entropy_weight=self._settings.cross_entropy_weight,
        )
        found, wanted = probability.detach() > THRESHOLD, mask > THRESHOLD
        counts = torch.stack(
            [(found & wanted).sum(), (found & ~wanted).sum(), (~found & wanted).sum()]
        )
        return losses, Outcome(losses.detach().float().cpu(), (counts.cpu(),))

    def scores(self, outcomes: Sequence[Outcome]) -> tuple[Scores, Predictions | None]:
        """See `Objective.scores`."""
        tp, fp, fn = torch.stack([outcome.kept[0] for outcome in outcomes]).sum(dim=0).tolist()
        losses = torch.cat([outcome.losses for outcome in outcomes]).tolist()
        return segmentation_scores(losses, tp, fp, fn), None


def probabilities_of_any_size(network: nn.Module, hu: Tensor) -> Tensor:
    """Run a U-Net on images of any size, whose edges are repeated to a size that it accepts.

    Parameters
    ----------
    network : SegmentationUNet
    hu : torch.Tensor
        Float [N, slices, H, W]; clamped Hounsfield units.

    Returns
    -------
    torch.Tensor
        Float [N, 1, H, W]; probabilities.
    """
    assert isinstance(network, SegmentationUNet)
    multiple, halo = network.options.size_multiple, network.options.halo
    rows, columns = hu.shape[2:]
    padding = (halo, halo + -columns % multiple, halo, halo + -rows % multiple)
    if any(padding):
        hu = F.pad(hu, padding, mode="replicate")
    out: Tensor = network(hu)[:, :, :rows, :columns]
    return out


def _outcome(losses: Tensor, probabilities: Tensor, target: Tensor) -> Outcome:
    kept = (probabilities.detach().float().cpu(), target.argmax(dim=1).cpu())
    return Outcome(losses.detach().float().cpu(), kept)
