"""Reading of files that may be compressed with gzip."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, BinaryIO, cast

from lungrt.errors import Io

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["pieces_of"]

_PIECE_BYTES = 1 << 20


def pieces_of(path: Path, *, compressed: bool, first: int = 0) -> Iterator[bytes]:
    """Yield the content of a file, uncompressed, in pieces; checksums of gzip data are checked.

    Parameters
    ----------
    path
        The file.
    compressed
        Whether the file is compressed with gzip. It may have several gzip members.
    first
        Offset in bytes at which to start.

    Raises
    ------
    lungrt.errors.Io
        If the file cannot be read, or its compressed data are damaged.
    """
    try:
        with path.open("rb") as opened:
            opened.seek(first)
            file = cast("BinaryIO", gzip.GzipFile(fileobj=opened)) if compressed else opened
            while piece := file.read(_PIECE_BYTES):
                yield piece
    except (OSError, EOFError, zlib.error) as error:
        raise Io(f"{path}: truncated or damaged ({error}); copy or download it again") from error
