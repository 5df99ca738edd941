"""``--time-limit`` and ``--memory-limit`` of ``lungrt diagnose``."""

from __future__ import annotations

import pytest

from lungrt.cli.limits import parse_memory, validate_time
from lungrt.errors import InvalidArgument


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (None, 0),
        ("1", 1),
        ("500M", 500_000_000),
        ("500MB", 500_000_000),
        ("2GiB", 2 << 30),
        ("2gi", 2 << 30),
        ("1.5 Ki", 1536),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_sizes(text: str | None, size: int) -> None:
    assert parse_memory(text) == size


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "two", "1TB", "nan", "1e9", "0.1", "9223372036854775808", "9" * 400]
)
def test_invalid_sizes(text: str) -> None:
    with pytest.raises(InvalidArgument, match="--memory-limit"):
        parse_memory(text)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_invalid_times(seconds: float) -> None:
    with pytest.raises(InvalidArgument, match="--time-limit"):
        validate_time(seconds)
    assert validate_time(None) == 0.0
    assert validate_time(2.5) == 2.5
