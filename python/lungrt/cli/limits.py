"""``--time-limit`` and ``--memory-limit``: the most time and memory that a run may use."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated

import typer

__all__ = ["MemoryLimit", "TimeLimit", "parse_memory", "validate_time"]

_PANEL = "Limits"

TimeLimit = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="Stop with an error if the run takes longer than this. Reading the CT and loading the "
        "bundle are not counted.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]

MemoryLimit = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Stop with an error if the run would need more host memory than this: a number of "
        "bytes, or for example 500M or 2GiB. The CT, the weights and what engines other than "
        "native allocate internally are not counted.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "KI": 2**10, "MI": 2**20, "GI": 2**30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMG]I?)?B?", re.IGNORECASE)
_MOST = 2**63 - 1


def validate_time(seconds: float | None) -> float:
    """Return a time limit in seconds; 0 means no limit.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If the limit is not a finite number greater than 0.
    """
    from lungrt.errors import InvalidArgument

    if seconds is None:
        return 0.0
    if not 0.0 < seconds < float("inf"):
        raise InvalidArgument(
            f"--time-limit {seconds:g}: expected a number of seconds greater than 0"
        )
    return seconds


def parse_memory(text: str | None) -> int:
    """Return a memory limit in bytes; 0 means no limit.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If the text is not a size, or the size is not between 1 and 2**63 - 1 bytes.
    """
    from lungrt.errors import InvalidArgument

    if text is None:
        return 0
    match = _SIZE.fullmatch(text.strip())
    size = int(Fraction(match[1]) * _UNITS[(match[2] or "").upper()]) if match else 0
    if not 1 <= size <= _MOST:
        raise InvalidArgument(
            f"--memory-limit {text}: expected a number of bytes, or a number with K, M, G (powers "
            "of 1,000) or Ki, Mi, Gi (powers of 1,024), such as 500M or 2GiB"
        )
    return size
