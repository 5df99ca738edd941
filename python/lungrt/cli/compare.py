"""``lungrt compare``: differences between two reports, or between two settings on the same CTs."""

from __future__ import annotations

import contextlib
import functools
import shlex
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lungrt.cli.console import disclaim, stdout
from lungrt.cli.option_groups import with_option_groups
from lungrt.cli.options import InputOptions, NoProgress, RunOptions
from lungrt.cli.output import output_file
from lungrt.cli.progress import progress_bars
from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable

    from lungrt import CtVolume
    from lungrt.comparison.inputs import Settings
    from lungrt.io.discovery import FoundCt

__all__ = ["compare", "parse_settings"]

DIFFERENT, TROUBLE = 1, 2  # exit codes, the same as of diff

# Names of settings: the bundle, and the options of a run that open a pipeline.
_OTHER_OPTIONS = ("engine_option", "time_limit", "memory_limit", "allow_non_hu")
_NAMES = ("bundle", *(f.name for f in fields(RunOptions) if f.name not in _OTHER_OPTIONS))
_OPTION = "option."

_A = (
    "First side of the comparison: a report written by [b]lungrt diagnose --candidates --output "
    "FILE.json[/b], a folder of such reports, or settings with which to diagnose the CT. Settings "
    f"are NAME=VALUE pairs separated by spaces; the names are {', '.join(_NAMES)} (yes or no), and "
    f"{_OPTION}NAME for a setting of the engine. What they leave out is as the options below say; "
    "an empty string leaves out everything."
)
_B = "Second side of the comparison, of the same kind as A: a report, a folder, or settings."


@with_option_groups
def compare(
    *,
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
    reading: InputOptions,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write all differences to FILE.json or FILE.csv.",
            show_default=False,
        ),
    ] = None,
    no_progress: NoProgress = False,
    run: RunOptions,
) -> None:
    """Show what differs between two reports, or between two settings on the same CTs.

    For each CT it counts mask voxels that differ, candidates that only one side found or that
    moved, and decisions that changed, and shows the largest change of a probability.

    Exit codes: 0 if all decisions are the same, 1 if some differ, 2 if there was an error or a CT
    could not be compared.

    Example: [b]lungrt compare old.json new.json[/b], or
    [b]lungrt compare "engine=native" "engine=torchscript device=cuda precision=tf32"
    --bundle bundle --ct path/to/cts --profile book[/b]
    """
    # Imported here so that --help and argument errors appear at once.
    from lungrt import _core
    from lungrt.cli.compare_table import print_comparison
    from lungrt.comparison.run import compare_reports, compare_settings

    reports = _are_reports(a, b)
    with contextlib.ExitStack() as stack:
        write = output and stack.enter_context(output_file(output, (".json", ".csv")))
        if reports:
            _refuse_settings(ct=ct, bundle=bundle, **asdict(reading))
            _refuse_settings(**dict.fromkeys(run.changed(RunOptions()), True))
            comparison = compare_reports(Path(a), Path(b), within)
        elif ct is None:
            raise InvalidArgument("settings are compared on a CT; give one with --ct CT")
        else:
            _core.tune_allocator()  # affects the whole process, which only runs this command
            ours, theirs = (parse_settings(side, bundle, run) for side in (a, b))
            cts, read = _cts(ct, reading)
            with progress_bars(not no_progress) as progress:
                comparison = compare_settings(ours, theirs, cts, read, within, progress)
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


def _cts(path: Path, reading: InputOptions) -> tuple[list[FoundCt], Callable[..., CtVolume]]:
    """Return the CTs at a path, and how to read one."""
    from lungrt.comparison.inputs import find_cts
    from lungrt.io.discovery import FoundCt

    if reading.series is not None:  # the user chose, so that nothing is to be found
        return [FoundCt(path, reading.series)], functools.partial(
            FoundCt.read, resample=reading.resample
        )
    return find_cts(path), functools.partial(FoundCt.read, resample=reading.resample)


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
            option = name.replace("_", "-")
            raise InvalidArgument(f"--{option} applies only to settings, but two reports are given")


def parse_settings(text: str, bundle: str | None, run: RunOptions) -> Settings:
    """Parse settings: NAME=VALUE pairs separated by spaces; values with spaces are quoted.

    Parameters
    ----------
    text
        The settings.
    bundle
        Folder of the bundle if the settings do not name one.
    run
        Options for what the settings leave out.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If a setting is not of that form, unknown or given twice, or if no bundle is given.
    """
    from lungrt.comparison.inputs import Settings

    try:
        words = shlex.split(text)
    except ValueError as error:  # an opening quote without a closing one
        raise InvalidArgument(f"settings {text!r}: {error}") from error
    given: dict[str, str] = {}
    options: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals and value):
            raise InvalidArgument(
                f"settings {text!r}: {word!r} is not of the form NAME=VALUE; expected such pairs "
                f"separated by spaces, with the names {', '.join(_NAMES)}, and {_OPTION}NAME for a "
                "setting of the engine"
            )
        target = options if name.startswith(_OPTION) or name == "kernels" else given
        key = name.removeprefix(_OPTION)
        if target is given and name not in _NAMES:
            raise InvalidArgument(
                f"settings {text!r}: unknown name {name}; expected {', '.join(_NAMES)}, or "
                f"{_OPTION}NAME for a setting of the engine"
            )
        if key in target:
            raise InvalidArgument(f"settings {text!r}: {name} is given twice")
        target[key] = value
    found = given.pop("bundle", bundle)
    if not found:
        raise InvalidArgument(
            f"settings {text!r}: no bundle is given; add --bundle, or bundle=... to the settings"
        )
    values: dict[str, Any] = dict(given)
    if "threads" in given:
        values["threads"] = _threads(given["threads"], text)
    if "merge_marks" in given:
        values["merge_marks"] = _yes_or_no(given["merge_marks"], text)
    arguments = replace(run, **values).pipeline()
    arguments["engine_options"] |= options
    return Settings(text or "defaults", found, arguments, run.limits())


def _yes_or_no(value: str, text: str) -> bool:
    if value not in ("yes", "no"):
        raise InvalidArgument(f"settings {text!r}: merge_marks={value}: expected yes or no")
    return value == "yes"


def _threads(value: str, text: str) -> int:
    if not (value.isascii() and value.isdecimal() and int(value) > 0):
        raise InvalidArgument(
            f"settings {text!r}: threads={value}: expected a whole number of at least 1"
        )
    return int(value)
