"""Validation of NIfTI files: readers would fill missing voxels with zeros without an error."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

from lungrt.errors import Io
from lungrt.io.gz_file import pieces_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["validate_nifti"]

_HEADER_BYTES = 540  # of NIfTI-2; NIfTI-1 has 348


def validate_nifti(path: Path) -> None:
    """Check that a file is complete by reading it to its end, including the checksum of gzip data.

    Raises
    ------
    lungrt.errors.Io
        If the file is shorter than its header says, or its compressed data are damaged.
    """
    header, found = b"", 0
    for piece in pieces_of(path, compressed=path.name.endswith(".gz")):
        header = header or piece[:_HEADER_BYTES]
        found += len(piece)
    expected = _expected_bytes(header)
    if found < expected:
        raise Io(
            f"{path}: truncated: its header requires {expected} bytes, but it has {found}; copy or "
            "download it again"
        )


def _expected_bytes(header: bytes) -> int:
    """Return the size of the file according to its header, of either format and byte order."""
    header = header.ljust(_HEADER_BYTES, b"\0")
    for order in "<>":
        (header_size,) = struct.unpack_from(f"{order}i", header, 0)
        if header_size == 348:
            dims = struct.unpack_from(f"{order}8h", header, 40)
            (bits,) = struct.unpack_from(f"{order}h", header, 72)
            (offset,) = struct.unpack_from(f"{order}f", header, 108)
        elif header_size == 540:
            dims = struct.unpack_from(f"{order}8q", header, 16)
            (bits,) = struct.unpack_from(f"{order}h", header, 14)
            (offset,) = struct.unpack_from(f"{order}q", header, 168)
        else:
            continue
        if math.isfinite(offset):
            return int(offset + math.prod(dims[1 : dims[0] + 1]) * bits // 8)
    return _HEADER_BYTES  # the reader deals with unknown kinds, if they have a header at all
