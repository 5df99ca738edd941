"""The command ``lungrt``.

Exit codes: 0 success; 1 an internal error of lungrt (with a traceback); 2 a wrong argument or any
of `lungrt.errors`, reported in one line on stderr; 130 cancelled with Ctrl-C.
"""

from __future__ import annotations

import os
import sys

__all__ = ["CANCELLED", "main"]

CANCELLED = 130  # 128 + SIGINT, as shells report it


def main() -> None:
    """Entry point of the console script."""
    # Idle OpenMP threads must sleep instead of spinning: next to one other busy process, spinning
    # makes a run three times slower. OpenMP reads this when an engine's runtime is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        from lungrt.cli.app import app

        app(prog_name="lungrt")
    except KeyboardInterrupt:  # before a command starts; afterwards the app handles it
        sys.exit(CANCELLED)
