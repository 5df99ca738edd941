"""The file a command was asked to write."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lungrt.errors import InvalidArgument, Io

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["output_file"]


@contextmanager
def output_file(path: Path, suffixes: tuple[str, ...]) -> Iterator[Callable[[str | bytes], None]]:
    """Open a file aside at once and put it in its place when it has been written.

    Whatever ends the block before - an error, Ctrl-C - leaves the folder as it was, an older file
    of that name included.

    Yields
    ------
    write
        Writes text or bytes and renames the file; called once, at the end.

    Raises
    ------
    lungrt.errors.InvalidArgument
        For a suffix other than those.
    lungrt.errors.Io
        Where no file can be written there, before the work and not after it.
    """
    if path.suffix.lower() not in suffixes:
        raise InvalidArgument(f"{path}: unknown kind of output; expected {' or '.join(suffixes)}")
    if path.is_dir():
        raise Io(f"{path}: is a folder; give the name of a file")
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise Io(f"{path}: cannot be written ({error.strerror})") from error
    aside = Path(name)
    try:
        with os.fdopen(number, "wb") as file:

            def write(content: str | bytes) -> None:
                try:
                    file.write(content.encode() if isinstance(content, str) else content)
                    file.close()
                    # Private until now; from here on what any other new file would be.
                    aside.chmod(0o666 & ~_umask())
                    aside.replace(path)
                except OSError as error:
                    raise Io(f"{path}: cannot be written ({error.strerror})") from error

            yield write
    finally:
        aside.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
