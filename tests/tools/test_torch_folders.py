"""``tools/torch_folders.py``: which files it keeps of a torch, and its error messages."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "torch_folders.py"
_SPEC = importlib.util.spec_from_file_location("torch_folders", TOOL)
assert _SPEC is not None
assert _SPEC.loader is not None
torch_folders = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(torch_folders)

FILES = (
    "torch/version.py",
    "torch/include/ATen/ATen.h",
    "torch/lib/libc10.so",
    "torch/lib/libtorch_cpu.so",
    "torch/lib/libtorch_cuda.so",
    "torch/nn/modules/conv.py",
)


def wheel_of(version: str, folder: Path, files: tuple[str, ...] = FILES) -> Path:
    """Write a wheel that pip takes for a torch."""
    folder.mkdir(exist_ok=True)
    path = folder / f"torch-{version}-py3-none-any.whl"
    info = f"torch-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for name in files:
            archive.writestr(name, name)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


def run(index: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the tool with the wheels of a folder instead of an index."""
    return subprocess.run(
        [sys.executable, TOOL, *map(str, arguments)],
        env={"PATH": "/usr/bin:/bin", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_keeps_headers_and_two_libraries(tmp_path: Path) -> None:
    for version in ("2.11.0", "2.11.1", "2.12.0"):
        wheel_of(version, tmp_path / "index")
    done = run(tmp_path / "index", tmp_path / "torches", "2.11", "2.12")
    assert done.returncode == 0, done.stderr
    folders = [Path(folder) for folder in done.stdout.strip().split(";")]
    assert folders == [tmp_path / "torches" / minor / "torch" for minor in ("2.11", "2.12")]
    kept = {str(path.relative_to(folders[0].parent)) for path in folders[0].rglob("*.*")}
    assert kept == {*FILES} - {"torch/lib/libtorch_cuda.so", "torch/nn/modules/conv.py"}
    assert sorted(path.name for path in (tmp_path / "torches").iterdir()) == ["2.11", "2.12"]


def test_fetches_nothing_twice(tmp_path: Path) -> None:
    wheel_of("2.11.0", tmp_path / "index")
    first = run(tmp_path / "index", tmp_path / "torches", "2.11")
    again = run(tmp_path / "nowhere", tmp_path / "torches", "2.11")
    assert again.returncode == 0, again.stderr
    assert again.stdout == first.stdout


def test_says_which_version_cannot_be_had(tmp_path: Path) -> None:
    wheel_of("2.11.0", tmp_path / "index")
    done = run(tmp_path / "index", tmp_path / "torches", "2.99")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: pip cannot download torch 2.99:\n")
    assert list((tmp_path / "torches").iterdir()) == []


@pytest.mark.parametrize("minor", ["2", "2.13.0", "newest"])
def test_refuses_what_is_no_minor_version(minor: str, tmp_path: Path) -> None:
    done = run(tmp_path, tmp_path / "torches", minor)
    assert done.returncode == 1
    assert (
        done.stderr
        == f"error: '{minor}' is not a minor version of torch; expected for example 2.13\n"
    )


def test_refuses_a_torch_without_its_library(tmp_path: Path) -> None:
    wheel = wheel_of("2.11.0", tmp_path, ("torch/version.py",))
    with pytest.raises(torch_folders.Failure, match=r"does not contain libtorch_cpu\.so"):
        torch_folders.unpack(wheel, tmp_path / "2.11")
    assert not (tmp_path / "2.11").exists()
