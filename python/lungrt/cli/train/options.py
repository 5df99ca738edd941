"""The options of ``lungrt train``, in groups; what is not given is the book's."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from lungrt.cli.options import NoProgress

__all__ = ["DataOptions", "OutputOptions", "SettingOptions", "with_options"]

_DATA, _TRAINING, _FINETUNING = "Data", "Training", "Fine-tuning"
_AUGMENTATION, _TARGETS, _NETWORK = "Augmentation and regularisation", "Targets", "New networks"


def _option(help_text: str, panel: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, help=help_text, rich_help_panel=panel, show_default=False, **more)


@dataclass(frozen=True)
class DataOptions:
    """What is trained on."""

    data: Annotated[
        Path,
        _option(
            "LUNA16 as published, CTs with a nodules.csv, DICOM folders of the LIDC with their XML "
            "files, or crops.npz with labels.csv.",
            _DATA,
            metavar="DIR",
        ),
    ]
    allow_missing: Annotated[
        bool, _option("LUNA16: leave out series that are not here.", _DATA, "--allow-missing")
    ] = False
    cache: Annotated[
        Path | None,
        _option("Keep crops in this folder, so that CTs are read once.", _DATA, metavar="DIR"),
    ] = None
    split: Annotated[
        str,
        _option(
            "How patients are dealt out: hash, or every-10th as the book does; hash if not given.",
            _DATA,
        ),
    ] = "hash"
    validation_share: Annotated[
        float, _option("Share of the patients to validate on; 0.1 if not given.", _DATA)
    ] = 0.1
    test_share: Annotated[
        float, _option("Share of the patients that is kept away; 0.1 if not given.", _DATA)
    ] = 0.1
    split_seed: Annotated[int, _option("Another one deals patients out anew.", _DATA)] = 0
    leave_out: Annotated[
        list[str] | None,
        _option("Patient to leave out altogether; as often as needed.", _DATA, metavar="PATIENT"),
    ] = None
    hard_negatives: Annotated[
        list[Path] | None,
        _option(
            "Candidates in LUNA16's submission format, as lungrt diagnose --candidates writes: "
            "those at no nodule are learnt as non-nodules.",
            _DATA,
            metavar="FILE.csv",
        ),
    ] = None
    mine: Annotated[
        Path | None,
        _option("Let this bundle find such candidates in the training CTs.", _DATA, metavar="DIR"),
    ] = None


@dataclass(frozen=True)
class SettingOptions:
    """What `lungrt.training.settings.Settings` holds, by the same names."""

    epochs: Annotated[int | None, _option("Epochs; the book: 10 to 40.", _TRAINING)] = None
    draws: Annotated[
        int | None, _option("Items an epoch; the book: 100000, segmentation 300000.", _TRAINING)
    ] = None
    batch: Annotated[int | None, _option("The book: 24, segmentation 16.", _TRAINING)] = None
    optimizer: Annotated[
        str | None, _option("sgd, adam or adamw; the book: sgd, segmentation adam.", _TRAINING)
    ] = None
    lr: Annotated[
        float | None, _option("Learning rate; the book: 0.001, fine-tuning 0.003.", _TRAINING)
    ] = None
    momentum: Annotated[float | None, _option("Of sgd; the book: 0.", _TRAINING)] = None
    weight_decay: Annotated[
        float | None, _option("The book: 0.0001, segmentation 0.", _TRAINING)
    ] = None
    seed: Annotated[int | None, _option("Of weights, order and augmentation; 0.", _TRAINING)] = None
    validate_every: Annotated[
        int | None, _option("Epochs between validations; 1, segmentation 5.", _TRAINING)
    ] = None
    patience: Annotated[
        int | None, _option("Stop after so many validations without a better one.", _TRAINING)
    ] = None
    best_by: Annotated[
        str | None,
        _option("auc, recall, f1 or loss; the book: auc, segmentation recall.", _TRAINING),
    ] = None
    amp: Annotated[bool, _option("Mixed precision.", _TRAINING, "--amp")] = False
    workers: Annotated[int | None, _option("Processes that load items; 0.", _TRAINING)] = None
    unfreeze_every: Annotated[
        int | None,
        _option("Begin with the last block, add one after so many epochs.", _FINETUNING),
    ] = None
    lr_decay_by_depth: Annotated[
        float | None,
        _option("Learning rate of a block relative to the one after it.", _FINETUNING),
    ] = None
    flip: Annotated[bool | None, _option("Mirror.", _AUGMENTATION, "--flip/--no-flip")] = None
    rotate: Annotated[
        bool | None, _option("Turn within the slice.", _AUGMENTATION, "--rotate/--no-rotate")
    ] = None
    offset: Annotated[
        float | None, _option("Largest shift, of half the crop; 0.1.", _AUGMENTATION)
    ] = None
    scale: Annotated[
        float | None, _option("Largest change of size; 0, segmentation 0.1.", _AUGMENTATION)
    ] = None
    noise_hu: Annotated[
        float | None, _option("Gaussian noise; 0, segmentation 25.", _AUGMENTATION)
    ] = None
    elastic: Annotated[
        float | None, _option("Largest elastic shift, of half the crop; 0.", _AUGMENTATION)
    ] = None
    book_augmentation: Annotated[
        bool,
        _option("One transform a batch, no shift of crops.", _AUGMENTATION, "--book-augmentation"),
    ] = False
    dropout: Annotated[float | None, _option("Before the last layer; 0.", _AUGMENTATION)] = None
    mixup: Annotated[
        float | None, _option("Alpha of mixup's beta distribution; 0.", _AUGMENTATION)
    ] = None
    average: Annotated[
        str | None,
        _option("Save averaged weights: none, ema or swa.", _AUGMENTATION),
    ] = None
    ema_decay: Annotated[float | None, _option("0.99 a step.", _AUGMENTATION)] = None
    swa_start: Annotated[
        float | None, _option("Share of the epochs before swa; 0.75.", _AUGMENTATION)
    ] = None
    label_smoothing: Annotated[float | None, _option("0.", _TARGETS)] = None
    soft_labels: Annotated[
        bool,
        _option("Learn the share of readers who saw malignancy.", _TARGETS, "--soft-labels"),
    ] = False
    trait_weight: Annotated[
        float | None,
        _option("Weight of the readers' other ratings, learnt beside the class; 0.", _TARGETS),
    ] = None
    false_negative_weight: Annotated[
        float | None, _option("Segmentation: weight of misses; 8.", _TARGETS)
    ] = None
    cross_entropy_weight: Annotated[
        float | None, _option("Segmentation: weight of the pixels' cross-entropy; 0.", _TARGETS)
    ] = None
    background: Annotated[
        float | None,
        _option("Segmentation: share of the draws around non-nodules; 0.", _TARGETS),
    ] = None
    mask_margin: Annotated[
        int | None,
        _option("Segmentation: voxels to widen masks by, which the pipeline erodes; 0.", _TARGETS),
    ] = None
    off_center: Annotated[
        int | None,
        _option("Segmentation: slices a draw may lie off a nodule's middle; 0.", _TARGETS),
    ] = None
    widths: Annotated[
        str | None,
        _option("Channels of each level or block; the book: 16,32,64 and 8,16,32,64.", _NETWORK),
    ] = None
    crop: Annotated[
        str | None,
        _option("Classifiers: slices,rows,columns; the book: 32,48,48.", _NETWORK),
    ] = None
    context: Annotated[
        int | None, _option("Segmentation: slices on each side; the book: 3.", _NETWORK)
    ] = None
    patch: Annotated[
        int | None, _option("Segmentation: side of what is trained on, pixels; 64.", _NETWORK)
    ] = None
    window: Annotated[
        int | None, _option("Segmentation: square around a nodule it is cut from; 96.", _NETWORK)
    ] = None


@dataclass(frozen=True)
class OutputOptions:
    """What is written, and where it is computed."""

    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Checkpoint of the best epoch.", show_default=False),
    ] = None
    finetune: Annotated[
        Path | None,
        _option(
            "Start from this checkpoint; the last block is fresh.", _FINETUNING, metavar="FILE"
        ),
    ] = None
    finetune_depth: Annotated[
        int | None, _option("Blocks to train, from the last; 1.", _FINETUNING, min=1)
    ] = None
    resume: Annotated[bool, typer.Option("--resume", help="Go on after an interruption.")] = False
    members: Annotated[
        int, typer.Option(min=1, help="Checkpoints of an ensemble, FILE-1 and so on.")
    ] = 1
    cross_validate: Annotated[
        int | None,
        typer.Option(
            metavar="FOLDS",
            min=2,
            help="Malignancy: score by cross-validation, beside the diameter; then, with --output, "
            "train on all patients.",
            show_default=False,
        ),
    ] = None
    repeats: Annotated[int, typer.Option(min=1, help="Repetitions of the cross-validation.")] = 1
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="Write all scores.", show_default=False),
    ] = None
    log_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write TensorBoard logs.", show_default=False),
    ] = None
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Draw how it went.", show_default=False),
    ] = None
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:N, or auto.")] = "cpu"
    no_progress: NoProgress = False


def _parameters(group: type[Any]) -> list[inspect.Parameter]:
    types = get_type_hints(group, include_extras=True)  # slow, and every command waits for it
    return [
        inspect.Parameter(
            option.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if option.default is MISSING else option.default,
            annotation=types[option.name],
        )
        for option in fields(group)
    ]


def with_options(*groups: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of some groups; it is called with one object of each."""
    parameters = [parameter for group in groups for parameter in _parameters(group)]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def run(**values: Any) -> None:
            command(
                *(
                    group(**{option.name: values[option.name] for option in fields(group)})
                    for group in groups
                )
            )

        run.__doc__ = command.__doc__
        run.__name__ = command.__name__
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate
