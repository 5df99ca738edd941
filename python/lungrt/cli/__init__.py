"""The command ``lungrt``.

Exit codes: 0 done; 1 a defect of lungrt itself (with a traceback); 2 a wrong argument or any of
`lungrt.errors`, told in one line; 130 cancelled with Ctrl-C.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Entry point of the console script."""
    try:
        from lungrt.cli.app import app

        app(prog_name="lungrt")
    except KeyboardInterrupt:  # before a command has begun; later the app catches it
        sys.exit(130)
