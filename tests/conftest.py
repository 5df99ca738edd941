"""Fixtures that every suite shares."""

from __future__ import annotations

import locale
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Idle OpenMP threads that spin take the cores from whatever runs beside the tests. Read when torch
# is first loaded, so set before.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# Tests that import Python's ONNX Runtime send nothing to its maker.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# The same draws for the same code: a failure in CI is one at home. Nothing is timed: machines are
# slow, and busy.
settings.register_profile(
    "lungrt", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("lungrt")

TESTS = Path(__file__).parent
REFERENCE = Path(os.environ.get("LUNGRT_REFERENCE", TESTS.parents[1] / "shared" / "reference"))


# Suites whose tests share what takes minutes to make: each is one process's. Installed packages and
# wheels come from the same build folder, so they are one. The longest first.
SHARING = {
    "parity": "parity",
    "install": "packages",
    "wheels": "packages",
    "export": "export",
    "training": "training",
}


# Whatever compiles the packed sources, or somebody's project against what was installed, is for
# `make nightly`: minutes in every run. So is stress.
NIGHTLY_FIXTURES = {"core_wheel", "torch_wheel", "wheel", "consumer", "examples"}
NIGHTLY_SUITE = TESTS / "python" / "stress"


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what `-m "not nightly"` excludes
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark nightly tests; put long suites first, so that no process ends with one."""
    order = list(SHARING)
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if item.path.is_relative_to(NIGHTLY_SUITE) or fixtures & NIGHTLY_FIXTURES:
            item.add_marker(pytest.mark.nightly)

    def place(item: pytest.Item) -> int:
        suite = item.path.relative_to(TESTS).parts[0]
        return order.index(suite) if suite in order else len(order)

    items.sort(key=place)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: what is compressed holds the time, and processes must agree."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let pytest-xdist spread suites that share something, and files of the others."""
    from xdist.scheduler import LoadScopeScheduling

    class SuiteScheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return SHARING.get(Path(file).relative_to(TESTS.name).parts[0], file)

    return SuiteScheduling(config, log)


@pytest.fixture(autouse=True)
def locale_that_stays() -> Iterator[None]:
    """ITK's writer of DICOM leaves the process in locale C, where text of others is ASCII."""
    before = locale.setlocale(locale.LC_ALL)
    yield
    locale.setlocale(locale.LC_ALL, before)


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of the reference CTs, checkpoints and golden results; skips where it is absent."""
    if not (REFERENCE / "checkpoints").is_dir():
        pytest.skip(f"needs the reference data, absent at {REFERENCE} (set LUNGRT_REFERENCE)")
    return REFERENCE


@pytest.fixture(scope="session")
def segmentation_checkpoint(reference: Path) -> Path:
    """The book's trained U-Net."""
    return next((reference / "checkpoints").glob("seg_*.state"))


@pytest.fixture(scope="session")
def nodule_checkpoint(reference: Path) -> Path:
    """The book's trained nodule classifier."""
    return next((reference / "checkpoints").glob("cls_*.state"))


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
