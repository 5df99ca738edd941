"""Settings in words: ``engine=onnxruntime precision=tf32``."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any

from lungrt.errors import InvalidArgument
from lungrt.profiles import DEFAULT_PROFILE

__all__ = ["Settings", "parse_settings"]

_NAMES = (
    "bundle",
    "engine",
    "device",
    "precision",
    "profile",
    "geometry",
    "region",
    "merge_marks",
    "kernels",
    "threads",
)
_OPTION = "option."


@dataclass(frozen=True)
class Settings:
    """How `lungrt.Pipeline` is opened.

    Attributes
    ----------
    text : str
        What the user wrote.
    bundle : str
    arguments : dict
        Keyword arguments besides; what is left out has the pipeline's default.
    """

    text: str
    bundle: str
    arguments: dict[str, Any] = field(default_factory=dict)


def parse_settings(text: str, bundle: str | None) -> Settings:
    """Read settings, NAME=VALUE separated by spaces; values with spaces stand in quotes.

    Parameters
    ----------
    text
        Empty for the defaults of ``lungrt diagnose``.
    bundle
        Where the settings name none.

    Raises
    ------
    lungrt.errors.InvalidArgument
        One is not of that form, is not known or stands twice, or no bundle is named.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:  # a quote without its end
        raise InvalidArgument(f"settings {text!r}: {error}") from error
    given: dict[str, str] = {}
    options: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals and value):
            raise InvalidArgument(
                f"settings {text!r}: {word!r} is not NAME=VALUE; expected NAME=VALUE separated by "
                f"spaces, of {', '.join(_NAMES)} and {_OPTION}NAME of the engine"
            )
        target = options if name.startswith(_OPTION) or name == "kernels" else given
        key = name.removeprefix(_OPTION)
        if target is given and name not in _NAMES:
            raise InvalidArgument(
                f"settings {text!r}: {name} is not known; expected {', '.join(_NAMES)}, or "
                f"{_OPTION}NAME for an option of the engine"
            )
        if key in target:
            raise InvalidArgument(f"settings {text!r}: {name} stands twice")
        target[key] = value
    found = given.pop("bundle", bundle)
    if not found:
        raise InvalidArgument(
            f"settings {text!r}: no bundle is named; give --bundle, or bundle=... in the settings"
        )
    arguments: dict[str, Any] = {"profile": DEFAULT_PROFILE, **given}
    if "threads" in given:
        arguments["threads"] = _threads(given["threads"], text)
    if "merge_marks" in given:
        arguments["merge_marks"] = _yes_or_no(given["merge_marks"], text)
    if options:
        arguments["engine_options"] = options
    return Settings(text or "defaults", found, arguments)


def _yes_or_no(value: str, text: str) -> bool:
    if value not in ("yes", "no"):
        raise InvalidArgument(f"settings {text!r}: merge_marks={value}: expected yes or no")
    return value == "yes"


def _threads(value: str, text: str) -> int:
    if not (value.isascii() and value.isdecimal() and int(value) > 0):
        raise InvalidArgument(f"settings {text!r}: threads={value}: expected at least 1")
    return int(value)
