"""Options of ``lungrt train``; settings that are not given are those of the book."""

from __future__ import annotations

import re
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from lungrt.cli.options import NoProgress
from lungrt.training.settings import default_settings, setting_descriptions

__all__ = ["DataOptions", "OutputOptions", "setting_options"]

_DATA, _FINETUNING = "Data", "Fine-tuning"

# Settings that have an option, by panel.
_SETTINGS = {
    "Training": (
        "epochs", "samples_per_epoch", "batch", "optimizer", "lr", "momentum", "weight_decay",
        "seed", "validate_every", "patience", "best_by", "amp", "workers",
    ),
    _FINETUNING: ("unfreeze_every",),
    "Augmentation and regularisation": (
        "flip", "rotate", "offset", "scale", "noise_hu", "dropout", "mixup", "average",
    ),
    "Targets": (
        "soft_labels", "trait_weight", "false_negative_weight", "cross_entropy_weight",
        "background", "mask_margin", "off_center",
    ),
    "New networks": ("widths", "crop", "context", "patch", "window"),
}  # fmt: skip


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
    device: Annotated[
        str,
        typer.Option(
            help="Where the networks are trained: cpu, cuda, cuda:N (GPU number N), or auto (the "
            "first GPU if PyTorch finds one, otherwise the CPU)."
        ),
    ] = "cpu"
    no_progress: NoProgress = False


def setting_options(task: str) -> type[Any]:
    """Return a group of options, one for each setting; what is not given is None.

    The help is the text of `Settings` with the defaults of the task.
    """
    texts = setting_descriptions()
    new, head, more = (default_settings(task, finetune_depth=depth) for depth in (None, 1, 2))
    options = []
    for panel, names in _SETTINGS.items():
        for name in names:
            default = getattr(new, name)
            # A setting may name another one, which is an option here.
            text = re.sub(r"`(\w+)`", lambda m: "--" + m[1].replace("_", "-"), texts.get(name, ""))
            text += _default_text(name, *(getattr(s, name) for s in (new, head, more)))
            option = "--" + name.replace("_", "-")
            declared = (f"{option}/--no-{name}",) if default is True else (option,)
            kind = type(default) if isinstance(default, (bool, int, float)) else str
            options.append((name, Annotated[kind | None, _option(text, panel, *declared)], None))
    return make_dataclass("SettingOptions", options, frozen=True)


def _default_text(name: str, new: Any, head: Any, more: Any) -> str:
    """Return the default of a setting: of a new network, and of fine-tuning where it differs."""
    if new is None or new is False:
        return ""
    if new is True:
        return f" Default: --{name}."
    tuned = ""
    if head != more:
        tuned = f"; fine-tuning {_shown(head)} for one block and {_shown(more)} for more"
    elif head != new:
        tuned = f"; fine-tuning {_shown(head)}"
    return f" Default: {_shown(new)}{tuned}."


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
