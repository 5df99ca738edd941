"""What `cmake --install` installed, in a prefix that was moved."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

# Tests here import how to install by its bare name.
sys.path.insert(0, str(Path(__file__).parent))

import prefixes
from prefixes import BUILD


@pytest.fixture(scope="session")
def compiled() -> Path:
    """Return the folder of what `make build` compiled."""
    if not (BUILD / "CMakeCache.txt").is_file():
        pytest.skip(f"needs what `make build` compiles, absent at {BUILD}")
    return BUILD


@pytest.fixture(scope="session")
def prefix(compiled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install everything, then move it: nothing may remember where it was."""
    folder = tmp_path_factory.mktemp("prefix")
    prefixes.install(folder / "before")
    (folder / "before").rename(folder / "moved")
    return folder / "moved"


@pytest.fixture(scope="session")
def consumer(prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the outside project; return its build folder."""
    build = tmp_path_factory.mktemp("consumer") / "build"
    return prefixes.build_project(prefixes.CONSUMER, build, prefix)


@pytest.fixture(scope="session")
def examples(prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the examples outside of the project; return their build folder."""
    source = tmp_path_factory.mktemp("examples") / "source"
    shutil.copytree(prefixes.EXAMPLES, source)
    return prefixes.build_project(source, source.parent / "build", prefix)


@pytest.fixture(scope="session")
def reference_bundle(
    segmentation_checkpoint: Path, nodule_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Export the book's two networks."""
    pytest.importorskip("onnxscript")
    from lungrt.export import export_bundle
    from lungrt.models import load_network

    networks = {
        "segmentation": [load_network("segmentation", segmentation_checkpoint)],
        "nodule": [load_network("nodule", nodule_checkpoint)],
    }
    folder = tmp_path_factory.mktemp("reference") / "bundle"
    export_bundle(networks, folder)
    return folder
