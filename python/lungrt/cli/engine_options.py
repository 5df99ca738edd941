"""Parsing of ``--engine-option NAME=VALUE``, for every command that opens an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["parse_engine_options"]


def parse_engine_options(
    given: Sequence[str] | None, *, kernels: str | None = None
) -> dict[str, str]:
    """Return the settings of an engine by name.

    Parameters
    ----------
    given
        NAME=VALUE texts.
    kernels
        Value of ``--kernels``, which is short for the setting of this name.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If a text is not of the form NAME=VALUE, or a name is given twice.
    """
    from lungrt.errors import InvalidArgument

    options = {} if kernels is None else {"kernels": kernels}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise InvalidArgument(f"--engine-option {text}: expected NAME=VALUE")
        if name in options:
            raise InvalidArgument(f"--engine-option {name}: given twice")
        options[name] = value
    return options
