"""Standard streams that are closed, full or no longer read, in both commands."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import SimpleITK

import lungrt

Shell = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(params=["lungrt", "lungrt-native"])
def program(request: pytest.FixtureRequest) -> str:
    if request.param == "lungrt":
        return f"{shlex.quote(sys.executable)} -m lungrt"
    return str(request.getfixturevalue("native"))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Return a function that runs a command line of bash, which may redirect streams."""

    def run(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def diagnosis(program: str, native_bundle: Path, small_ct: lungrt.CtVolume, tmp_path: Path) -> str:
    """Return a command that writes a report to report.json."""
    image = SimpleITK.GetImageFromArray(small_ct.hu)
    SimpleITK.WriteImage(image, str(tmp_path / "ct.mha"))
    files = f"ct.mha --bundle {native_bundle} --output report.json"
    return f"{program} diagnose {files} --profile book --candidates"


def assert_whole(folder: Path) -> None:
    assert json.loads((folder / "report.json").read_text())["candidates"]
    assert sorted(path.name for path in folder.iterdir()) == ["ct.mha", "report.json"]


@pytest.mark.parametrize("streams", [">&-", ">&- 2>&-", "<&- >&- 2>&-", ">&- 2>/dev/full"])
def test_closed_streams_are_discarded(
    diagnosis: str, shell: Shell, tmp_path: Path, streams: str
) -> None:
    done = shell(f"{diagnosis} {streams}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert_whole(tmp_path)


@pytest.mark.parametrize("streams", ["2>&-", "2>/dev/full"])
def test_results_do_not_need_stderr(
    diagnosis: str, shell: Shell, tmp_path: Path, streams: str
) -> None:
    done = shell(f"{diagnosis} {streams}")
    assert done.returncode == 0
    assert "candidates" in done.stdout
    assert_whole(tmp_path)


def test_a_reader_that_has_ended_is_no_error(diagnosis: str, shell: Shell, tmp_path: Path) -> None:
    # `true` has ended long before the first line is printed.
    done = shell(f"{diagnosis} | true; echo ${{PIPESTATUS[0]}}")
    assert (done.stdout, done.stderr) == ("141\n", "")
    assert_whole(tmp_path)


def test_a_full_disk_is_an_error_of_one_line(diagnosis: str, shell: Shell, tmp_path: Path) -> None:
    done = shell(f"{diagnosis} >/dev/full")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: cannot write to standard output: No space left on device; ")
    assert_whole(tmp_path)


@pytest.mark.parametrize("command", ["--version", "--help", "info", "diagnose --help"])
def test_other_commands(program: str, shell: Shell, command: str) -> None:
    assert shell(f"{program} {command} >&-").returncode == 0
    full = shell(f"{program} {command} >/dev/full")
    assert full.returncode == 2
    assert full.stderr.startswith("error: cannot write to standard output")
    gone = shell(f"{program} {command} | true; echo ${{PIPESTATUS[0]}}")
    assert gone.stdout in ("141\n", "0\n")  # 0: the text was in the pipe before its reader ended
    assert gone.stderr == ""


def test_an_error_where_stderr_is_closed_keeps_its_exit_code(program: str, shell: Shell) -> None:
    assert shell(f"{program} diagnose absent.mha 2>&-").returncode == 2
