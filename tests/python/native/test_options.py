"""``lungrt-native`` and ``lungrt`` have the same options: names, defaults, choices and help."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import typer

from lungrt.cli.app import app

MARKUP = re.compile(r"\[/?b\]")
# An option in CLI11's help: names, value (its kind, checks and default), help.
OPTION = re.compile(
    r"^  (?P<names>--[\w,-]+)(\{false\})?"
    r"(?: (?P<value>[A-Z]+(?:=[A-Z]+)?)(?::(?P<check>[^=\s]+))?(?:=(?P<default>\S+))?)?"
    r" {2,}(?P<help>.*)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Option:
    """What is said about an option."""

    names: str
    default: str
    choices: str
    help: str


def native_options(native: Path, command: str) -> dict[str, tuple[Option, str]]:
    """Return the options in the help of the native command, and the kinds of their values."""
    text = subprocess.run(
        [native, command, "--help"], capture_output=True, text=True, check=True
    ).stdout
    text = re.sub(r"\n {20,}(?=\S)", "  ", text)  # help after a long option is on its own line
    found = {}
    for option in OPTION.finditer(text):
        check = option["check"] or ""
        found[option["names"].partition(",")[0]] = (
            Option(
                option["names"],
                option["default"] or "",
                check if check.startswith("{") else "",
                option["help"].replace("lungrt-native", "lungrt"),
            ),
            option["value"] or "",
        )
    return found


def python_options(command: str) -> dict[str, tuple[Option, str]]:
    """Return the options of the Python command, and the kinds of their values that it names."""
    group: Any = typer.main.get_command(app)
    found = {}
    for parameter in group.commands[command].params:
        if parameter.param_type_name != "option":
            continue
        default = parameter.default
        choices = [one.value for one in type(default)] if isinstance(default, Enum) else []
        found[parameter.opts[0]] = (
            Option(
                ",".join((*parameter.opts, *parameter.secondary_opts)),
                "" if default in (None, False) else str(getattr(default, "value", default)),
                "{" + ",".join(choices) + "}" if choices else "",
                " ".join(MARKUP.sub("", parameter.help).split()),
            ),
            parameter.metavar or "",
        )
    return found


# Pictures and DICOM are made in Python: the native command writes JSON and CSV, once.
PYTHON_ONLY = {"diagnose": {"--dicom", "--dicom-labelmap", "--show-patient", "--viewer"}}
DIFFERENT = {"diagnose": {"--output"}}


@pytest.mark.parametrize("command", ["diagnose", "info", "verify"])
def test_options_are_those_of_the_python_command(native: Path, command: str) -> None:
    mine, other = native_options(native, command), python_options(command)
    own = {"--engine-runtime"}  # Python finds these folders in its packages
    if command == "verify":
        own.add("--no-progress")
    assert mine.keys() - other.keys() == own
    assert other.keys() - mine.keys() == PYTHON_ONLY.get(command, set())
    for name in (mine.keys() & other.keys()) - DIFFERENT.get(command, set()):
        (said, value), (expected, metavar) = mine[name], other[name]
        assert said == expected
        assert metavar in ("", value), name


def test_the_walk_sees_defaults_and_choices(native: Path) -> None:
    for options in (native_options(native, "diagnose"), python_options("diagnose")):
        assert len(options) >= 20
        assert options["--profile"][0].default == "lung"
        assert options["--mask-format"][0].choices == "{nii.gz,nrrd,mha}"
        assert options["--merge-marks"][0].names == "--merge-marks,--no-merge-marks"
