"""What files say must not reach a terminal as control characters, in either command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WriteSeries = Callable[..., list[Path]]
CONTROLS = [*map(chr, range(9)), *map(chr, range(11, 32)), "\x7f", "\x9b"]


@pytest.fixture(params=["native", "python"])
def command(request: pytest.FixtureRequest) -> list[str]:
    if request.param == "native":
        return [str(request.getfixturevalue("native"))]
    return [sys.executable, "-m", "lungrt"]


def refused(command: list[str], path: Path, bundle: Path) -> str:
    done = subprocess.run(
        [*command, "diagnose", str(path), "--bundle", str(bundle)],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == b""
    message = done.stderr.decode()
    assert not any(control in message for control in CONTROLS)
    return message


def test_descriptions_of_series(
    command: list[str], tmp_path: Path, write_series: WriteSeries, tiny_bundle: Path
) -> None:
    def edit(index: int, data: Any) -> None:
        data.SeriesDescription = "CHEST\x1b[31m\x07"

    write_series(tmp_path / "ct", edit=edit)
    write_series(tmp_path / "ct", uid="1.2.3", prefix="other")
    message = refused(command, tmp_path / "ct", tiny_bundle)
    assert "  CHEST\\x1b[31m\\x07, " in message
    assert "\n  1.2.3" in message  # the list keeps its lines


def test_names_of_files(
    command: list[str], tmp_path: Path, write_series: WriteSeries, tiny_bundle: Path
) -> None:
    write_series(tmp_path / "ct")
    (tmp_path / "ct" / "a\x1b[2Jb.dcm").write_bytes(b"")
    assert "a\\x1b[2Jb.dcm: " in refused(command, tmp_path / "ct", tiny_bundle)
