"""Checks of options and activations that the families of networks share."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from torch import nn

from lungrt.errors import InvalidArgument

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU}

# Levels or blocks beyond this number are ignored, since no real network has so many.
MOST_LEVELS = 12


def check_known(given: Mapping[str, Any], known: Collection[str], *, of: str) -> None:
    """Raise InvalidArgument with every option that does not exist, and the existing ones."""
    if unknown := sorted(set(given) - set(known)):
        raise InvalidArgument(f"{of}: unknown options {unknown}; the options are {sorted(known)}")


def check_bool(name: str, value: object) -> None:
    """Raise InvalidArgument if an option is not a boolean."""
    if not isinstance(value, bool):
        raise InvalidArgument(f"{name}: expected true or false, got {value!r}")


def check_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Raise InvalidArgument if an option is not one of its choices."""
    if value not in choices:
        raise InvalidArgument(f"{name}: expected one of {sorted(choices)}, got {value!r}")


def check_whole(name: str, value: object, *, least: int = 1) -> None:
    """Raise InvalidArgument if an option is not a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InvalidArgument(f"{name}: expected a whole number of at least {least}, got {value!r}")


def check_number(name: str, value: object) -> None:
    """Raise InvalidArgument if an option is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidArgument(f"{name}: expected a finite number, got {value!r}")


def check_positive(name: str, value: object) -> None:
    """Raise InvalidArgument if an option is not a finite number above zero."""
    check_number(name, value)
    if not value > 0:  # type: ignore[operator]
        raise InvalidArgument(f"{name}: expected a number above zero, got {value!r}")


def as_sizes(name: str, value: object, *, count: int | None = None) -> tuple[int, ...]:
    """Return an option that is a list of positive whole numbers as a tuple.

    Raises
    ------
    InvalidArgument
        The value is something else, or does not have `count` items.
    """
    if (
        not isinstance(value, (list, tuple))
        or not value
        or (count is not None and len(value) != count)
    ):
        how_many = "whole numbers" if count is None else f"{count} whole numbers"
        raise InvalidArgument(f"{name}: expected a list of {how_many}, got {value!r}")
    for item in value:
        check_whole(name, item)
    return tuple(value)
