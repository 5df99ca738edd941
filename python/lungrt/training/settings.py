"""Settings of a training, with the book's values as defaults."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from lungrt.errors import InvalidArgument

__all__ = ["CLASSES", "TASKS", "Settings", "Task", "default_settings", "setting_descriptions"]

Task = Literal["segmentation", "nodule", "malignancy", "three-class"]

TASKS: tuple[Task, ...] = get_args(Task)

# Names of the classes of each task, in the order of the network's outputs.
CLASSES: dict[str, tuple[str, ...]] = {
    "segmentation": ("background", "nodule"),
    "nodule": ("non-nodule", "nodule"),
    "malignancy": ("benign", "malignant"),
    "three-class": ("non-nodule", "benign", "malignant"),
}

# Tasks of the 3-D classifier by name, typed.
_CLASSIFIERS: dict[str, Task] = {task: task for task in TASKS if task != "segmentation"}

_OPTIMIZERS = ("sgd", "adam", "adamw")
_AVERAGES = ("none", "ema", "swa")
_BEST_BY = ("auc", "recall", "f1", "loss")


@dataclass(frozen=True)
class Settings:
    """Settings of a training.

    Attributes
    ----------
    task : {"segmentation", "nodule", "malignancy", "three-class"}
        Task of the network.
    epochs : int
        Number of epochs.
    samples_per_epoch : int
        Number of samples that an epoch trains on; the classes take turns.
    batch : int
        Number of samples in a batch.
    optimizer : {"sgd", "adam", "adamw"}
        Optimizer: sgd, adam or adamw.
    lr : float
        Learning rate of the optimizer.
    momentum : float
        Momentum of the optimizer sgd.
    weight_decay : float
        Weight decay of the optimizer.
    seed : int
        Random seed of the first weights, the order of samples and the augmentation.
    validate_every : int
        Number of epochs between validations; the last epoch is always validated.
    patience : int
        Stop after this number of validations without a better score; 0 never stops early.
    best_by : {"auc", "recall", "f1", "loss"}
        Validation score that selects the best epoch: auc, recall, f1 or loss.
    amp : bool
        Train in mixed precision: float16 on CUDA, bfloat16 on the CPU.
    workers : int
        Number of processes that load samples, which does not change the result; 0 loads them in the
        main process.
    finetune_depth : int
        Number of blocks to train when fine-tuning, counted from the last.
    unfreeze_every : int
        Number of epochs after which another block is added to those that are trained, from only
        the last block up to `finetune_depth`; 0 trains all of them from the start.
    flip : bool
        Mirror samples at random along each axis.
    rotate : bool
        Rotate samples at random within the slice.
    offset : float
        Largest random shift, as a share of half the crop's size.
    scale : float
        Largest random change of size, as a share.
    noise_hu : float
        Standard deviation of Gaussian noise in Hounsfield units.
    dropout : float
        Dropout probability before the last layer.
    mixup : float
        Parameter alpha of mixup's beta distribution; 0 is without mixup.
    average : {"none", "ema", "swa"}
        Weights to validate and save: none (the trained ones), ema (their exponential moving average
        over steps) or swa (their mean over the last quarter of the epochs).
    soft_labels : bool
        Use the share of readers who rated a nodule as malignant as the target, instead of 0 or 1.
    trait_weight : float
        Weight of the loss of the readers' other ratings, which the network then also learns to
        predict.
    false_negative_weight : float
        Segmentation: weight of the part of the Dice loss that counts only missed pixels.
    cross_entropy_weight : float
        Segmentation: weight of the pixels' cross-entropy.
    background : float
        Segmentation: share of the samples that are non-nodules.
    mask_margin : int
        Segmentation: number of voxels by which masks are widened along each axis. The pipeline
        erodes the network's mask by one voxel, so that without a margin it loses nodules thinner
        than three slices.
    off_center : int
        Segmentation: largest offset, in slices, of a training slice from a nodule's middle; 0 takes
        the middle slice only.
    widths : tuple of int or None
        Channels of each level or block of a new network, separated by commas; the book's are
        16,32,64 for a segmentation and 8,16,32,64 for a classifier.
    crop : tuple of int
        Classifiers: size of the crop in voxels as slices,rows,columns.
    context : int
        Segmentation: number of context slices on each side.
    patch : int
        Segmentation: side of the random patch to train on, in pixels.
    window : int
        Segmentation: side of the window around a nodule from which the patch is taken, in pixels.

    Raises
    ------
    InvalidArgument
        A value is out of range or contradicts another one.
    """

    task: Task
    epochs: int = 10
    samples_per_epoch: int = 100_000
    batch: int = 24
    optimizer: str = "sgd"
    lr: float = 0.001
    momentum: float = 0.0
    weight_decay: float = 1e-4
    seed: int = 0
    validate_every: int = 1
    patience: int = 0
    best_by: str = "auc"
    amp: bool = False
    workers: int = 0
    finetune_depth: int = 1
    unfreeze_every: int = 0
    flip: bool = True
    rotate: bool = True
    offset: float = 0.1
    scale: float = 0.0
    noise_hu: float = 0.0
    dropout: float = 0.0
    mixup: float = 0.0
    average: str = "none"
    soft_labels: bool = False
    trait_weight: float = 0.0
    false_negative_weight: float = 8.0
    cross_entropy_weight: float = 0.0
    background: float = 0.0
    mask_margin: int = 0
    off_center: int = 0
    widths: tuple[int, ...] | None = None
    crop: tuple[int, int, int] = (32, 48, 48)
    context: int = 3
    patch: int = 64
    window: int = 96

    def __post_init__(self) -> None:
        for name, choices in (
            ("task", TASKS),
            ("optimizer", _OPTIMIZERS),
            ("average", _AVERAGES),
            ("best_by", _BEST_BY),
        ):
            if getattr(self, name) not in choices:
                raise InvalidArgument(
                    f"{name}: expected one of {list(choices)}, got {getattr(self, name)!r}"
                )
        for name in (
            "epochs", "samples_per_epoch", "batch", "validate_every", "finetune_depth", "patch",
        ):  # fmt: skip
            self._require(name, getattr(self, name) >= 1, "at least 1")
        for name in (
            "momentum", "weight_decay", "patience", "workers", "unfreeze_every", "offset",
            "noise_hu", "mixup", "trait_weight", "false_negative_weight", "context",
            "seed", "mask_margin", "off_center", "cross_entropy_weight",
        ):  # fmt: skip
            self._require(name, getattr(self, name) >= 0, "at least 0")
        for name in ("scale", "dropout", "background"):
            self._require(name, 0 <= getattr(self, name) < 1, "at least 0 and below 1")
        self._require("lr", self.lr > 0, "a number above 0")
        self._require("window", self.window >= self.patch, f"at least the patch ({self.patch})")
        self._require_for_task()

    def _require_for_task(self) -> None:
        segments = self.task == "segmentation"
        wrong = {
            "best_by auc": segments and self.best_by == "auc",
            "mixup": segments and self.mixup,
            "soft_labels": self.soft_labels and self.task not in ("malignancy", "three-class"),
            "trait_weight": segments and self.trait_weight,
            "background": self.background and not segments,
            "cross_entropy_weight": self.cross_entropy_weight and not segments,
            "mask_margin": self.mask_margin and not segments,
            "off_center": self.off_center and not segments,
        }
        if names := [name for name, is_wrong in wrong.items() if is_wrong]:
            raise InvalidArgument(
                f"these settings cannot be used for the task {self.task}: {', '.join(names)}"
            )

    def _require(self, name: str, holds: bool, what: str) -> None:
        if not holds:
            raise InvalidArgument(f"{name}: expected {what}, got {getattr(self, name)!r}")

    def to_json(self) -> dict[str, Any]:
        """Return all settings as JSON values."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }


def default_settings(
    task: str, *, finetune_depth: int | None = None, given: Mapping[str, Any] | None = None
) -> Settings:
    """Return the book's settings for a task, with some of them replaced.

    Parameters
    ----------
    task : str
        One of `lungrt.training.settings.TASKS`.
    finetune_depth : int, optional
        Number of blocks to fine-tune. The default number of epochs is then 40 for the last block
        alone, and 10 for more blocks.
    given : mapping of str to object, optional
        Settings that replace the book's; values of None are ignored.

    Raises
    ------
    InvalidArgument
        A setting does not exist, is out of range or contradicts another one.
    """
    if task not in TASKS:
        raise InvalidArgument(f"task: expected one of {list(get_args(Task))}, got {task!r}")
    chosen = {name: value for name, value in (given or {}).items() if value is not None}
    if unknown := sorted(set(chosen) - {f.name for f in fields(Settings)}):
        known = sorted(field.name for field in fields(Settings))
        raise InvalidArgument(f"unknown settings {unknown}; the settings are {known}")
    if task == "segmentation":
        base = Settings(
            "segmentation",
            epochs=20,
            samples_per_epoch=300_000,
            batch=16,
            optimizer="adam",
            weight_decay=0.0,
            validate_every=5,
            best_by="recall",
            offset=0.03,
            scale=0.1,
            noise_hu=25.0,
        )
    else:
        base = Settings(_CLASSIFIERS[task], epochs=40 if task == "malignancy" else 10)
    if finetune_depth is not None:
        base = replace(
            base,
            epochs=40 if finetune_depth == 1 else 10,
            lr=0.003 if task != "segmentation" else base.lr,
            finetune_depth=finetune_depth,
        )
    return replace(base, **chosen)


def setting_descriptions() -> dict[str, str]:
    """Return what each setting is, as the docstring of `Settings` says."""
    attributes = inspect.cleandoc(Settings.__doc__ or "").partition("-\n")[2]
    entries = re.findall(r"(?m)^(\w+) : .*\n((?:    .*\n?)+)", attributes.partition("\n\n")[0])
    return {name: " ".join(text.split()) for name, text in entries}
