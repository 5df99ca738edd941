"""The CUDA path on a GPU: whole diagnoses against golden files and against the CPU's run.

Without a GPU each case is skipped, so that pytest's summary counts them. `tools/gpu_check.sh`
brings checkpoints and CTs to a machine that has one and names their folder in LUNGRT_GPU_CHECK.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import compare
import engines
import numpy as np
import pytest

import lungrt

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import gpu_pipeline

pytestmark = pytest.mark.gpu

CTS = ("LIDC-IDRI-0001", "C3N-00247")
ENGINES = ("torchscript", "onnxruntime")
# Voxels whose probability lies within rounding of the threshold, erosion's neighbours included.
GOLDEN_VOXELS = 7


def devices(engine: str) -> list[str]:
    return [d.split()[0] for d in engines.require(engine).devices if d.startswith("cuda")]


@pytest.fixture(scope="module", params=ENGINES)
def gpu_engine(request: pytest.FixtureRequest) -> str:
    """Each engine that has a CUDA device here."""
    if not devices(str(request.param)):
        pytest.skip(f"needs a CUDA GPU and a runtime of {request.param} that was built for it")
    return str(request.param)


@pytest.fixture(scope="module")
def folder() -> Path:
    """What `tools/gpu_check.sh prepare` filled."""
    if "LUNGRT_GPU_CHECK" not in os.environ:
        pytest.skip("needs the folder of tools/gpu_check.sh (LUNGRT_GPU_CHECK)")
    return Path(os.environ["LUNGRT_GPU_CHECK"])


@pytest.fixture(scope="module")
def pipeline(gpu_engine: str, folder: Path) -> lungrt.Pipeline:
    return engines.open_pipeline(gpu_pipeline.bundle_of(folder), gpu_engine, device="cuda")


def scan(folder: Path, name: str) -> lungrt.CtVolume:
    return gpu_pipeline.volume_of(next((folder / "ct").glob(f"{name}*.npz")))


def assert_same(found: lungrt.Report, expected: lungrt.Report) -> None:
    """Candidates and their decisions are the same; probabilities within rounding."""
    assert [c.index for c in found.candidates] == [c.index for c in expected.candidates]
    ours = np.array([c.p_nodule for c in found.candidates])
    theirs = np.array([c.p_nodule for c in expected.candidates])
    assert np.abs(ours - theirs).max(initial=0) <= compare.PROBABILITY["cuda"]
    differ = (ours > 0.5) != (theirs > 0.5)
    assert (np.abs(theirs[differ] - 0.5) <= compare.DECISION_BAND).all()


@pytest.mark.parametrize("name", CTS)
def test_equals_the_cpus_run(name: str, folder: Path, pipeline: lungrt.Pipeline) -> None:
    cpu = engines.open_pipeline(gpu_pipeline.bundle_of(folder), "native")
    volume = scan(folder, name)
    report = pipeline.run(volume)
    assert_same(report, cpu.run(volume))
    assert not report.provenance.notes, "the scan stayed in host memory"


@pytest.mark.parametrize("name", CTS)
def test_equals_the_golden_mask(name: str, folder: Path, pipeline: lungrt.Pipeline) -> None:
    path = folder / "golden" / f"{name}_mask.npz"
    if not path.is_file():
        pytest.skip(f"needs {path} (gpu_check.sh prepare --golden)")
    with np.load(path) as golden:
        count = int(np.prod(golden["shape"]))
        mask = np.unpackbits(golden["bits"], count=count).reshape(golden["shape"]).astype(bool)
    found = np.asarray(lungrt.erode(pipeline.segment(scan(folder, name))))
    differing = int((found != mask).sum())
    print(f"{name}: {differing} of {int(mask.sum())} voxels differ from the golden mask")
    assert differing <= GOLDEN_VOXELS


def test_two_scans_at_once(folder: Path, pipeline: lungrt.Pipeline) -> None:
    volumes = [scan(folder, name) for name in CTS] * 2
    expected = [pipeline.run(volume) for volume in volumes[:2]] * 2
    with ThreadPoolExecutor(2) as both:
        for found, alone in zip(both.map(pipeline.run, volumes), expected, strict=True):
            assert_same(found, alone)


def test_memory_that_runs_out(pipeline: lungrt.Pipeline) -> None:
    torch = pytest.importorskip("torch")
    free, _ = torch.cuda.mem_get_info()
    held = torch.empty(max(0, free - 50_000_000), dtype=torch.uint8, device="cuda")
    try:
        with pytest.raises(lungrt.errors.OutOfMemory, match=r"GB .*free"):
            pipeline.run(lungrt.CtVolume(np.zeros((400, 512, 512), np.int16), lungrt.Geometry()))
    finally:
        del held
        torch.cuda.empty_cache()


def test_more_devices_asked_for_than_there_are(gpu_engine: str, folder: Path) -> None:
    beyond = f"cuda:{len(devices(gpu_engine))}"
    with pytest.raises(lungrt.errors.DeviceUnavailable, match=beyond):
        engines.open_pipeline(gpu_pipeline.bundle_of(folder), gpu_engine, device=beyond)
