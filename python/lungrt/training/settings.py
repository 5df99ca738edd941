"""Every number of a training, with the book's as default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, get_args

from lungrt.errors import InvalidArgument
from lungrt.training.task_names import CLASSIFIERS, TASKS, Task

__all__ = ["Settings", "default_settings"]

_OPTIMIZERS = ("sgd", "adam", "adamw")
_AVERAGES = ("none", "ema", "swa")
_BEST_BY = ("auc", "recall", "f1", "loss")


@dataclass(frozen=True)
class Settings:
    """How a network is trained.

    Attributes
    ----------
    task : {"segmentation", "nodule", "malignancy", "three-class"}
    epochs : int
    draws : int
        Items an epoch, drawn by turns from the classes.
    batch : int
    optimizer : {"sgd", "adam", "adamw"}
    lr, momentum, weight_decay : float
        Momentum is of SGD alone.
    seed : int
        Of first weights, order of items and augmentation.
    validate_every : int
        Epochs between validations; the last epoch is always validated.
    patience : int
        Stop after so many validations without a better one; 0 never stops early.
    best_by : {"auc", "recall", "f1", "loss"}
        What makes an epoch the best one.
    amp : bool
        Mixed precision: float16 on CUDA, bfloat16 on the CPU.
    workers : int
        Processes that load items; what is drawn does not depend on it.
    finetune_depth : int
        Blocks that are trained when fine-tuning, counted from the last.
    unfreeze_every : int
        Begin with one block and add the next after so many epochs, until `finetune_depth` are
        trained; 0 trains all of them at once.
    lr_decay_by_depth : float
        Learning rate of a block relative to the one after it.
    flip, rotate, noise_hu, offset, scale, elastic
        Augmentation; `offset` and `scale` are shares of the crop, `elastic` is the largest
        displacement, too, and 0 turns each off. Gaussian noise is in Hounsfield units.
    book_augmentation : bool
        One transform a batch and no shift, as the book's code does it.
    dropout : float
        Before the last layer, while training.
    label_smoothing, mixup : float
        Smoothing of targets; alpha of mixup's beta distribution, 0 for none.
    average : {"none", "ema", "swa"}
        Weights that are validated and saved: the trained ones, their moving average, or their
        mean over epochs.
    ema_decay : float
    swa_start : float
        Share of the epochs after which the mean begins.
    soft_labels : bool
        Learn the share of readers who saw malignancy instead of yes or no.
    trait_weight : float
        Weight of the loss of the readers' other ratings, learnt beside the class; 0 for none.
    false_negative_weight : float
        Segmentation: weight of the part of the Dice loss that misses count in alone.
    cross_entropy_weight : float
        Segmentation: weight of the pixels' cross-entropy, which the book has none of.
    background : float
        Segmentation: share of the draws around non-nodules, which the book has none of.
    mask_margin : int
        Segmentation: voxels by which masks are widened along each axis. The pipeline erodes by one
        what the network marks: without a margin it loses what is thinner than three slices.
    off_center : int
        Segmentation: slices that a draw around a nodule may lie off its middle; the book's draws
        are of the middle one alone.
    widths : tuple of int or None
        Channels of each level or block of a new network; None for the book's.
    crop : tuple of int
        Classifiers: (slices, rows, columns) in voxels.
    context : int
        Segmentation: slices on each side.
    patch, window : int
        Segmentation: side of the random crop that is trained on, and of the square that it is
        taken from, in pixels.

    Raises
    ------
    InvalidArgument
        A value is out of range or contradicts another one.
    """

    task: Task
    epochs: int = 10
    draws: int = 100_000
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
    lr_decay_by_depth: float = 1.0
    flip: bool = True
    rotate: bool = True
    offset: float = 0.1
    scale: float = 0.0
    noise_hu: float = 0.0
    elastic: float = 0.0
    book_augmentation: bool = False
    dropout: float = 0.0
    label_smoothing: float = 0.0
    mixup: float = 0.0
    average: str = "none"
    ema_decay: float = 0.99
    swa_start: float = 0.75
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
        for name in ("epochs", "draws", "batch", "validate_every", "finetune_depth", "patch"):
            self._require(name, getattr(self, name) >= 1, "at least 1")
        for name in (
            "momentum", "weight_decay", "patience", "workers", "unfreeze_every", "offset",
            "noise_hu", "elastic", "mixup", "trait_weight", "false_negative_weight", "context",
            "seed", "mask_margin", "off_center", "cross_entropy_weight",
        ):  # fmt: skip
            self._require(name, getattr(self, name) >= 0, "at least 0")
        for name in (
            "scale", "dropout", "label_smoothing", "ema_decay", "swa_start", "background",
        ):  # fmt: skip
            self._require(name, 0 <= getattr(self, name) < 1, "at least 0 and below 1")
        self._require("lr", self.lr > 0, "above 0")
        self._require("lr_decay_by_depth", 0 < self.lr_decay_by_depth <= 1, "above 0, at most 1")
        self._require("window", self.window >= self.patch, f"at least the patch of {self.patch}")
        self._require_for_task()

    def _require_for_task(self) -> None:
        segments = self.task == "segmentation"
        wrong = {
            "best_by auc": segments and self.best_by == "auc",
            "mixup": segments and self.mixup,
            "label_smoothing": segments and self.label_smoothing,
            "soft_labels": self.soft_labels and self.task not in ("malignancy", "three-class"),
            "trait_weight": segments and self.trait_weight,
            "background": self.background and not segments,
            "cross_entropy_weight": self.cross_entropy_weight and not segments,
            "mask_margin": self.mask_margin and not segments,
            "off_center": self.off_center and not segments,
        }
        if names := [name for name, is_wrong in wrong.items() if is_wrong]:
            raise InvalidArgument(f"{self.task} is not trained with {' and '.join(names)}")

    def _require(self, name: str, holds: bool, what: str) -> None:
        if not holds:
            raise InvalidArgument(f"{name}: expected {what}, got {getattr(self, name)!r}")

    def to_json(self) -> dict[str, Any]:
        """Return every setting as JSON can hold it."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }


def default_settings(
    task: str, *, finetune_depth: int | None = None, given: Mapping[str, Any] | None = None
) -> Settings:
    """Return the book's settings of a task with some of them replaced.

    Parameters
    ----------
    task : str
        One of `lungrt.training.task_names.TASKS`.
    finetune_depth : int, optional
        When fine-tuning; 40 epochs for the last block alone, 10 for more.
    given : mapping of str to object, optional
        Settings that go before the book's; values of None do not count.

    Raises
    ------
    InvalidArgument
        See `Settings`; or a name is none of a setting.
    """
    if task not in TASKS:
        raise InvalidArgument(f"task: expected one of {list(get_args(Task))}, got {task!r}")
    chosen = {name: value for name, value in (given or {}).items() if value is not None}
    if unknown := sorted(set(chosen) - {f.name for f in fields(Settings)}):
        raise InvalidArgument(f"settings {unknown} do not exist")
    if task == "segmentation":
        base = Settings(
            "segmentation",
            epochs=20,
            draws=300_000,
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
        base = Settings(CLASSIFIERS[task], epochs=40 if task == "malignancy" else 10)
    if finetune_depth is not None:
        base = replace(
            base,
            epochs=40 if finetune_depth == 1 else 10,
            lr=0.003 if task != "segmentation" else base.lr,
            finetune_depth=finetune_depth,
        )
    return replace(base, **chosen)
