"""The step of `make setup` that downloads ONNX Runtime's headers; the tests download nothing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "onnxruntime_headers.py"

DEB822 = """\
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/archive.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""

ONE_LINE = """\
# deb http://mirror.example/debian bookworm main
deb [signed-by=/usr/share/keyrings/archive.gpg] http://mirror.example/debian bookworm main
deb http://mirror.example/debian bookworm-updates main
deb-src http://mirror.example/debian bookworm main
"""


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the script, on a system without the headers."""
    spec = importlib.util.spec_from_file_location("onnxruntime_headers", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "installed_headers", lambda: None)
    return module


def test_the_main_archive_moves_to_the_release_that_has_the_package(tool: ModuleType) -> None:
    assert tool.debian_main_sources(DEB822, "bookworm", deb822=True) == (
        "Types: deb deb-src\n"
        "URIs: http://mirror.example/debian\n"
        "Suites: trixie\n"
        "Components: main\n"
        "Signed-By: /usr/share/keyrings/archive.gpg"
    )
    assert tool.debian_main_sources(ONE_LINE, "bookworm", deb822=False) == (
        "deb [signed-by=/usr/share/keyrings/archive.gpg] http://mirror.example/debian trixie main"
    )


def test_other_releases_sources_are_left_out(tool: ModuleType) -> None:
    assert tool.debian_main_sources(DEB822, "bullseye", deb822=True) == ""
    assert tool.debian_main_sources(ONE_LINE, "bullseye", deb822=False) == ""


def test_a_system_without_sources(tool: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(tool.Failure, match="contains no source of Debian"):
        tool.write_side_sources(tmp_path, tmp_path / "etc")


def test_nothing_is_done_twice(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(work: Path) -> Path:
        (work / "found").mkdir()
        (work / "found" / tool.HEADER).write_text("// header")
        return work / "found"

    monkeypatch.setattr(tool, "apt_can_have_it", lambda: True)
    monkeypatch.setattr(tool, "fetch", fetch)
    target = tmp_path / "build" / "include"
    assert "downloaded the headers of ONNX Runtime to" in tool.install(target)
    assert (target / tool.HEADER).read_text() == "// header"
    monkeypatch.setattr(tool, "fetch", lambda work: pytest.fail("downloaded again"))
    assert tool.install(target) == ""


def test_without_debian_the_engine_is_left_out(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "apt_can_have_it", lambda: False)
    assert "built without that engine" in tool.install(tmp_path / "include")
    assert not (tmp_path / "include").exists()


def test_a_failure_says_what_to_do(
    tool: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fetch(work: Path) -> Path:
        tool.run([sys.executable, "-c", "raise SystemExit('no route to host')"], work, "slow\n")
        return work

    monkeypatch.setattr(tool, "apt_can_have_it", lambda: True)
    monkeypatch.setattr(tool, "fetch", fetch)
    monkeypatch.setattr(sys, "argv", [str(TOOL), str(tmp_path / "include")])
    assert tool.main() == 1
    message = capsys.readouterr().err
    for words in ("slow", "no route to host", "libonnxruntime-dev", "ONNXRUNTIME=off"):
        assert words in message
    assert not (tmp_path / "include").exists()


def test_the_headers_of_a_release_archive_are_found(tmp_path: Path) -> None:
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "onnxruntime_cxx_api.h").touch()
    done = subprocess.run(
        [sys.executable, TOOL, tmp_path / "target"],
        env={"ONNXRUNTIME_ROOT": str(tmp_path), "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
