"""Consoles of the command line: results go to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console
from rich.text import Text

__all__ = ["disclaim", "print_error", "stderr", "stdout"]

_PIPE_WIDTH = 160  # columns; keeps tables in files and pipes from being cut to 80


class _SafeConsole(Console):
    """Console that shows the control characters of texts, which come from files and their names."""

    def print(self, *objects: Any, **options: Any) -> None:
        shown = (_printable(item) if isinstance(item, str) else item for item in objects)
        super().print(*shown, **options)


def _printable(text: str) -> str:
    from lungrt import _core  # a help text needs no library

    # Names of files may have bytes that are not UTF-8, which Python keeps as surrogates.
    return _core.printable(text.encode("utf-8", "surrogateescape"))


def stdout() -> Console:
    """Console for results."""
    return _SafeConsole(
        highlight=False, markup=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH
    )


def stderr() -> Console:
    """Console for progress and errors."""
    return _SafeConsole(stderr=True, highlight=False, markup=False)


def print_error(message: str) -> None:
    """Print an error message in red: one line, or more if the message is a list."""
    stderr().print(
        Text.assemble(("error: ", "bold red"), (_printable(message), "red")), soft_wrap=True
    )


def disclaim(console: Console) -> None:
    """Print that lungrt is not a medical device."""
    console.print("lungrt is a research tool, not a medical device.", style="dim")
