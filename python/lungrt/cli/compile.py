"""``lungrt compile``: compile a bundle's networks to native code for this machine."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Annotated

import typer

from lungrt.cli.console import stdout
from lungrt.cli.options import Bundle, JsonOutput, NoProgress
from lungrt.cli.output import output_file
from lungrt.cli.progress import progress_bars
from lungrt.errors import InvalidArgument
from lungrt.json_text import json_text
from lungrt.packages import require_packages

if TYPE_CHECKING:
    from rich.console import Console

    from lungrt.export import CompileResult

__all__ = ["compile_networks"]


def compile_networks(
    bundle: Bundle,
    size: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROWSxCOLUMNS",
            help="Size of a CT's slices to compile for; repeat the option for several. "
            "Default: 512x512.",
            show_default=False,
        ),
    ] = None,
    batch: Annotated[
        int, typer.Option(min=1, help="Number of crops that the classifiers process at once.")
    ] = 8,
    json_output: JsonOutput = None,
    no_progress: NoProgress = False,
) -> None:
    """Compile a bundle's networks to native code for this machine, for [b]--engine aotinductor[/b].

    The code is kept in the user's cache. It works only with slices of the compiled sizes, on this
    model of processor and with this version of PyTorch. Compiling needs a C++ compiler and takes
    about a minute for each network. Each result is compared with the eager network before it is
    kept.

    Example: [b]lungrt compile bundle --size 512x512 --size 768x768[/b]
    """
    sizes = [_parse_size(text) for text in size or ["512x512"]]
    with contextlib.ExitStack() as stack:
        write = json_output and stack.enter_context(output_file(json_output, (".json",)))
        require_packages("compiling", ("torch", "safetensors"), "torch")
        # Imported here so that --help and argument errors appear at once.
        from lungrt.export import compile_bundle

        with progress_bars(not no_progress) as progress:
            result = compile_bundle(bundle, sizes=sizes, batch=batch, progress=progress)
        if write:
            write(json_text([row.to_json() for row in result.rows]))
    _print(stdout(), result)


def _parse_size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})", text)
    if found is None:
        raise InvalidArgument(f"--size {text}: expected ROWSxCOLUMNS, e.g. 512x512")
    return int(found[1]), int(found[2])


def _print(console: Console, result: CompileResult) -> None:
    from lungrt.export.parity_table import parity_table

    console.print(parity_table(result.rows))
    for folder in result.folders:
        console.print(f"written to {folder}", soft_wrap=True)
