"""Files that may be compressed by gzip."""

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
    """Read a file to its end, checking the checksums where it is compressed.

    Parameters
    ----------
    path
        The file.
    compressed
        Whether it is of gzip: in any number of members.
    first
        Bytes that lie before what is read.

    Raises
    ------
    lungrt.errors.Io
        For a file that cannot be read, or damaged compressed data.
    """
    try:
        with path.open("rb") as opened:
            opened.seek(first)
            file = cast("BinaryIO", gzip.GzipFile(fileobj=opened)) if compressed else opened
            while piece := file.read(_PIECE_BYTES):
                yield piece
    except (OSError, EOFError, zlib.error) as error:
        raise Io(f"{path}: truncated or damaged ({error}); fetch it anew") from error
