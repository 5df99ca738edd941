"""``lungrt compare``: differences between two reports, or between two settings on the same CTs."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path
from typing import Annotated

import typer

from lungrt.cli.console import disclaim, stdout
from lungrt.cli.options import NoProgress, Resample, Series
from lungrt.cli.output import output_file
from lungrt.cli.progress import progress_bars
from lungrt.errors import InvalidArgument

__all__ = ["compare"]

DIFFERENT, TROUBLE = 1, 2  # exit codes, the same as of diff

_A = (
    "First side of the comparison: a report written by [b]lungrt diagnose --candidates --output "
    "FILE.json[/b], a folder of such reports, or settings with which to diagnose the CT. Settings "
    "are NAME=VALUE pairs separated by spaces; the names are bundle, engine, device, precision, "
    "profile, geometry, region, merge_marks (yes or no), kernels, threads, and option.NAME for a "
    "setting of the engine. An empty string means the defaults of [b]lungrt diagnose[/b]."
)
_B = "Second side of the comparison, of the same kind as A: a report, a folder, or settings."


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=_A, show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help=_B, show_default=False)],
    ct: Annotated[
        Path | None,
        typer.Option(
            metavar="CT",
            help="CT to diagnose with both settings, or a folder of CTs. Required for settings.",
            show_default=False,
        ),
    ] = None,
    bundle: Annotated[
        str | None,
        typer.Option(
            help="Bundle for settings that do not name one: a folder written by "
            "[b]lungrt export[/b].",
            show_default=False,
        ),
    ] = None,
    within: Annotated[
        float,
        typer.Option(
            metavar="MM",
            min=0,
            help="Largest distance in mm at which candidates at different voxels of A and B are "
            "taken for the same candidate.",
        ),
    ] = 5.0,
    series: Series = None,
    resample: Resample = False,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write all differences to FILE.json or FILE.csv.",
            show_default=False,
        ),
    ] = None,
    no_progress: NoProgress = False,
) -> None:
    """Show what differs between two reports, or between two settings on the same CTs.

    For each CT it counts mask voxels that differ, candidates that only one side found or that
    moved, and decisions that changed, and shows the largest change of a probability.

    Exit codes: 0 if all decisions are the same, 1 if some differ, 2 if there was an error or a CT
    could not be compared.

    Example: [b]lungrt compare old.json new.json[/b], or
    [b]lungrt compare "engine=native" "engine=torchscript device=cuda precision=tf32"
    --bundle bundle --ct path/to/cts[/b]
    """
    # Imported here so that --help and argument errors appear at once.
    from lungrt import _core
    from lungrt.cli.compare_table import print_comparison
    from lungrt.comparison.inputs import find_cts, parse_settings
    from lungrt.comparison.run import compare_reports, compare_settings
    from lungrt.io import read_ct

    reports = _are_reports(a, b)
    with contextlib.ExitStack() as stack:
        write = output and stack.enter_context(output_file(output, (".json", ".csv")))
        if reports:
            _refuse_settings(ct=ct, bundle=bundle, series=series, resample=resample)
            comparison = compare_reports(Path(a), Path(b), within)
        elif ct is None:
            raise InvalidArgument("settings are compared on a CT; give one with --ct CT")
        else:
            _core.tune_allocator()  # affects the whole process, which only runs this command
            ours, theirs = (parse_settings(side, bundle) for side in (a, b))
            read = functools.partial(read_ct, series=series, resample=resample)
            with progress_bars(not no_progress) as progress:
                comparison = compare_settings(ours, theirs, find_cts(ct), read, within, progress)
        if output and write:
            is_csv = output.suffix.lower() == ".csv"
            write(comparison.to_csv() if is_csv else comparison.to_json())
    console = stdout()
    print_comparison(console, comparison)
    if output:
        console.print(f"written to {output}", soft_wrap=True)
    disclaim(console)
    if comparison.not_compared:
        raise typer.Exit(TROUBLE)
    if not comparison.same_decisions:
        raise typer.Exit(DIFFERENT)


def _are_reports(a: str, b: str) -> bool:
    """Return True if reports are to be compared, False for settings."""
    kinds = [_is_report(text) for text in (a, b)]
    if kinds[0] != kinds[1]:
        raise InvalidArgument(
            f"{a!r} and {b!r}: a report cannot be compared with settings; write a second report "
            "with lungrt diagnose --candidates --output FILE.json, or give settings for both"
        )
    return kinds[0]


def _is_report(text: str) -> bool:
    if text.lower().endswith(".json") or (text and Path(text).exists()):
        return True
    if "=" in text or not text.strip():
        return False
    raise InvalidArgument(
        f"{text!r}: neither a report nor settings; expected a file FILE.json, a folder of reports, "
        "or NAME=VALUE pairs"
    )


def _refuse_settings(**given: object) -> None:
    for name, value in given.items():
        if value:
            raise InvalidArgument(f"--{name} applies only to settings, but two reports are given")
