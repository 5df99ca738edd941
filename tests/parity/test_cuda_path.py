"""The CUDA path on a GPU: whole diagnoses against golden files and against the CPU's run.

Without a GPU each case is skipped, so that pytest's summary counts them. A folder that
`tools/gpu_check prepare` filled brings a CT, its bundle and the CPU's results to a machine that has
one; LUNGRT_GPU_CHECK names it.
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
from lungrt.comparison.diagnosis import Diagnosis, to_diagnosis
from lungrt.report_file import load_report

# In the repository the scripts lie in tools/; in a prepared folder, beside tests/.
sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
sys.path.insert(0, str(Path(__file__).parents[2]))
from gpu_check import packed_ct
from gpu_check.contents import PROFILES, Folder

pytestmark = pytest.mark.gpu

ENGINES = ("torchscript", "onnxruntime")


def devices(engine: str) -> list[str]:
    return [d.split()[0] for d in engines.require(engine).devices if d.startswith("cuda")]


@pytest.fixture(scope="module", params=ENGINES)
def gpu_engine(request: pytest.FixtureRequest) -> str:
    """Each engine that has a CUDA device here."""
    if not devices(str(request.param)):
        pytest.skip(f"needs a CUDA GPU and a runtime of {request.param} that was built for it")
    return str(request.param)


@pytest.fixture(scope="module")
def folder() -> Folder:
    """What `tools/gpu_check prepare` filled."""
    if "LUNGRT_GPU_CHECK" not in os.environ:
        pytest.skip("needs the folder of tools/gpu_check (LUNGRT_GPU_CHECK)")
    return Folder(Path(os.environ["LUNGRT_GPU_CHECK"]))


@pytest.fixture(scope="module")
def volume(folder: Folder) -> lungrt.CtVolume:
    return packed_ct.load(folder.ct)


@pytest.fixture(scope="module")
def pipeline(gpu_engine: str, folder: Folder) -> lungrt.Pipeline:
    return engines.open_pipeline(folder.bundle, gpu_engine, device="cuda")


def diagnose(pipeline: lungrt.Pipeline, volume: lungrt.CtVolume) -> Diagnosis:
    report = pipeline.run(volume, keep_masks=True)
    assert not report.provenance.notes, "the scan stayed in host memory"
    assert report.masks is not None
    return to_diagnosis(report.to_dict(), "GPU", np.asarray(report.masks.mask))


@pytest.mark.parametrize("profile", PROFILES)
def test_equals_the_cpus_run(
    profile: str, gpu_engine: str, folder: Folder, volume: lungrt.CtVolume
) -> None:
    expected = to_diagnosis(
        load_report(folder.report(profile)), "CPU", packed_ct.load_mask(folder.mask(profile))
    )
    pipeline = engines.open_pipeline(folder.bundle, gpu_engine, device="cuda", profile=profile)
    compare.assert_same_diagnosis(diagnose(pipeline, volume), expected)


def test_equals_the_golden_mask(
    folder: Folder, volume: lungrt.CtVolume, pipeline: lungrt.Pipeline
) -> None:
    if not folder.golden.is_file():
        pytest.skip(f"needs {folder.golden} (prepare --golden)")
    golden = packed_ct.load_mask(folder.golden)
    found = np.asarray(lungrt.erode(pipeline.segment(volume)))
    differing = int((found != golden).sum())
    print(f"{differing} of {int(golden.sum())} voxels differ from the golden mask")
    # After erosion: a voxel that flips takes its six neighbours along.
    assert differing <= 7 * compare.MASK_FLIPS


def test_two_scans_at_once(volume: lungrt.CtVolume, pipeline: lungrt.Pipeline) -> None:
    part = lungrt.CtVolume(np.ascontiguousarray(volume.hu[: len(volume.hu) // 2]), volume.geometry)
    volumes = [volume, part] * 2
    expected = [diagnose(pipeline, one) for one in volumes[:2]] * 2
    with ThreadPoolExecutor(2) as both:
        runs = both.map(lambda one: diagnose(pipeline, one), volumes)
        for found, alone in zip(runs, expected, strict=True):
            compare.assert_same_diagnosis(found, alone)


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


def test_more_devices_asked_for_than_there_are(gpu_engine: str, folder: Folder) -> None:
    beyond = f"cuda:{len(devices(gpu_engine))}"
    with pytest.raises(lungrt.errors.DeviceUnavailable, match=beyond):
        engines.open_pipeline(folder.bundle, gpu_engine, device=beyond)
