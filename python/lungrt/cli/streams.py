"""Standard streams that are closed, full, or read by a program that has ended.

- A stream that was closed (``>&-``) is discarded: the user wants none of it. Its descriptor is
  occupied, because otherwise the next file that is opened would get it, and with it what is
  printed.
- Where the reader of a pipe has ended (``| head -1``), the command ends without a word and with the
  exit code that a shell reports for it.
- Any other failure to write results is an error. A failure to write to stderr has nowhere to be
  told, and does not end the work.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO, cast

from lungrt.errors import Io

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BROKEN_PIPE", "guard_streams"]

BROKEN_PIPE = 141  # 128 + SIGPIPE, as shells report it

_STDOUT, _STDERR = 1, 2


class _Guarded:
    """Text stream that hands errors of writing to a function."""

    def __init__(self, stream: TextIO, failed: Callable[[OSError], None]) -> None:
        self._stream = stream
        self._failed = failed

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._failed(error)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._failed(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def guard_streams() -> None:
    """Replace `sys.stdout` and `sys.stderr` of a command by streams that behave as said above."""
    for descriptor in (0, _STDOUT, _STDERR):
        try:
            os.fstat(descriptor)
        except OSError:
            _discard(descriptor)
    # Python has no stream for a descriptor that was closed when it started.
    out = sys.stdout or os.fdopen(_STDOUT, "w", encoding="utf-8", closefd=False)
    err = sys.stderr or os.fdopen(_STDERR, "w", encoding="utf-8", closefd=False)
    sys.stdout = cast("TextIO", _Guarded(out, _stdout_failed))
    sys.stderr = cast("TextIO", _Guarded(err, lambda _: _discard(_STDERR)))


def _discard(descriptor: int) -> None:
    """Let a descriptor lead to nowhere, so that what is still buffered does not fail again."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != descriptor:
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


def _stdout_failed(error: OSError) -> None:
    _discard(_STDOUT)
    if error.errno == errno.EPIPE:
        raise SystemExit(BROKEN_PIPE) from None
    raise Io(
        f"cannot write to standard output: {error.strerror or error}; files named on the command "
        "line were written if nothing else is said"
    ) from error
