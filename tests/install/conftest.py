"""An environment of its own with lungrt and what a diagnosis needs: no torch, no exporter."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "python"  # of `make build`: everything is compiled there already

# Of ONNX Runtime only its own folder: its library is used, never its Python, which needs more.
ALONE = ("onnxruntime",)
# What lungrt asks for, with all that those need.
WITH_NEEDS = ("numpy", "SimpleITK", "typer", "rich")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from what is compiled."""
    if not (BUILD / "CMakeCache.txt").is_file():
        pytest.skip(f"needs what `make build` compiles, absent at {BUILD}")
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index")
    done = subprocess.run(
        [*pip, f"--config-settings=build-dir={BUILD}", "--wheel-dir", folder, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("lungrt-*.whl")
    return built


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the environment; return its Python."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    wanted = {item for name in WITH_NEEDS for item in _with_needs(name)} | set(ALONE)
    for name in wanted:
        for item in _top_level(metadata.distribution(name)):
            link = packages / item.name
            if not link.exists():
                link.symlink_to(item)
    return folder / "bin" / "python"


def _with_needs(name: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield a distribution and all that it needs, by name."""
    if name in seen:
        return
    yield name
    for text in metadata.requires(name) or ():
        needed = Requirement(text)
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            yield from _with_needs(needed.name, seen | {name})


def _top_level(distribution: metadata.Distribution) -> set[Path]:
    """Return the folders and modules of a distribution in site-packages."""
    names = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
    return {Path(str(distribution.locate_file(name))) for name in names}
