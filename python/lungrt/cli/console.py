"""Consoles of the command line: results go to stdout, everything else to stderr."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.text import Text

__all__ = ["disclaim", "print_error", "stderr", "stdout"]

_PIPE_WIDTH = 160  # columns; keeps tables in files and pipes from being cut to 80


def stdout() -> Console:
    """Console for results."""
    return Console(
        highlight=False, markup=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH
    )


def stderr() -> Console:
    """Console for progress and errors."""
    return Console(stderr=True, highlight=False, markup=False)


def print_error(message: str) -> None:
    """Print an error message in red: one line, or more if the message is a list."""
    stderr().print(Text.assemble(("error: ", "bold red"), (message, "red")), soft_wrap=True)


def disclaim(console: Console) -> None:
    """Print that lungrt is not a medical device."""
    console.print("lungrt is a research tool, not a medical device.", style="dim")
