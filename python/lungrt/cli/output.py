"""Output files of commands, which are never left half written."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from lungrt.errors import InvalidArgument
from lungrt.write_aside import file_aside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Write = Callable[[str | bytes], None]

__all__ = ["output_file", "output_files"]


@contextmanager
def output_file(path: Path, suffixes: tuple[str, ...]) -> Iterator[Write]:
    """Prepare a file of one of several kinds, which appears when it has been written.

    Parameters
    ----------
    path
        The file to write.
    suffixes
        Accepted suffixes, in lower case.

    Yields
    ------
    write
        Function that writes text or bytes. Call it once, at the end.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If the file has another suffix.
    lungrt.errors.Io
        If the file cannot be written; see `lungrt.write_aside.file_aside`.
    """
    if path.suffix.lower() not in suffixes:
        raise InvalidArgument(f"{path}: unknown kind of output; expected {' or '.join(suffixes)}")
    with file_aside(path) as aside:
        yield aside.write


@contextmanager
def output_files(
    paths: Sequence[Path], suffixes: tuple[str, ...]
) -> Iterator[list[tuple[Path, Write]]]:
    """Prepare several files as `output_file` does, and yield each with its function.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If a file is given twice, or has another suffix.
    lungrt.errors.Io
        If a file cannot be written.
    """
    if len({path.resolve() for path in paths}) < len(paths):
        raise InvalidArgument("--output: the same file is given twice")
    with ExitStack() as stack:
        yield [(path, stack.enter_context(output_file(path, suffixes))) for path in paths]
