"""``lungrt evaluate``: scores a bundle, or existing reports, on an annotated data set."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lungrt.cli import CANCELLED
from lungrt.cli.console import disclaim, print_error, stderr, stdout
from lungrt.cli.option_groups import with_option_groups
from lungrt.cli.options import IMAGE_FILES, NoProgress, RunOptions
from lungrt.cli.output import output_file, output_files
from lungrt.cli.progress import progress_bars
from lungrt.errors import Inference, InvalidArgument
from lungrt.packages import require_packages
from lungrt.write_aside import write_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from lungrt.data.scans import ScanFile
    from lungrt.evaluation.document import Evaluation
    from lungrt.evaluation.reports import ScanReport

__all__ = ["evaluate"]

_SUFFIXES = (".html", ".png", ".json", ".csv")
_MANY_SCANS = 5  # fewer say too little for scores

# Published scores were made without a lung field.
_DEFAULTS = RunOptions(profile="book")


@with_option_groups
def evaluate(
    *,
    data: Annotated[
        Path,
        typer.Option(
            metavar="PATH",
            help="Annotated data set: a folder like LUNA16's (subset*/*.mhd, annotations.csv and "
            "optionally annotations_with_malignancy.csv, annotations_excluded.csv and "
            "seriesuids.csv), a folder of CTs with one CSV file of annotations, or only a CSV "
            "file of annotations.",
            show_default=False,
        ),
    ],
    bundle: Annotated[
        Path | None,
        typer.Argument(
            metavar="[BUNDLE]",
            help="Folder that [b]lungrt export[/b] wrote. Without it, the reports in --reports are "
            "scored as they are.",
            show_default=False,
        ),
    ] = None,
    scans: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder of the CTs, if they are not in --data.",
            show_default=False,
        ),
    ] = None,
    reports: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder of the reports. Reports that it already has are used again, so that an "
            "interrupted command can be repeated. The default is lungrt-reports.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Write the scores to FILE.html, FILE.png, FILE.json or FILE.csv (one line for "
            "each annotated nodule). Repeat the option for several files.",
            show_default=False,
        ),
    ] = None,
    submission: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write all candidates to FILE.csv in LUNA16's submission format.",
            show_default=False,
        ),
    ] = None,
    count_missing: Annotated[
        bool,
        typer.Option(
            "--count-missing",
            help="Score the scans of the data set that have no report as if nothing had been "
            "found in them. By default they are not scored.",
        ),
    ] = False,
    allow_mixed: Annotated[
        bool,
        typer.Option(
            "--allow-mixed",
            help="Score reports together although they were made with different bundles or "
            "options. By default this is an error.",
        ),
    ] = False,
    bootstraps: Annotated[
        int,
        typer.Option(
            min=0, help="Number of bootstrap resamples used for the confidence intervals."
        ),
    ] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of the bootstrap.")] = 0,
    cases: Annotated[
        int,
        typer.Option(
            min=0,
            help="Largest number of missed nodules, and of false positives, that the output files "
            "show.",
        ),
    ] = 12,
    details: Annotated[
        bool | None,
        typer.Option(
            "--details/--overview",
            help="Print every score, or only what became of each nodule. By default every score "
            "is printed if there are at least five scans.",
            show_default=False,
        ),
    ] = None,
    run: RunOptions = _DEFAULTS,
    no_progress: NoProgress = False,
) -> None:
    """Evaluate a bundle on an annotated data set.

    The scores are a confusion table, LUNA16's FROC, the ROC of malignancy, calibration, detection
    in subgroups of nodules, and the worst mistakes. The report of each scan is kept, so that an
    interrupted command continues when it is repeated. A scan that fails is reported and does not
    stop the others; the exit code is then 2.

    Example: [b]lungrt evaluate bundle --data LUNA16 --reports reports --output scores.html[/b]

    Existing reports are scored without a bundle: [b]lungrt evaluate --reports reports --data
    annotations.csv[/b]
    """
    if bundle is None and reports is None:
        raise InvalidArgument(
            "nothing to evaluate; give a BUNDLE to run, or --reports with existing reports"
        )
    if bundle is None and (options := run.changed(_DEFAULTS)):
        raise InvalidArgument(
            f"--{options[0].replace('_', '-')} applies only to a run, but no BUNDLE is given"
        )
    settings, limits = run.pipeline(), run.limits()
    # Imported here so that --help and wrong arguments answer at once.
    from lungrt.data.scans import find_scans
    from lungrt.data.truth import read_truth
    from lungrt.evaluation.reports import read_reports
    from lungrt.evaluation.score import score
    from lungrt.evaluation.selection import coverage_notes, select
    from lungrt.evaluation.terminal import print_evaluation, print_overview

    with contextlib.ExitStack() as stack:
        folder = reports or Path("lungrt-reports")
        write = _prepare_outputs(stack, output or [], submission, folder)
        truth = read_truth(data)
        annotated = set(truth.by_series())
        place = scans or (data if data.is_dir() else None)
        found = {scan.series_uid: scan for scan in find_scans(place, annotated)} if place else {}
        if scans and not found:
            raise InvalidArgument(
                f"{scans}: the folder has no CT; expected DICOM files, or {IMAGE_FILES}"
            )
        progress = stack.enter_context(progress_bars(not no_progress))
        known = set(truth.series if truth.series is not None else annotated | found.keys())
        failed: dict[str, str] = {}
        if bundle is not None:
            known &= found.keys()
            if not known:
                raise InvalidArgument(
                    f"{place or data}: no CT of the data set was found here; use --scans to set "
                    "the folder of the CTs"
                )
            chosen = [found[uid] for uid in sorted(known)]
            failed = _run(settings, limits, bundle, chosen, folder, progress)
        listed, findings = select(
            read_reports(folder), truth, known, failed=failed, count_missing=count_missing
        )
        findings.notes += coverage_notes(listed, truth, known)
        evaluation = score(
            listed,
            truth,
            findings,
            allow_mixed=allow_mixed,
            bootstraps=bootstraps,
            seed=seed,
            cases=cases,
        )
        written = write(evaluation, listed, found, progress)
    console = stdout()
    many = evaluation.counts.scans >= _MANY_SCANS
    show = print_evaluation if (many if details is None else details) else print_overview
    show(console, evaluation)
    for path in written:
        console.print(f"written to {path}", soft_wrap=True)
    disclaim(console)
    if failed:
        raise Inference(
            f"{len(failed)} of {len(known)} scans failed and are not part of the scores"
        )


def _run(
    settings: dict[str, Any],
    limits: dict[str, Any],
    bundle: Path,
    scans: list[ScanFile],
    folder: Path,
    progress: Callable[[str, int, int], None] | None,
) -> dict[str, str]:
    """Diagnose the scans that have no report yet; return the error messages of those that fail."""
    import lungrt
    from lungrt import _core
    from lungrt.evaluation.batch import run_batch

    _core.tune_allocator()  # this process does nothing else
    pipeline = lungrt.Pipeline(bundle, **settings)
    try:
        batch = run_batch(pipeline, bundle, scans, folder, write_file, progress, limits)
    except KeyboardInterrupt as error:
        done = sum((folder / f"{scan.series_uid}.json").exists() for scan in scans)
        stderr().print(
            f"cancelled: {done} of {len(scans)} reports are in {folder}; run the same command "
            "again to continue. No scores were written",
            soft_wrap=True,
        )
        raise typer.Exit(CANCELLED) from error
    for uid, why in batch.failed.items():
        print_error(f"{uid}: {why}")
    if len(batch.failed) == len(scans):
        raise Inference(f"all {len(scans)} scans failed; see the errors above")
    return batch.failed


def _prepare_outputs(
    stack: contextlib.ExitStack, outputs: list[Path], submission: Path | None, reports: Path
) -> Callable[..., list[Path]]:
    """Open all output files before anything runs, so that errors show at once."""
    require_packages("scoring", ("sklearn",), "evaluation", InvalidArgument)
    for path in outputs:
        if path.suffix.lower() == ".json" and path.parent.resolve() == reports.resolve():
            raise InvalidArgument(
                f"{path}: a JSON file in the folder of the reports would be read as a report; "
                "choose another folder"
            )
    if submission and submission.resolve() in {path.resolve() for path in outputs}:
        raise InvalidArgument(f"{submission}: given twice, with --output and with --submission")
    kinds = {path.suffix.lower() for path in outputs}
    if ".html" in kinds:
        packages = ("matplotlib", "jinja2")
        require_packages("an HTML report", packages, "evaluation", InvalidArgument)
    if ".png" in kinds:
        require_packages("a PNG report", ("matplotlib",), "evaluation", InvalidArgument)
    writers = stack.enter_context(output_files(outputs, _SUFFIXES))
    write_submission = submission and stack.enter_context(output_file(submission, (".csv",)))

    def write(
        evaluation: Evaluation,
        reports: list[ScanReport],
        scans: dict[str, ScanFile],
        progress: Callable[[str, int, int], None] | None,
    ) -> list[Path]:
        from lungrt.evaluation.crops import add_pictures
        from lungrt.evaluation.document import submission as submission_csv

        if kinds & {".html", ".png"}:
            add_pictures([*evaluation.misses, *evaluation.false_marks], scans, progress)
        for path, write_output in writers:
            write_output(_content(evaluation, path.suffix.lower()))
        if submission and write_submission:
            write_submission(submission_csv(reports))
        return [*outputs, *([submission] if submission else [])]

    return write


def _content(evaluation: Evaluation, suffix: str) -> str | bytes:
    if suffix == ".html":
        from lungrt.evaluation.page import to_html

        return to_html(evaluation)
    if suffix == ".png":
        from lungrt.evaluation.picture import to_png

        return to_png(evaluation)
    return evaluation.to_json() if suffix == ".json" else evaluation.to_csv()
