"""The eager pipeline's results, computed once a session."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# Tests here import the eager pipeline by its bare name.
sys.path.insert(0, str(Path(__file__).parent))

import eager_pipeline as eager
import engines
import small_networks as small


@pytest.fixture(scope="session", params=engines.ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn; skips where it is not here."""
    return engines.require(str(request.param)).name


@pytest.fixture(scope="session")
def cuda(engine: str) -> str:
    """The first CUDA device that the engine sees, or a skip."""
    devices = [d for d in engines.require(engine).devices if d.startswith("cuda")]
    if not devices:
        pytest.skip(f"needs a CUDA GPU and a runtime of {engine} that was built for it")
    return devices[0].split()[0]


@pytest.fixture(scope="session")
def eager_networks(segmentation_checkpoint: Path, nodule_checkpoint: Path) -> eager.Networks:
    """Load the book's two networks."""
    return eager.load_networks(segmentation_checkpoint, nodule_checkpoint)


@pytest.fixture(scope="session")
def reference_scan(reference: Path) -> Callable[[str], eager.Scan]:
    """Return a function that reads a reference CT by its name, once a session."""
    scans: dict[str, eager.Scan] = {}

    def read(name: str) -> eager.Scan:
        if name not in scans:
            (folder,) = (path for path in (reference / "ct").glob(f"{name}*") if path.is_dir())
            scans[name] = eager.read_dicom(folder)
        return scans[name]

    return read


@pytest.fixture(scope="session")
def eager_result(
    reference_scan: Callable[[str], eager.Scan], eager_networks: eager.Networks
) -> Callable[[str], eager.Result]:
    """Return a function that runs the eager pipeline on a reference CT, once a session.

    About half a minute and 250 MB each on two idle cores.
    """
    results: dict[str, eager.Result] = {}

    def run(name: str) -> eager.Result:
        if name not in results:
            results[name] = eager.run(reference_scan(name), eager_networks)
        return results[name]

    return run


@pytest.fixture(scope="session")
def reference_bundle(
    eager_networks: eager.Networks, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Export the book's two networks."""
    return small.export(eager_networks, tmp_path_factory.mktemp("reference") / "bundle")


@pytest.fixture(scope="session")
def small_networks(tmp_path_factory: pytest.TempPathFactory) -> eager.Networks:
    """Small members of both families with random weights, malignancy included."""
    return small.padded_with_malignancy(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def small_bundle(small_networks: eager.Networks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export `small_networks`."""
    return small.export(small_networks, tmp_path_factory.mktemp("small") / "bundle")


@pytest.fixture(scope="session")
def halo_networks(tmp_path_factory: pytest.TempPathFactory) -> eager.Networks:
    """Make an ensemble of unpadded U-Nets and a three-class classifier."""
    return small.unpadded_ensemble_with_three_classes(tmp_path_factory.mktemp("halo"))


@pytest.fixture(scope="session")
def halo_bundle(halo_networks: eager.Networks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export `halo_networks`."""
    return small.export(halo_networks, tmp_path_factory.mktemp("halo") / "bundle")
