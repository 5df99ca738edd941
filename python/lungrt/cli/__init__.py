"""The command ``lungrt``.

Exit codes: 0 success; 1 an internal error of lungrt (with a traceback); 2 a wrong argument or any
of `lungrt.errors`, reported in one line on stderr; 130 cancelled with Ctrl-C; 141 the program that
reads the output has ended.
"""

from __future__ import annotations

import os
import sys

__all__ = ["CANCELLED", "ERROR", "main"]

ERROR = 2
CANCELLED = 130  # 128 + SIGINT, as shells report it


def main() -> None:
    """Entry point of the console script."""
    # Idle OpenMP threads must sleep instead of spinning: next to one other busy process, spinning
    # makes a run three times slower. OpenMP reads this when an engine's runtime is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        from lungrt.cli.streams import guard_streams
        from lungrt.errors import Error

        guard_streams()
        from lungrt.cli.app import app
        from lungrt.cli.console import print_error

        try:
            try:
                app(prog_name="lungrt")
            finally:
                sys.stdout.flush()  # here, where a failure can still be told
        except Error as error:  # of a help page or the last lines; others are handled by the app
            print_error(str(error))
            sys.exit(ERROR)
    except KeyboardInterrupt:  # before a command starts; afterwards the app handles it
        sys.exit(CANCELLED)
