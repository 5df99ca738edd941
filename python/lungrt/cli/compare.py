"""``lungrt compare``: what changed between two reports, or two ways to diagnose."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path
from typing import Annotated

import typer

from lungrt.cli.console import disclaim, stdout
from lungrt.cli.options import NoProgress, Series
from lungrt.cli.output import output_file
from lungrt.cli.progress import progress_bars
from lungrt.errors import InvalidArgument

__all__ = ["compare"]

DIFFERENT, TROUBLE = 1, 2  # as diff has them

_SIDE = (
    "A report FILE.json with candidates, a folder of them, or settings: NAME=VALUE separated by "
    "spaces, of bundle, engine, device, precision, profile, geometry, kernels, threads and "
    "option.NAME of the engine; '' for the defaults."
)


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=_SIDE, show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="Likewise.", show_default=False)],
    ct: Annotated[
        Path | None,
        typer.Option(
            metavar="CT",
            help="For settings: the CT to run both on, or a folder of CTs.",
            show_default=False,
        ),
    ] = None,
    bundle: Annotated[
        str | None,
        typer.Option(
            help="For settings: folder that [b]lungrt export[/b] wrote, of both that name none.",
            show_default=False,
        ),
    ] = None,
    within: Annotated[
        float,
        typer.Option(
            metavar="MM",
            min=0,
            help="Marks at other voxels are taken for the same one up to this distance.",
        ),
    ] = 5.0,
    series: Series = None,
    resample: Annotated[
        bool,
        typer.Option("--resample", help="As for [b]lungrt diagnose[/b]."),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write every difference to FILE.json or FILE.csv.",
            show_default=False,
        ),
    ] = None,
    no_progress: NoProgress = False,
) -> None:
    """Show what changes from A to B: mask, candidates, nodules, decisions, probabilities.

    Exit codes: 0 the same decisions, 1 other decisions, 2 error or something not compared.

    Example: [b]lungrt compare old.json new.json[/b], or
    [b]lungrt compare "engine=native" "engine=torchscript device=cuda precision=tf32"
    --bundle bundle --ct path/to/cts[/b]
    """
    # Imported here so that --help and wrong arguments answer at once.
    from lungrt import _core
    from lungrt.cli.compare_table import print_comparison
    from lungrt.comparison.campaign import compare_reports, compare_settings
    from lungrt.comparison.scans import find_cts
    from lungrt.comparison.settings import parse_settings
    from lungrt.io import read_ct

    reports = _are_reports(a, b)
    with contextlib.ExitStack() as stack:
        write = output and stack.enter_context(output_file(output, (".json", ".csv")))
        if reports:
            _refuse_settings(ct=ct, bundle=bundle, series=series, resample=resample)
            comparison = compare_reports(Path(a), Path(b), within)
        elif ct is None:
            raise InvalidArgument("settings need a CT to be compared on: --ct CT")
        else:
            _core.tune_allocator()  # this process does nothing else
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
    """Whether reports are compared, or settings."""
    kinds = [_is_report(text) for text in (a, b)]
    if kinds[0] != kinds[1]:
        raise InvalidArgument(
            f"{a!r} and {b!r}: one is a report and one are settings; write the other report with "
            "lungrt diagnose --candidates --output FILE.json, or give settings for both"
        )
    return kinds[0]


def _is_report(text: str) -> bool:
    if text.lower().endswith(".json") or (text and Path(text).exists()):
        return True
    if "=" in text or not text.strip():
        return False
    raise InvalidArgument(
        f"{text!r}: is neither a report nor settings; expected FILE.json, a folder of reports, or "
        "NAME=VALUE"
    )


def _refuse_settings(**given: object) -> None:
    for name, value in given.items():
        if value:
            raise InvalidArgument(f"--{name} is for settings; two reports are compared as they are")
