"""The fragments in which a DICOM file's compressed pixels lie."""

from __future__ import annotations

import re
import struct

__all__ = ["fragments_of"]

_PIXELS_IN_FRAGMENTS = re.compile(rb"\xe0\x7f\x10\x00(?:OB|OW|UN)..\xff\xff\xff\xff", re.DOTALL)
_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"


def fragments_of(content: bytes) -> list[bytes]:
    """Return the fragments of a file's pixels, none where they are not in fragments.

    Raises
    ------
    ValueError
        For a file that ends within them.
    """
    fragments: list[bytes] = []
    for found in _PIXELS_IN_FRAGMENTS.finditer(content):
        fragments, at = [], found.end()  # the last in a file count: those before are an icon's
        while content[at : at + 4] == _ITEM and at + 8 <= len(content):
            (size,) = struct.unpack_from("<I", content, at + 4)
            fragments.append(content[at + 8 : at + 8 + size])
            at += 8 + size
        if content[at : at + 4] != _END:
            raise ValueError("it ends within its pixels")
    return fragments[1:]  # the first is a table of offsets
