"""The command ``lungrt``.

Exit codes: 0 done; 1 a defect of lungrt itself (with a traceback); 2 a wrong argument or any of
`lungrt.errors`, told in one line; 130 cancelled with Ctrl-C.
"""

from __future__ import annotations

import os
import sys

__all__ = ["main"]


def main() -> None:
    """Entry point of the console script."""
    # Idle OpenMP threads are to wait, not spin: beside one other busy process spinning costs
    # a factor of three. Read when an engine's runtime is loaded, so set before.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        from lungrt.cli.app import app

        app(prog_name="lungrt")
    except KeyboardInterrupt:  # before a command has begun; later the app catches it
        sys.exit(130)
