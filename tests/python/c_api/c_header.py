"""The C interface for ctypes, read from the header itself: structures, constants, functions."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

INCLUDE = Path(__file__).parents[3] / "cpp/include"
HEADER = INCLUDE / "lungrt/c_api.h"

_SCALARS: dict[str, Any] = {
    "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64,
    "uint8_t": ctypes.c_uint8,
    "size_t": ctypes.c_size_t,
    "double": ctypes.c_double,
    "char": ctypes.c_char,
    "void": None,
    "lungrt_status": ctypes.c_int32,
}
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_CALLBACK = re.compile(r"typedef (\w+) \(\*(\w+)\)\(([^)]*)\);")
_STRUCT = re.compile(r"typedef struct (\w+) \{(.*?)\} \1;", re.DOTALL)
_CONSTANT = re.compile(r"(LUNGRT_[A-Z0-9_]+) = (\d+)")
_FUNCTION = re.compile(r"LUNGRT_API ([\w* ]+?)\s*(lungrt_\w+)\(([^)]*)\);")
_DECLARATION = re.compile(r"((?:const )?\w+[ *]+)(\w+)(?:\[(\d+)\])?")


class Api(SimpleNamespace):
    """Constants, structures and callback types by their names, and `library`."""

    library: ctypes.CDLL

    def sized(self, structure: str, **members: object) -> Any:
        """Return a structure as a caller begins with it: its size, zeros, and the members given."""
        kind = getattr(self, structure)
        return kind(struct_size=ctypes.sizeof(kind), **members)


class _Types:
    """What names of types in the header stand for, as far as it was read."""

    def __init__(self) -> None:
        self.known = dict(_SCALARS)

    def of(self, text: str) -> Any:
        """Return the type of such a text as ``const char**``."""
        base, stars = text.replace("const", "").replace("*", "").strip(), text.count("*")
        if base == "char" and stars > 0:
            # A text that the caller frees must stay a pointer.
            kind = ctypes.c_char_p if "const" in text or stars == 1 else ctypes.c_void_p
            stars -= 1
        elif stars > 0 and self.known.get(base) is None:  # void and opaque handles
            kind, stars = ctypes.c_void_p, stars - 1
        else:
            kind = self.known[base]
        for _ in range(stars):
            kind = ctypes.POINTER(kind)
        return kind

    def declarations(self, text: str, separator: str) -> Iterator[tuple[str, Any]]:
        """Return name and type of each, such as ``double spacing_mm[3]``."""
        for part in text.split(separator):
            if part.strip() in ("", "void"):
                continue
            match = _DECLARATION.fullmatch(" ".join(part.split()))
            assert match, part
            kind = self.of(match[1])
            yield match[2], kind * int(match[3]) if match[3] else kind


def read_header() -> str:
    """Return the header without comments."""
    return _COMMENT.sub("", HEADER.read_text(encoding="utf-8"))


def functions() -> dict[str, tuple[str, str]]:
    """Return and parameters of each function, as text."""
    return {name: (result, given) for result, name, given in _FUNCTION.findall(read_header())}


def load(library: Path) -> Api:
    """Open the library as the header describes it."""
    text = read_header()
    types = _Types()
    api = Api(library=ctypes.CDLL(str(library)))
    for name, value in _CONSTANT.findall(text):
        setattr(api, name, int(value))
    for result, name, given in _CALLBACK.findall(text):
        kinds = [kind for _, kind in types.declarations(given, ",")]
        types.known[name] = ctypes.CFUNCTYPE(types.of(result), *kinds)
        setattr(api, name, types.known[name])
    for name, body in _STRUCT.findall(text):
        fields = list(types.declarations(body, ";"))
        types.known[name] = type(name, (ctypes.Structure,), {"_fields_": fields})
        setattr(api, name, types.known[name])
    for name, (result, given) in functions().items():
        function = getattr(api.library, name)
        function.argtypes = [kind for _, kind in types.declarations(given, ",")]
        function.restype = types.of(result)
    api.library.lungrt_text_free.argtypes = [ctypes.c_void_p]
    return api
