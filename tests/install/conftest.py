"""What was installed: the package in a prefix that was moved, and the wheel.

The wheel lies in an environment of its own with what a diagnosis needs: no torch, no exporter.
"""

from __future__ import annotations

import shutil
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

# Tests here import how to install by its bare name.
sys.path.insert(0, str(Path(__file__).parent))

import prefixes
from prefixes import BUILD, ROOT

# Of ONNX Runtime only its own folder: its library is used, never its Python, which needs more.
ALONE = ("onnxruntime",)
# What lungrt asks for, with all that those need.
WITH_NEEDS = ("numpy", "SimpleITK", "typer", "rich")


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
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export a U-Net that marks everything and a classifier, for every engine."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    from lungrt.export import export_bundle
    from lungrt.models import load_network
    from lungrt.models.classifier import Classifier3d, ClassifierOptions
    from lungrt.models.unet import SegmentationUNet, UNetOptions

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("exported")
    segmenter = SegmentationUNet(UNetOptions(in_channels=3, widths=(2, 4)))
    with torch.no_grad():
        segmenter.unet.last.bias += 1000
    classifier = Classifier3d(ClassifierOptions(widths=(2, 2), crop=(8, 8, 8)))
    torch.save(segmenter.state_dict(), folder / "segmentation.pt")
    torch.save(classifier.state_dict(), folder / "nodule.pt")
    networks = {
        "segmentation": [load_network("segmentation", folder / "segmentation.pt")],
        "nodule": [load_network("nodule", folder / "nodule.pt", options={"crop": [8, 8, 8]})],
    }
    export_bundle(networks, folder / "bundle")
    return folder / "bundle"


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


@pytest.fixture(scope="session")
def wheel(compiled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from what is compiled."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index")
    done = subprocess.run(
        [*pip, f"--config-settings=build-dir={compiled}", "--wheel-dir", folder, ROOT],
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
