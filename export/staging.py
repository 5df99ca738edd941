"""Atomic replacement of a folder: it is written under another name and then renamed.

While the output ``NAME`` is written, the new folder is ``.NAME.lungrt-new-*`` beside it. While the
folder that it replaces is being removed, that one is ``.NAME.lungrt-old-*``. A writer holds a lock
on the new folder, which the system releases when the process ends for whatever reason. A folder
without a lock is therefore left over from a killed process, and the next writer removes it.

The new and the old folder are exchanged in one step, so that a process killed at any moment leaves
one of them complete. Where the file system cannot exchange them, two renames do it, with a short
moment between them in which neither is in place.
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

# Constants of Linux's renameat2.
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_CANNOT_EXCHANGE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}


@contextmanager
def replaced_folder(output: Path, check_old: Callable[[Path], None]) -> Iterator[Path]:
    """Replace a folder by the one that the block writes, if the block raises nothing.

    Parameters
    ----------
    output : pathlib.Path
        The folder to write or replace. Its parent folders are created if needed.
    check_old : callable
        Called with `output` if that path exists, before the block and again just before it is
        replaced. It raises an exception if the path must not be replaced.

    Yields
    ------
    pathlib.Path
        The folder to write into.

    Raises
    ------
    Io
        Another process is writing the same output, or the file system refused an operation. What
        was at `output` before is then still there.
    """
    output = Path(os.path.realpath(output))  # replace the target of a symbolic link, not the link
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
        raise Io(f"{output}: cannot write the folder ({error})") from error


@contextmanager
def _locked_folder(output: Path) -> Iterator[Path]:
    """Create and lock a folder beside the output; remove it at the end if it still exists."""
    new = _aside(output, _NEW)
    new.mkdir()
    descriptor = os.open(new, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield new
    finally:
        # What cannot be removed here is no longer locked, so that the next writer removes it.
        shutil.rmtree(new, ignore_errors=True)
        os.close(descriptor)


def _clear_leftovers(output: Path, *, besides: Path) -> None:
    """Remove the folders that killed writers left, and restore an output that one had moved."""
    for path in _leftovers(output, _NEW):
        if path == besides:
            continue
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path)
        except BlockingIOError as error:
            raise Io(
                f"{output}: another process is writing this folder (as {path.name}); wait until "
                "it has finished, then try again"
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
        raise Io(
            f"{output}: the new folder was written, but the old one could not be removed from "
            f"{old} ({error}); remove it yourself"
        ) from error


def _exchange(a: Path, b: Path) -> bool:
    """Exchange two paths in one step; return False if the system cannot do that."""
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
