"""Errors of the C++ library arrive as the classes of lungrt.errors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lungrt
from lungrt import errors

HEADER = Path(__file__).parents[2] / "cpp/include/lungrt/error.h"


def test_every_code_has_its_class_and_every_class_its_code() -> None:
    body = HEADER.read_text(encoding="utf-8").split("enum class ErrorCode {")[1].split("}")[0]
    codes = set(re.findall(r"^\s*k(\w+)", body, re.MULTILINE))
    assert codes == set(errors.__all__) - {"Error"}
    assert all(issubclass(getattr(errors, name), errors.Error) for name in codes)


def test_message_and_builtin_base_arrive() -> None:
    with pytest.raises(
        ValueError, match="unknown inverse transform 'none': expected book"
    ) as caught:
        lungrt.Geometry().to_index((0, 0, 0), "none")
    assert type(caught.value) is errors.InvalidArgument


def test_io_error_of_the_core(tmp_path: Path) -> None:
    with pytest.raises(errors.Io, match="nowhere") as caught:
        lungrt.Pipeline(tmp_path / "nowhere", profile="book")
    assert isinstance(caught.value, OSError)
