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


def pieces_of(path: Path, *, compressed: bool) -> Iterator[bytes]:
    """Read a file to its end, checking the checksums where it is compressed.

    Raises
    ------
    lungrt.errors.Io
        For a file that cannot be read, or damaged compressed data.
    """
    try:
        with gzip.open(path) if compressed else path.open("rb") as opened:
            file = cast("BinaryIO", opened)
            while piece := file.read(_PIECE_BYTES):
                yield piece
    except (OSError, EOFError, zlib.error) as error:
        raise Io(f"{path}: truncated or damaged ({error}); fetch it anew") from error
