"""One version, written in CMakeLists.txt: everything else tells the same."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

import lungrt

from .conftest import ROOT


@pytest.fixture(scope="module")
def version() -> str:
    """Return what CMakeLists.txt says."""
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    found = re.search(r"project\(\s*lungrt\s+VERSION (\d+\.\d+\.\d+)\s", text)
    assert found
    return found[1]


def metadata_of(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_of_the_package(version: str) -> None:
    assert lungrt.__version__ == version


def test_of_the_command(version: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lungrt", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"lungrt {version}\n"


def test_of_the_sdist(version: str, sdist: Path) -> None:
    assert sdist.name == f"lungrt-{version}.tar.gz"


@pytest.mark.index
def test_of_the_wheel(version: str, core_wheel: Path) -> None:
    assert core_wheel.name.startswith(f"lungrt-{version}-")
    assert metadata_of(core_wheel)["Version"] == version


@pytest.mark.index
def test_of_the_installed_command(version: str, bare_environment: Path) -> None:
    command = bare_environment / "bin" / "lungrt"
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"lungrt {version}\n"


def test_of_lungrt_torch(version: str, torch_wheel: Path) -> None:
    metadata = metadata_of(torch_wheel)
    assert metadata["Version"] == version
    assert f"lungrt=={version}" in metadata.get_all("Requires-Dist", [])


def test_of_the_changelog(version: str) -> None:
    """A release has a section; before it, what is unreleased has one."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"(?m)^## \[?([^\]\s]+)", text)
    assert headings
    assert headings[0].lower() == "unreleased" or headings[0] == version
