"""Parsing and validation of the options of a run."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
import typer

from lungrt.cli.app import app
from lungrt.cli.options import RunOptions, parse_engine_options, parse_memory, validate_time
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


def test_engine_options() -> None:
    assert parse_engine_options(["a=1", "b=x=y"]) == {"a": "1", "b": "x=y"}
    assert parse_engine_options(None) == {}


@pytest.mark.parametrize("given", [["a"], ["=1"], [""]])
def test_engine_options_of_another_form(given: list[str]) -> None:
    with pytest.raises(InvalidArgument, match="expected NAME=VALUE"):
        parse_engine_options(given)


def test_an_engine_option_given_twice() -> None:
    with pytest.raises(InvalidArgument, match="a: given twice"):
        parse_engine_options(["a=1", "a=2"])
    with pytest.raises(InvalidArgument, match="kernels: given twice"):
        parse_engine_options(["kernels=direct"], kernels="direct")


def options_of(command: str) -> dict[str, Any]:
    """Return the options of a command by name."""
    group: Any = typer.main.get_command(app)
    return {parameter.name: parameter for parameter in group.commands[command].params}


# Options in which a command differs on purpose, and how.
OWN_DEFAULTS: dict[str, dict[str, str]] = {
    "diagnose": {},
    "compare": {},
    "evaluate": {"profile": "book"},
}


@pytest.mark.parametrize("command", OWN_DEFAULTS)
def test_commands_share_the_options_of_a_run(command: str) -> None:
    found, expected = options_of(command), options_of("diagnose")
    for name, default in {**asdict(RunOptions()), **OWN_DEFAULTS[command]}.items():
        assert found[name].default == default, name
        for part in ("opts", "secondary_opts", "help", "metavar", "rich_help_panel"):
            assert getattr(found[name], part) == getattr(expected[name], part), name


def test_options_reach_the_pipeline() -> None:
    run = RunOptions(
        engine="native",
        engine_option=["instruction_set=avx2"],
        kernels="direct",
        device="cuda:1",
        precision="bf16",
        threads=3,
        profile="book",
        geometry="exact",
        region="lung",
        merge_marks=False,
        voxel_order="stored",
        time_limit=1.5,
        memory_limit="2K",
        allow_non_hu=True,
    )
    assert run.pipeline() == {
        "engine": "native",
        "engine_options": {"kernels": "direct", "instruction_set": "avx2"},
        "device": "cuda:1",
        "precision": "bf16",
        "threads": 3,
        "profile": "book",
        "geometry": "exact",
        "region": "lung",
        "merge_marks": False,
        "voxel_order": "stored",
    }
    assert run.limits() == {
        "max_seconds": 1.5,
        "max_memory_bytes": 2000,
        "allow_non_hu": True,
    }
