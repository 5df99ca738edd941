"""Where the command line writes: results to stdout, everything else to stderr."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.text import Text

__all__ = ["disclaim", "print_error", "stderr", "stdout"]

_PIPE_WIDTH = 160  # columns: a table in a file or pipe must not be cut to a terminal's size


def stdout() -> Console:
    """Console for results."""
    return Console(
        highlight=False, markup=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH
    )


def stderr() -> Console:
    """Console for progress and errors."""
    return Console(stderr=True, highlight=False, markup=False)


def print_error(message: str) -> None:
    """Print one red line (more where the message lists things)."""
    stderr().print(Text.assemble(("error: ", "bold red"), (message, "red")), soft_wrap=True)


def disclaim(console: Console) -> None:
    """Say what this is not."""
    console.print("lungrt is a research tool, not a medical device.", style="dim")
