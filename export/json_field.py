"""Strict JSON reader whose errors name the file, the field, its value and what was expected."""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from typing import Any, NoReturn

from lungrt.errors import BadBundle

_LONGEST_VALUE = 80  # most characters of a value that a message repeats


def parse_json(text: str, file: str) -> JsonField:
    """Parse a JSON document that has no duplicate keys and only finite numbers.

    Raises
    ------
    BadBundle
        The text is not JSON, or it has a duplicate key, NaN or Infinity.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in pairs:
            if key in result:
                raise BadBundle(f"{file}: field {key!r} appears twice in the same object")
            result[key] = value
        return result

    def no_constant(name: str) -> NoReturn:
        raise ValueError(f"{name} is not allowed in JSON")

    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        raise BadBundle(
            f"{file}: not valid JSON ({error}). The file is damaged or incomplete; export or copy "
            "the bundle again"
        ) from error
    return JsonField(value, file)


class JsonField:
    """JSON value with its file and its path in the document, such as ``stages.nodule.crop[1]``."""

    def __init__(self, value: Any, file: str, path: str = "") -> None:
        self.value = value
        self._file = file
        self._path = path

    @property
    def _name(self) -> str:
        return self._path or "the document"

    def fail(self, expected: str) -> NoReturn:
        """Raise BadBundle with the value that was found and a description of the expected one."""
        found = json.dumps(self.value)
        if len(found) > _LONGEST_VALUE:
            found = found[:_LONGEST_VALUE] + "..."
        raise BadBundle(f"{self._file}: {self._name} is {found}, expected {expected}")

    def only(self, known: Collection[str]) -> JsonField:
        """Return this object; raise BadBundle if it has a field that is not in `known`."""
        for key in self.members():
            if key not in known:
                raise BadBundle(
                    f"{self._file}: unknown field {key!r} in {self._name}; expected only: "
                    + ", ".join(known)
                )
        return self

    def at(self, key: str) -> JsonField:
        """Return a required member of an object."""
        members = self.members()
        if key not in members:
            raise BadBundle(f"{self._file}: field {key!r} is missing in {self._name}")
        return members[key]

    def members(self) -> dict[str, JsonField]:
        """Return the members of an object by key."""
        if not isinstance(self.value, dict):
            self.fail("an object")
        prefix = f"{self._path}." if self._path else ""
        return {k: JsonField(v, self._file, f"{prefix}{k}") for k, v in self.value.items()}

    def items(self, count: int | None = None) -> list[JsonField]:
        """Return the items of an array, which must have `count` items if that is given."""
        if not isinstance(self.value, list) or count not in (None, len(self.value)):
            self.fail("an array" if count is None else f"an array of {count} items")
        return [JsonField(v, self._file, f"{self._path}[{i}]") for i, v in enumerate(self.value)]

    def mapping(self) -> dict[str, Any]:
        """Return the content of an object without checking its members."""
        self.members()
        content: dict[str, Any] = self.value
        return content

    def text(self) -> str:
        """Return a string that is not empty and has no control characters."""
        if not isinstance(self.value, str) or not self.value.isprintable() or not self.value:
            self.fail("a non-empty string without control characters")
        return self.value

    def whole(self, least: int) -> int:
        """Return a whole number of at least `least`; 1.0 is not accepted as one."""
        if type(self.value) is not int or self.value < least:
            self.fail(f"a whole number of at least {least}")
        return self.value

    def number(self, least: float = -math.inf, most: float = math.inf) -> float:
        """Return a number between `least` and `most`, both included."""
        if type(self.value) not in (int, float) or not least <= self.value <= most:
            self.fail(f"a number from {least:g} to {most:g}")
        return float(self.value)

    def equal(self, expected: object) -> None:
        """Raise BadBundle unless the value equals `expected`."""
        if self.value != expected or isinstance(self.value, bool) != isinstance(expected, bool):
            self.fail(json.dumps(expected))
