"""``lungrt verify``: replay a bundle's goldens on every installed runtime."""

from __future__ import annotations

import contextlib
from typing import Annotated

import typer

from lungrt.cli.console import stdout
from lungrt.cli.options import Bundle, JsonOutput
from lungrt.cli.output import output_file
from lungrt.errors import Inference
from lungrt.json_text import json_text

__all__ = ["verify"]


def verify(
    bundle: Bundle,
    formats: Annotated[
        str | None,
        typer.Option(
            help="Artifact formats to check, separated by commas, for example "
            "torchscript,safetensors. By default all formats in the bundle, and what "
            "[b]lungrt compile[/b] made of it.",
            show_default=False,
        ),
    ] = None,
    json_output: JsonOutput = None,
) -> None:
    """Check a bundle's files, and replay its goldens on every installed runtime.

    Goldens are inputs and outputs of the original networks, stored in the bundle; the table shows
    how far each runtime's outputs are from them. The checkpoints are not needed, nor is PyTorch if
    another runtime can run the bundle.

    Example: [b]lungrt verify bundle[/b]
    """
    # Imported here so that --help and argument errors appear at once.
    from lungrt.cli.engine_runners import engine_runners
    from lungrt.export import verify_bundle
    from lungrt.export.parity_table import parity_table
    from lungrt.export.runners import python_runners

    with contextlib.ExitStack() as stack:
        write = json_output and stack.enter_context(output_file(json_output, (".json",)))
        wanted = None if formats is None else [name.strip() for name in formats.split(",")]
        runners = python_runners() | engine_runners()
        rows = verify_bundle(bundle, formats=wanted, runners=runners)
        if write:
            write(json_text([row.to_json() for row in rows]))
    stdout().print(parity_table(rows))
    compared = [row for row in rows if not row.skipped]
    failed = [row for row in compared if row.failed]
    if failed:
        raise Inference(
            f"{bundle}: {len(failed)} of {len(compared)} comparisons are out of tolerance on this "
            "machine; see the table"
        )
    stdout().print(f"{bundle}: {len(compared)} comparisons, all in tolerance", soft_wrap=True)
