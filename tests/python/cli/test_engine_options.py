"""Parsing of ``--engine-option``."""

import pytest

from lungrt.cli.engine_options import parse_engine_options
from lungrt.errors import InvalidArgument


def test_reads_names_and_values():
    assert parse_engine_options(["a=1", "b=x=y"]) == {"a": "1", "b": "x=y"}
    assert parse_engine_options(None) == {}


@pytest.mark.parametrize("given", [["a"], ["=1"], [""]])
def test_refuses_another_form(given):
    with pytest.raises(InvalidArgument, match="expected NAME=VALUE"):
        parse_engine_options(given)


def test_refuses_a_name_given_twice():
    with pytest.raises(InvalidArgument, match="given twice"):
        parse_engine_options(["a=1", "a=2"])
