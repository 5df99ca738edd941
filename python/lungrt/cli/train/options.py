"""Options of ``lungrt train`` in groups; settings that are not given are those of the book."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from lungrt.cli.options import Device, NoProgress

__all__ = ["DataOptions", "OutputOptions", "SettingOptions"]

_DATA, _TRAINING, _FINETUNING = "Data", "Training", "Fine-tuning"
_AUGMENTATION, _TARGETS, _NETWORK = "Augmentation and regularisation", "Targets", "New networks"


def _option(help_text: str, panel: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, help=help_text, rich_help_panel=panel, show_default=False, **more)


@dataclass(frozen=True)
class DataOptions:
    """Options that select the data."""

    data: Annotated[
        Path,
        _option(
            "Folder of training data: LUNA16 as published, CTs with a nodules.csv, DICOM folders "
            "of the LIDC with their XML files, or crops.npz with labels.csv.",
            _DATA,
            metavar="DIR",
        ),
    ]
    allow_missing: Annotated[
        bool,
        _option(
            "LUNA16: leave out series whose CT is missing. By default this is an error.",
            _DATA,
            "--allow-missing",
        ),
    ] = False
    cache: Annotated[
        Path | None,
        _option(
            "Folder in which crops are cached, so that each CT is read only once.",
            _DATA,
            metavar="DIR",
        ),
    ] = None
    validation_share: Annotated[
        float,
        _option("Share of the patients for validation. Default: 0.1.", _DATA),
    ] = 0.1
    test_share: Annotated[
        float,
        _option(
            "Share of the patients that are kept for testing and not used. Default: 0.1.",
            _DATA,
        ),
    ] = 0.1
    split_seed: Annotated[
        int,
        _option(
            "Random seed of the split into training, validation and test, which is by patient.",
            _DATA,
        ),
    ] = 0
    leave_out: Annotated[
        list[str] | None,
        _option(
            "Patient to leave out. Repeat the option for several patients.",
            _DATA,
            metavar="PATIENT",
        ),
    ] = None
    hard_negatives: Annotated[
        list[Path] | None,
        _option(
            "Candidates in LUNA16's submission format, as written by lungrt diagnose --candidates. "
            "Those that belong to no nodule are added to the training as non-nodules. Repeat the "
            "option for several files.",
            _DATA,
            metavar="FILE.csv",
        ),
    ] = None
    mine: Annotated[
        Path | None,
        _option(
            "Bundle that is run on the training CTs to find such candidates.", _DATA, metavar="DIR"
        ),
    ] = None


@dataclass(frozen=True)
class SettingOptions:
    """Settings of a training; the names are those of `lungrt.training.settings.Settings`."""

    epochs: Annotated[
        int | None,
        _option(
            "Number of epochs. Default: 10; malignancy 40; segmentation 20; fine-tuning 40 for one "
            "block and 10 for more.",
            _TRAINING,
        ),
    ] = None
    samples_per_epoch: Annotated[
        int | None,
        _option(
            "Number of samples that an epoch trains on; the classes take turns. Default: 100000; "
            "segmentation 300000.",
            _TRAINING,
        ),
    ] = None
    batch: Annotated[
        int | None, _option("Batch size. Default: 24; segmentation 16.", _TRAINING)
    ] = None
    optimizer: Annotated[
        str | None,
        _option("Optimizer: sgd, adam or adamw. Default: sgd; segmentation adam.", _TRAINING),
    ] = None
    lr: Annotated[
        float | None,
        _option("Learning rate. Default: 0.001; fine-tuning of a classifier 0.003.", _TRAINING),
    ] = None
    momentum: Annotated[
        float | None, _option("Momentum of the optimizer sgd. Default: 0.", _TRAINING)
    ] = None
    weight_decay: Annotated[
        float | None, _option("Weight decay. Default: 0.0001; segmentation 0.", _TRAINING)
    ] = None
    seed: Annotated[
        int | None,
        _option(
            "Random seed of the first weights, the order of samples and the augmentation. "
            "Default: 0.",
            _TRAINING,
        ),
    ] = None
    validate_every: Annotated[
        int | None,
        _option("Number of epochs between validations. Default: 1; segmentation 5.", _TRAINING),
    ] = None
    patience: Annotated[
        int | None,
        _option(
            "Stop after this number of validations without a better score. Default: 0, which never "
            "stops early.",
            _TRAINING,
        ),
    ] = None
    best_by: Annotated[
        str | None,
        _option(
            "Validation score that selects the best epoch: auc, recall, f1 or loss. Default: auc; "
            "segmentation recall.",
            _TRAINING,
        ),
    ] = None
    amp: Annotated[
        bool,
        _option(
            "Train in mixed precision: float16 on CUDA, bfloat16 on the CPU.", _TRAINING, "--amp"
        ),
    ] = False
    workers: Annotated[
        int | None,
        _option(
            "Number of processes that load samples. Default: 0, which loads them in the main "
            "process.",
            _TRAINING,
        ),
    ] = None
    unfreeze_every: Annotated[
        int | None,
        _option(
            "Number of epochs after which another block is added to those that are trained, from "
            "only the last block up to --finetune-depth. Default: 0, which trains all of them from "
            "the start.",
            _FINETUNING,
        ),
    ] = None
    flip: Annotated[
        bool | None,
        _option(
            "Mirror samples at random along each axis. Default: --flip.",
            _AUGMENTATION,
            "--flip/--no-flip",
        ),
    ] = None
    rotate: Annotated[
        bool | None,
        _option(
            "Rotate samples at random within the slice. Default: --rotate.",
            _AUGMENTATION,
            "--rotate/--no-rotate",
        ),
    ] = None
    offset: Annotated[
        float | None,
        _option(
            "Largest random shift, as a share of half the crop's size. Default: 0.1; segmentation "
            "0.03.",
            _AUGMENTATION,
        ),
    ] = None
    scale: Annotated[
        float | None,
        _option(
            "Largest random change of size, as a share. Default: 0; segmentation 0.1.",
            _AUGMENTATION,
        ),
    ] = None
    noise_hu: Annotated[
        float | None,
        _option(
            "Standard deviation of Gaussian noise in HU. Default: 0; segmentation 25.",
            _AUGMENTATION,
        ),
    ] = None
    dropout: Annotated[
        float | None,
        _option("Dropout probability before the last layer. Default: 0.", _AUGMENTATION),
    ] = None
    mixup: Annotated[
        float | None,
        _option(
            "Parameter alpha of mixup's beta distribution. Default: 0, without mixup.",
            _AUGMENTATION,
        ),
    ] = None
    average: Annotated[
        str | None,
        _option(
            "Weights to validate and save: none (the trained ones), ema (their exponential moving "
            "average) or swa (their mean over the last quarter of the epochs). Default: none.",
            _AUGMENTATION,
        ),
    ] = None
    soft_labels: Annotated[
        bool,
        _option(
            "Use the share of readers who rated a nodule as malignant as the target, instead of 0 "
            "or 1.",
            _TARGETS,
            "--soft-labels",
        ),
    ] = False
    trait_weight: Annotated[
        float | None,
        _option(
            "Weight of the loss of the readers' other ratings, which the network then also learns "
            "to predict. Default: 0.",
            _TARGETS,
        ),
    ] = None
    false_negative_weight: Annotated[
        float | None,
        _option(
            "Segmentation: weight of the part of the Dice loss that counts only missed pixels. "
            "Default: 8.",
            _TARGETS,
        ),
    ] = None
    cross_entropy_weight: Annotated[
        float | None,
        _option("Segmentation: weight of the pixels' cross-entropy. Default: 0.", _TARGETS),
    ] = None
    background: Annotated[
        float | None,
        _option("Segmentation: share of the samples that are non-nodules. Default: 0.", _TARGETS),
    ] = None
    mask_margin: Annotated[
        int | None,
        _option(
            "Segmentation: number of voxels by which the nodules' masks are widened, because the "
            "pipeline erodes the network's mask by one voxel. Default: 0.",
            _TARGETS,
        ),
    ] = None
    off_center: Annotated[
        int | None,
        _option(
            "Segmentation: largest offset of a training slice from a nodule's middle, in slices. "
            "Default: 0, the middle slice only.",
            _TARGETS,
        ),
    ] = None
    widths: Annotated[
        str | None,
        _option(
            "Channels of each level or block, separated by commas. Default: 8,16,32,64; "
            "segmentation 16,32,64.",
            _NETWORK,
        ),
    ] = None
    crop: Annotated[
        str | None,
        _option(
            "Classifiers: size of the crop in voxels as slices,rows,columns. Default: 32,48,48.",
            _NETWORK,
        ),
    ] = None
    context: Annotated[
        int | None,
        _option("Segmentation: number of context slices on each side. Default: 3.", _NETWORK),
    ] = None
    patch: Annotated[
        int | None,
        _option(
            "Segmentation: side of the random patch to train on, in pixels. Default: 64.", _NETWORK
        ),
    ] = None
    window: Annotated[
        int | None,
        _option(
            "Segmentation: side of the window around a nodule from which the patch is taken, in "
            "pixels. Default: 96.",
            _NETWORK,
        ),
    ] = None


@dataclass(frozen=True)
class OutputOptions:
    """Options that select what is trained, written and logged."""

    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File to write the checkpoint of the best epoch to.",
            show_default=False,
        ),
    ] = None
    finetune: Annotated[
        Path | None,
        _option(
            "Checkpoint to start from. Its last block is replaced by a new one.",
            _FINETUNING,
            metavar="FILE",
        ),
    ] = None
    finetune_depth: Annotated[
        int | None,
        _option(
            "Number of blocks to train, counted from the last. Default: 1.", _FINETUNING, min=1
        ),
    ] = None
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Continue an interrupted training, from FILE.resume beside --output."
        ),
    ] = False
    members: Annotated[
        int,
        typer.Option(
            min=1,
            help="Number of networks to train as an ensemble. The number is added to the file "
            "names: x-1.state, x-2.state and so on.",
        ),
    ] = 1
    cross_validate: Annotated[
        int | None,
        typer.Option(
            metavar="FOLDS",
            min=2,
            help="Malignancy only: number of folds of a cross-validation over patients, which also "
            "scores the diameter for comparison. With --output, a network is then trained on all "
            "patients.",
            show_default=False,
        ),
    ] = None
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help="Write the settings and all scores to this JSON file.",
            show_default=False,
        ),
    ] = None
    log_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write TensorBoard logs to this folder.", show_default=False
        ),
    ] = None
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="Write a figure of the losses, scores and curves of the training.",
            show_default=False,
        ),
    ] = None
    device: Device = "cpu"
    no_progress: NoProgress = False
