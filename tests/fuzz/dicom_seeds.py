"""Seeds of the target `dicom`: small DICOM files, one for each path that a file may take."""

from __future__ import annotations

import struct
import zlib
from typing import Any

CT, ENHANCED = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
LONG = ("OB", "OW", "SQ", "UN", "UT")
UNDEFINED = 0xFFFFFFFF
ITEM_END, SEQUENCE_END = bytes.fromhex("feff0de000000000"), bytes.fromhex("feffdde000000000")
PIXELS = struct.pack("<6H", *range(6))


def element(tag: int, kind: str, value: bytes | str | int, order: str = "<") -> bytes:
    """Return an element; of no kind, it is implicit."""
    if isinstance(value, int):
        value = struct.pack(order + "H", value)
    data = value.encode() if isinstance(value, str) else bytes(value)
    data += b" " * (len(data) % 2)
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if not kind:
        return head + struct.pack(order + "I", len(data)) + data
    head += kind.encode()
    if kind in LONG:
        return head + b"\0\0" + struct.pack(order + "I", len(data)) + data
    return head + struct.pack(order + "H", len(data)) + data


def open_sequence(tag: int, *items: bytes, kind: str = "SQ") -> bytes:
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + kind.encode() + b"\0\0\xff\xff\xff\xff"
    opened = struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED)
    return head + b"".join(opened + item + ITEM_END for item in items) + SEQUENCE_END


def fragment(data: bytes) -> bytes:
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(data)) + data


def encapsulated(*fragments: bytes) -> bytes:
    head = bytes.fromhex("e07f1000") + b"OB\0\0\xff\xff\xff\xff"
    return head + b"".join(map(fragment, (b"", *fragments))) + SEQUENCE_END


def start(syntax: str = EXPLICIT, storage: str = CT) -> bytes:
    meta = element(0x00020002, "UI", storage) + element(0x00020010, "UI", syntax)
    return bytes(128) + b"DICM" + meta


def body(
    *,
    explicit: bool = True,
    order: str = "<",
    more: bytes = b"",
    groups: bytes = b"",
    pixels: bytes | None = None,
    rows: int = 2,
    columns: int = 3,
    bits: int = 16,
    stored: int = 16,
    signed: int = 0,
    slope: str = "1",
    frames: int = 0,
    text: str | bytes = "CHEST",
    character_set: str = "",
) -> bytes:
    def one(tag: int, kind: str, value: bytes | str | int) -> bytes:
        return element(tag, kind if explicit else "", value, order)

    single = frames == 0
    parts = [
        one(0x00080005, "CS", character_set) if character_set else b"",
        one(0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"),
        one(0x00080060, "CS", "CT"),
        one(0x0008103E, "LO", text),
        one(0x0020000E, "UI", "1.2.3"),
        one(0x00200032, "DS", "1\\2\\3") if single else b"",
        one(0x00200037, "DS", "1\\0\\0\\0\\1\\0") if single else b"",
        one(0x00280002, "US", 1),
        one(0x00280004, "CS", "MONOCHROME2"),
        b"" if single else one(0x00280008, "IS", str(frames)),
        one(0x00280010, "US", rows),
        one(0x00280011, "US", columns),
        one(0x00280030, "DS", "0.5\\0.25") if single else b"",
        one(0x00280100, "US", bits),
        one(0x00280101, "US", stored),
        one(0x00280102, "US", stored - 1),
        one(0x00280103, "US", signed),
        one(0x00280120, "US", 0xF830),
        one(0x00281052, "DS", "-1024") if single else b"",
        one(0x00281053, "DS", slope) if single else b"",
        more,
        groups,
        one(0x7FE00010, "OW", PIXELS) if pixels is None else pixels,
    ]
    return b"".join(parts)


def functional_groups(frames: int) -> bytes:
    shared = open_sequence(0x00289110, element(0x00280030, "DS", "0.5\\0.25"))
    shared = open_sequence(0x00209116, element(0x00200037, "DS", "1\\0\\0\\0\\1\\0")) + shared
    each = [
        open_sequence(0x00209111, element(0x00209156, "US", 1))
        + open_sequence(0x00209113, element(0x00200032, "DS", f"1\\2\\{3 * k}"))
        + open_sequence(0x00289145, element(0x00281052, "DS", "0") + element(0x00281053, "DS", "2"))
        for k in range(frames)
    ]
    return open_sequence(0x52009229, shared) + open_sequence(0x52009230, *each)


def run_lengths() -> bytes:
    head = struct.pack("<3I", 2, 64, 66) + bytes(52)
    return head + b"\xfb\x01" + b"\x05\x00\x01\x02\x03\x04\x05\x00"


def jpeg_lossless() -> bytes:
    """8 x 10 pixels."""
    return bytes.fromhex(
        "ffd8ffc3000b100008000a01011100ffc400150001010000000000000000000000000000000000ff"
        "da000801010001000081f380000000000000000000ffd9"
    )


def jpeg_2000_header() -> bytes:
    sizes = "ff4fff5100290000" + "0000000a00000008" + "00" * 8 + "0000000a00000008" + "00" * 8
    return bytes.fromhex(sizes + "00010f0101" + "ffd9")


def dicoms() -> dict[str, bytes]:
    big = body(order=">", pixels=element(0x7FE00010, "OW", struct.pack(">6H", *range(6)), ">"))
    deflater = zlib.compressobj(wbits=-15)
    deflated = deflater.compress(body()) + deflater.flush()
    implicit_item = open_sequence(0x00291001, element(0x00081150, "", "1.2"))
    unknown = open_sequence(0x00291001, element(0x00081150, "UI", "1.2"), kind="UN")
    two = element(0x7FE00010, "OW", PIXELS * 2)
    jpeg: dict[str, Any] = {"rows": 8, "columns": 10}
    multi: dict[str, Any] = {"frames": 2, "groups": functional_groups(2)}
    family = "1.2.840.10008.1.2.4."
    return {
        "explicit": start() + body(),
        "implicit": start(IMPLICIT) + body(explicit=False),
        "implicit-as-explicit": start() + body(explicit=False),
        "big-endian": start("1.2.840.10008.1.2.2") + big,
        "deflated": start("1.2.840.10008.1.2.1.99") + deflated,
        "bare": body(),
        "implicit-items": start() + body(more=implicit_item),
        "unknown-items": start() + body(more=unknown),
        "no-delimiters": start() + body(more=unknown[:-8]),
        "fractional": start() + body(slope="0.5"),
        "bytes": start() + body(bits=8, stored=8, pixels=element(0x7FE00010, "OW", bytes(6))),
        "padding": start()
        + body(stored=12, pixels=element(0x7FE00010, "OW", b"\x30\xf8" * 5 + b"\1\0")),
        "signed": start()
        + body(stored=12, signed=1, pixels=element(0x7FE00010, "OW", b"\xff\x0f" * 6)),
        "run-lengths": start("1.2.840.10008.1.2.5") + body(pixels=encapsulated(run_lengths())),
        "jpeg": start(family + "70") + body(pixels=encapsulated(jpeg_lossless()), **jpeg),
        "jpeg-2000": start(family + "90") + body(pixels=encapsulated(jpeg_2000_header()), **jpeg),
        "frames": start(storage=ENHANCED) + body(pixels=two, **multi),
        "frames-run-lengths": start("1.2.840.10008.1.2.5", ENHANCED)
        + body(pixels=encapsulated(run_lengths(), run_lengths()), **multi),
        "frames-jpeg-2000": start(family + "90", ENHANCED)
        + body(
            pixels=encapsulated(*[jpeg_2000_header()[:20], jpeg_2000_header()[20:]] * 2),
            **jpeg,
            **multi,
        ),
        "deflated-frame": start("1.2.840.10008.1.2.8.1")
        + body(pixels=encapsulated(zlib.compress(PIXELS)[2:-4])),
        "japanese": start()
        + body(character_set="ISO 2022 IR 13\\ISO 2022 IR 87", text=b"\xb7 \x1b$B\x36\x3b\x1b(J"),
        "chinese": start() + body(character_set="GB18030", text="胸部".encode("gb18030")),
        "overlay": start()
        + body(
            stored=12,
            more=b"",
            pixels=element(0x60000102, "US", 15) + element(0x7FE00010, "OW", b"\1\x80" * 6),
        ),
        "report": start(storage="1.2.840.10008.5.1.4.1.1.88.11") + element(0x00080060, "CS", "SR"),
    }
