"""Fragments of compressed pixels, found in a file's bytes."""

from __future__ import annotations

import struct

import pytest

from lungrt.io.fragments import fragments_of


def test_fragments_of_the_image_not_of_its_icon() -> None:
    def element(*items: bytes) -> bytes:
        packed = (b"\xfe\xff\x00\xe0" + struct.pack("<I", len(item)) + item for item in items)
        return b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff" + b"".join(packed)

    end = b"\xfe\xff\xdd\xe0\0\0\0\0"
    icon = element(b"tables", b"icon") + end
    assert fragments_of(icon + element(b"", b"ab", b"cd") + end) == [b"ab", b"cd"]
    assert fragments_of(b"no pixels") == []
    for content in (element(b"", b"ab"), icon + element(b"", b"ab") + end[:3]):
        with pytest.raises(ValueError, match="it ends within its pixels"):
            fragments_of(content)
