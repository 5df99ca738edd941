"""Files and folders that appear when they are complete: written under another name, then renamed.

While ``NAME`` is written, the new file or folder is ``.lungrt-new-<16 hexadecimal digits>.NAME``
beside it. If anything goes wrong, an error or Ctrl-C, it is removed, and what was at ``NAME``
before is still there. A symbolic link is followed, not replaced.

A folder replaces another one by an exchange in one step, so that a process killed at any moment
leaves one of them complete. Where the file system cannot exchange them, two renames do it, with a
short moment between them in which neither is in place. While the folder that was replaced is being
removed, it is ``.lungrt-old-*.NAME``. A writer of a folder holds a lock on the new one, which the
system releases when the process ends for whatever reason. A folder without a lock is therefore left
over from a killed process, and the next writer removes it.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import re
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lungrt.errors import Io

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["ASIDE_FILES", "FileAside", "file_aside", "replaced_folder", "write_file"]

_NEW, _OLD = "new", "old"

ASIDE_FILES = f".lungrt-{_NEW}-*"
"""Pattern of the names of what is being written, or was left over by a killed process."""

# Constants of Linux's renameat2.
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_CANNOT_EXCHANGE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}


class FileAside:
    """File that is being written under another name.

    Attributes
    ----------
    path : pathlib.Path
        Where it is written, for libraries that write a file by its name. It has the suffix of the
        final path.
    """

    def __init__(self, target: Path, descriptor: int, path: Path, *, sync: bool) -> None:
        self.path = path
        self._target = target
        self._descriptor = descriptor
        self._sync = sync

    def write(self, content: str | bytes | memoryview) -> None:
        """Write the whole content, text as UTF-8, and finish the file. Call it once, at the end."""
        rest = memoryview(content.encode() if isinstance(content, str) else content)
        with _reported(self._target):
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        self.finish()

    def finish(self) -> None:
        """Rename the file, which was written by its name."""
        with _reported(self._target):
            if self._sync:
                os.fsync(self._descriptor)
            self.path.replace(os.path.realpath(self._target))


@contextmanager
def file_aside(path: Path, *, sync: bool = True) -> Iterator[FileAside]:
    """Create a file under another name; it takes its place when it is finished.

    If the block ends before that, by an error or Ctrl-C, the folder stays as it was, including an
    older file of that name.

    Parameters
    ----------
    path : pathlib.Path
        The file to write.
    sync : bool
        Whether the content is flushed to disk before the file is renamed. Without that, a power
        failure may leave an incomplete file.

    Raises
    ------
    Io
        If the file cannot be written. What can be checked is checked before the block runs.
    """
    with _reported(path):  # a name that is too long is an error here already
        is_folder = path.is_dir()
    if is_folder:
        raise Io(f"{path}: cannot be written (it is a folder; expected the name of a file)")
    aside = _aside(Path(os.path.realpath(path)), _NEW)
    with _reported(path):
        # The system applies the permissions of any other new file, and never opens one that exists.
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        yield FileAside(path, descriptor, aside, sync=sync)
    finally:
        os.close(descriptor)
        aside.unlink(missing_ok=True)


def write_file(path: Path, content: str | bytes | memoryview, *, sync: bool = True) -> None:
    """Write a file that appears, or replaces an older one, when it is complete.

    See `file_aside` for the parameters and errors.
    """
    with file_aside(path, sync=sync) as file:
        file.write(content)


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Io(f"{path}: cannot be written ({error.strerror})") from error


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
            _sync(new)
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


def _sync(folder: Path) -> None:
    """Flush a folder to disk, or a power failure after the rename could leave it incomplete."""
    for path in (folder, *folder.rglob("*")):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


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
    return output.with_name(f".lungrt-{kind}-{secrets.token_hex(8)}.{output.name}")


def _leftovers(output: Path, kind: str) -> list[Path]:
    pattern = re.compile(rf"\.lungrt-{kind}-[0-9a-f]{{16}}\." + re.escape(output.name))
    return [
        path for path in output.parent.iterdir() if pattern.fullmatch(path.name) and path.is_dir()
    ]
