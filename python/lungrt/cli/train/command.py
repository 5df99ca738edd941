"""``lungrt train``: trains or fine-tunes a checkpoint for ``lungrt export``."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from lungrt.cli import CANCELLED
from lungrt.cli.console import disclaim, stderr, stdout
from lungrt.cli.option_groups import with_option_groups
from lungrt.cli.output import output_file
from lungrt.cli.progress import progress_bars
from lungrt.cli.train.options import DataOptions, OutputOptions, setting_options
from lungrt.cli.train.table import (
    epoch_header,
    epoch_line,
    parts_table,
    print_cross_validation,
    print_end,
)
from lungrt.errors import InvalidArgument
from lungrt.json_text import json_text
from lungrt.packages import require_packages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from lungrt.models import Checkpoint
    from lungrt.training.data.samples import DataSet, Sample
    from lungrt.training.data.split import Part
    from lungrt.training.loop import Result
    from lungrt.training.session import Progress
    from lungrt.training.settings import Settings

__all__ = ["app"]


_PACKAGES = ("torch", "tensorboard", "sklearn", "blosc2", "defusedxml", "scipy", "matplotlib")

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Train or fine-tune a network. [b]lungrt export[/b] writes the checkpoint to a bundle.",
)


@app.command("segmentation")
@with_option_groups(settings=setting_options("segmentation"))
def segmentation(data: DataOptions, settings: Any, output: OutputOptions) -> None:
    """Train the segmentation U-Net that finds candidates.

    Example: [b]lungrt train segmentation --data LUNA16 --cache cache --output seg.state[/b]
    """
    _train("segmentation", data, asdict(settings), output)


@app.command("nodule")
@with_option_groups(settings=setting_options("nodule"))
def nodule(data: DataOptions, settings: Any, output: OutputOptions) -> None:
    """Train the classifier of nodules and non-nodules.

    Example: [b]lungrt train nodule --data LUNA16 --cache cache --output cls.state[/b]
    """
    _train("nodule", data, asdict(settings), output)


@app.command("malignancy")
@with_option_groups(settings=setting_options("malignancy"))
def malignancy(data: DataOptions, settings: Any, output: OutputOptions) -> None:
    """Train the classifier of benign and malignant nodules, usually from a nodule classifier.

    Example: [b]lungrt train malignancy --data LUNA16 --finetune cls.state --output mal.state[/b]

    Cross-validation: [b]lungrt train malignancy --data crops --finetune cls.state
    --cross-validate 5[/b]
    """
    _train("malignancy", data, asdict(settings), output)


@app.command("three-class")
@with_option_groups(settings=setting_options("three-class"))
def three_class(data: DataOptions, settings: Any, output: OutputOptions) -> None:
    """Train a single classifier of non-nodules, benign and malignant nodules.

    Example: [b]lungrt train three-class --data LUNA16 --finetune cls.state --output three.state[/b]
    """
    _train("three-class", data, asdict(settings), output)


def _train(task: str, data: DataOptions, chosen: dict[str, Any], output: OutputOptions) -> None:
    require_packages("training", _PACKAGES, "train")
    from lungrt.models import load_checkpoint
    from lungrt.training.data import open_data
    from lungrt.training.settings import default_settings

    _check(output)
    console = stdout()
    settings = default_settings(
        task,
        finetune_depth=(output.finetune_depth or 1) if output.finetune else None,
        given=_given(chosen),
    )
    with contextlib.ExitStack() as stack:
        write_plot = output.plot and stack.enter_context(output_file(output.plot, (".png",)))
        write_report = output.report and stack.enter_context(output_file(output.report, (".json",)))
        checkpoint = load_checkpoint(output.finetune) if output.finetune else None
        progress = stack.enter_context(progress_bars(not output.no_progress))
        known = open_data(data.data, cache_folder=data.cache, allow_missing=data.allow_missing)
        if data.leave_out:
            known = _without(known, data.leave_out)
        report: dict[str, Any] = {"settings": settings.to_json()}
        if output.cross_validate:
            report["cross_validation"] = _cross_validate(
                console, settings, known, checkpoint, output, progress
            )
        if output.output:
            # Scores come from the cross-validation, so the final network trains on all patients.
            known, parts = _split(
                known, data, train_on_all=bool(output.cross_validate), progress=progress
            )
            console.print(f"{known.name}: {len(known.samples)} samples", soft_wrap=True)
            console.print(parts_table(parts, task))
            results = _train_members(console, settings, known, parts, checkpoint, output, progress)
            report["members"] = [result.to_json() for result in results]
            if write_plot:
                from lungrt.training.figures import to_png, training_figure

                write_plot(to_png(training_figure(results[0])))
        if write_report:
            write_report(json_text(report))
    disclaim(console)


def _check(output: OutputOptions) -> None:
    if not output.output and not output.cross_validate:
        raise InvalidArgument("nothing to do; give --output, --cross-validate, or both")
    if output.finetune_depth and not output.finetune:
        raise InvalidArgument(
            "--finetune-depth needs a checkpoint to start from; give one with --finetune"
        )
    if (output.resume or output.plot or output.log_dir) and not output.output:
        raise InvalidArgument("--resume, --log-dir and --plot need a training with --output")
    if output.output and not output.output.parent.is_dir():
        raise InvalidArgument(
            f"{output.output}: the folder {output.output.parent} does not exist; create it first"
        )


def _given(chosen: dict[str, Any]) -> dict[str, Any]:
    sizes = {
        name: _sizes(name, chosen[name], count)
        for name, count in (("widths", None), ("crop", 3))
        if chosen[name] is not None
    }
    return {**chosen, **sizes}


def _sizes(name: str, text: str, count: int | None) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdecimal() and int(part) > 0 for part in parts) or (
        count is not None and len(parts) != count
    ):
        expected = "whole numbers" if count is None else f"{count} whole numbers"
        raise InvalidArgument(
            f"--{name} {text}: expected {expected} of at least 1, separated by commas, such as "
            "8,16,32"
        )
    return tuple(map(int, parts))


def _without(data: DataSet, patients: Sequence[str]) -> DataSet:
    """Return the data without some patients; raise InvalidArgument if it does not have them."""
    known = {sample.patient for sample in data.samples} | set(data.series)
    if unknown := sorted(set(patients) - known):
        raise InvalidArgument(f"--leave-out: the data has no patient {', '.join(unknown)}")
    return data.without_patients(patients)


def _split(
    data: DataSet, options: DataOptions, *, train_on_all: bool, progress: Progress | None
) -> tuple[DataSet, dict[Part, list[Sample]]]:
    """Split the patients, and add hard negatives to the training samples."""
    from lungrt.data.candidates import Marks, read_submission
    from lungrt.training.data.mining import hard_negatives, mine_candidates
    from lungrt.training.data.split import Split, split_samples

    chosen = Split(options.validation_share, options.test_share, options.split_seed)
    if train_on_all:
        chosen = Split(validation=0.0, test=0.0)
    parts = split_samples(data.samples, chosen)
    elsewhere = {s.series_uid for part in ("validation", "test") for s in parts[part]}
    marks: Marks = {}
    for path in options.hard_negatives or []:
        for uid, found in read_submission(path).items():
            marks.setdefault(uid, []).extend(found)
    if options.mine:
        here = {uid: path for uid, path in data.series.items() if uid not in elsewhere}
        for uid, found in mine_candidates(options.mine, here, progress=progress).items():
            marks.setdefault(uid, []).extend(found)
    if marks:
        mined = hard_negatives(
            data, {uid: found for uid, found in marks.items() if uid not in elsewhere}
        )
        parts["training"].extend(mined)
        data = data.with_samples(mined)
    return data, parts


def _train_members(
    console: Console,
    settings: Settings,
    data: DataSet,
    parts: dict[Part, list[Sample]],
    checkpoint: Checkpoint | None,
    options: OutputOptions,
    progress: Progress | None,
) -> list[Result]:
    from lungrt.training.loop import member_outputs, resume_file, run
    from lungrt.training.session import Session

    assert options.output is not None
    results = []
    for number, path in enumerate(member_outputs(options.output, options.members)):
        member = replace(settings, seed=settings.seed + number)
        session = Session(
            member,
            data,
            parts["training"],
            parts["validation"],
            checkpoint=checkpoint,
            device=options.device,
        )
        for note in (*data.notes, *session.objective.notes) if number == 0 else ():
            console.print(f"note: {note}", soft_wrap=True, style="yellow")
        if options.members > 1:
            console.print(f"member {number + 1} of {options.members}, seed {member.seed}")
        console.print(epoch_header(settings.task), style="bold")
        # An ensemble may have been interrupted before the training of this member started.
        resume = options.resume and (options.members == 1 or resume_file(path).exists())
        with _log(options.log_dir, number if options.members > 1 else None) as log:
            try:
                result = run(
                    session,
                    path,
                    resume=resume,
                    log=log,
                    on_epoch=lambda epoch: console.print(epoch_line(epoch, settings.task)),
                    progress=progress,
                )
            except KeyboardInterrupt as interrupt:
                stderr().print("interrupted; run the same command with --resume to continue")
                raise typer.Exit(CANCELLED) from interrupt
        results.append(result)
        print_end(console, result, path, settings)
    return results


@contextlib.contextmanager
def _log(folder: Path | None, member: int | None) -> Any:
    if folder is None:
        yield None
        return
    from lungrt.training.tensorboard import TensorBoardLog

    with TensorBoardLog(folder if member is None else folder / f"member-{member + 1}") as log:
        yield log


def _cross_validate(
    console: Console,
    settings: Settings,
    data: DataSet,
    checkpoint: Checkpoint | None,
    options: OutputOptions,
    progress: Progress | None,
) -> dict[str, Any]:
    from lungrt.training.crossvalidate import cross_validate

    assert options.cross_validate is not None
    scored = cross_validate(
        settings,
        data,
        folds=options.cross_validate,
        checkpoint=checkpoint,
        device=options.device,
        progress=progress,
    )
    for note in data.notes:
        console.print(f"note: {note}", soft_wrap=True, style="yellow")
    print_cross_validation(console, scored, folds=options.cross_validate)
    return scored.to_json()
