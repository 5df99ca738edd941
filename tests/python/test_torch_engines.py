"""Libraries of lungrt-torch that fit the installed torch, and messages if none do."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungrt.torch_engines import choose_torch_engines, torch_minor


def torch_of(version: str, folder: Path) -> Path:
    package = folder / "torch"
    package.mkdir()
    text = f"from typing import Optional\n\n__version__ = '{version}'\ndebug = False\n"
    (package / "version.py").write_text(text, encoding="utf-8")
    return package


@pytest.fixture
def engines(tmp_path: Path) -> Path:
    """Create a lungrt-torch for three versions of torch."""
    package = tmp_path / "lungrt_torch"
    for minor in ("2.9", "2.13", "2.11"):
        (package / f"torch-{minor}").mkdir(parents=True)
    return package


@pytest.mark.parametrize(
    ("version", "minor"),
    [("2.11.0", "2.11"), ("2.13.0+cpu", "2.13"), ("2.13.2.dev20261101+cu130", "2.13")],
)
def test_the_minor_version_decides(version: str, minor: str, engines: Path, tmp_path: Path) -> None:
    chosen = choose_torch_engines(engines, torch_of(version, tmp_path))
    assert chosen.folder == engines / f"torch-{minor}"
    assert "pip install --force-reinstall lungrt-torch" in chosen.how_to_get


@pytest.mark.parametrize("version", ["2.1.3", "2.111.0", "3.13.0", "2.12.0"])
def test_another_minor_version_fits_none(version: str, engines: Path, tmp_path: Path) -> None:
    chosen = choose_torch_engines(engines, torch_of(version, tmp_path))
    assert chosen.folder is None
    minor = version.rpartition(".")[0]
    supported = "the installed lungrt-torch supports torch 2.9 or 2.11 or 2.13"
    assert chosen.how_to_get.startswith(f"{supported}, but torch {minor} is installed; ")


def test_neither(tmp_path: Path) -> None:
    chosen = choose_torch_engines(None, None)
    assert (chosen.folder, chosen.how_to_get) == (None, "pip install lungrt-torch")


def test_torch_alone(tmp_path: Path) -> None:
    chosen = choose_torch_engines(None, torch_of("2.13.0", tmp_path))
    assert (chosen.folder, chosen.how_to_get) == (None, "pip install lungrt-torch")


def test_lungrt_torch_alone(engines: Path) -> None:
    chosen = choose_torch_engines(engines, None)
    assert chosen.folder is None
    assert "but torch is not installed; run pip install torch" in chosen.how_to_get


def test_empty_lungrt_torch(tmp_path: Path) -> None:
    (tmp_path / "lungrt_torch").mkdir()
    chosen = choose_torch_engines(tmp_path / "lungrt_torch", torch_of("2.13.0", tmp_path))
    assert chosen.folder is None
    assert "supports no version of torch, but torch 2.13 is installed" in chosen.how_to_get


@pytest.mark.parametrize("text", [None, "", "__version__ = get_version()"])
def test_torch_of_unknown_version(text: str | None, engines: Path, tmp_path: Path) -> None:
    package = tmp_path / "torch"
    package.mkdir()
    if text is not None:
        (package / "version.py").write_text(text, encoding="utf-8")
    assert torch_minor(package) == ""
    assert (
        "a torch of unknown version is installed"
        in choose_torch_engines(engines, package).how_to_get
    )
