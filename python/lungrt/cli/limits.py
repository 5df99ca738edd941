"""``--time-limit`` and ``--memory-limit``: what a run may take."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated

import typer

__all__ = ["MemoryLimit", "TimeLimit", "parse_memory", "require_time"]

TimeLimit = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="Give the run up where it takes longer; reading the CT and loading the bundle do not "
        "count.",
        show_default=False,
    ),
]

MemoryLimit = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Give the run up where it would work in more host memory: 500M, 2GiB, or bytes. The "
        "CT, the weights and the inside of other engines than native do not count.",
        show_default=False,
    ),
]

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "KI": 2**10, "MI": 2**20, "GI": 2**30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMG]I?)?B?", re.IGNORECASE)
_MOST = 2**63 - 1


def require_time(seconds: float | None) -> float:
    """Return a time in seconds, 0 for none.

    Raises
    ------
    lungrt.errors.InvalidArgument
        It is none that a limit can have.
    """
    from lungrt.errors import InvalidArgument

    if seconds is None:
        return 0.0
    if not 0.0 < seconds < float("inf"):
        raise InvalidArgument(f"--time-limit {seconds:g}: expected seconds, more than 0")
    return seconds


def parse_memory(text: str | None) -> int:
    """Return a size in bytes, 0 for none.

    Raises
    ------
    lungrt.errors.InvalidArgument
        It is no size, or none that a limit can have.
    """
    from lungrt.errors import InvalidArgument

    if text is None:
        return 0
    match = _SIZE.fullmatch(text.strip())
    size = int(Fraction(match[1]) * _UNITS[(match[2] or "").upper()]) if match else 0
    if not 1 <= size <= _MOST:
        raise InvalidArgument(
            f"--memory-limit {text}: expected bytes, or a number with K, M, G (thousands) or "
            "Ki, Mi, Gi (powers of 1,024), such as 500M or 2GiB"
        )
    return size
