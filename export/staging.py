"""A folder that is written aside and put in its place whole, or not at all.

Beside the output ``NAME`` there may be, while it is written, ``.NAME.lungrt-new-*`` and, while the
one that it replaces is removed, ``.NAME.lungrt-old-*``. A writer holds a lock on the former, which
ends with its process however that ends: what has no lock is left over, and the next writer clears
it. New and old change places in one step, so that a kill at any moment leaves one of them whole;
only on a file system that cannot do that, they do so in two renames with a moment between them.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lungrt.errors import Io

_NEW, _OLD = "new", "old"

# Of Linux's renameat2.
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_CANNOT_EXCHANGE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}


@contextmanager
def replaced_folder(output: Path, check_old: Callable[[Path], None]) -> Iterator[Path]:
    """Write a folder aside; where the block ends without an exception, it takes its place.

    Parameters
    ----------
    output : pathlib.Path
        Where the folder shall be. Its parent is made if needed.
    check_old : callable
        Called with `output` where something is there, before the block and once more before it is
        replaced; raises if it must not be.

    Yields
    ------
    pathlib.Path
        The folder to write into.

    Raises
    ------
    Io
        Another process is writing the same output, or the file system refused something. What was
        at `output` is still there then.
    """
    output = Path(os.path.realpath(output))  # a link stays, what it leads to is replaced
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with _locked_folder(output) as new:
            _clear_leftovers(output, besides=new)
            if os.path.lexists(output):
                check_old(output)
            yield new
            if os.path.lexists(output):
                check_old(output)
            _swap_in(new, output)
    except Io:
        raise
    except OSError as error:
        raise Io(f"{output}: cannot be written ({error})") from error


@contextmanager
def _locked_folder(output: Path) -> Iterator[Path]:
    """Make a folder beside the output; if it is still there at the end, remove it."""
    new = _aside(output, _NEW)
    new.mkdir()
    descriptor = os.open(new, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)  # whatever is left has lost its lock
        os.close(descriptor)


def _clear_leftovers(output: Path, *, besides: Path) -> None:
    """Remove what killed writers left, and put back what one had just moved aside."""
    for path in _leftovers(output, _NEW):
        if path == besides:
            continue
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path)
        except BlockingIOError as error:
            raise Io(
                f"{output}: another process is writing it (into {path.name}); wait for it to end"
            ) from error
        finally:
            os.close(descriptor)
    for path in _leftovers(output, _OLD):
        if os.path.lexists(output):
            shutil.rmtree(path)
        else:
            path.rename(output)


def _swap_in(new: Path, output: Path) -> None:
    if not os.path.lexists(output):
        new.rename(output)
        return
    old = _aside(output, _OLD)
    if _exchange(new, output):
        new.rename(old)
    else:
        try:
            output.rename(old)
            new.rename(output)
        except BaseException:
            if old.exists() and not os.path.lexists(output):
                old.rename(output)
            raise
    try:
        shutil.rmtree(old)
    except OSError as error:
        raise Io(f"{output}: is written, but the old one is still at {old} ({error})") from error


def _exchange(a: Path, b: Path) -> bool:
    """Let two paths change places in one step; returns whether the system can."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    if renameat2(_AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT_EXCHANGE:
        return False
    raise OSError(code, os.strerror(code), str(b))


def _aside(output: Path, kind: str) -> Path:
    return output.with_name(f".{output.name}.lungrt-{kind}-{secrets.token_hex(8)}")


def _leftovers(output: Path, kind: str) -> list[Path]:
    pattern = re.compile(re.escape(f".{output.name}.lungrt-{kind}-") + r"[0-9a-f]{16}")
    return [path for path in output.parent.iterdir() if pattern.fullmatch(path.name)]
