"""Output files of commands, which are never left half written."""

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
    """Open a temporary file beside `path`, and rename it to `path` when it has been written.

    If the block ends early, by an error or Ctrl-C, the folder stays as it was, including an older
    file of that name.

    Parameters
    ----------
    path
        The file to write.
    suffixes
        Accepted suffixes, in lower case.

    Yields
    ------
    write
        Function that writes text or bytes and renames the file. Call it once, at the end.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If the file has another suffix.
    lungrt.errors.Io
        If the file cannot be written. This is checked before the block runs.
    """
    if path.suffix.lower() not in suffixes:
        raise InvalidArgument(f"{path}: unknown kind of output; expected {' or '.join(suffixes)}")
    if path.is_dir():
        raise Io(f"{path}: is a folder, expected the name of a file to write")
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
                    # mkstemp made it private; give it the permissions of any other new file.
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
