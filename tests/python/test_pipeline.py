"""The pipeline from Python: its arguments and results, and how it is stopped."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

import lungrt
from lungrt import errors


@pytest.fixture(scope="module")
def pipeline(tiny_bundle: Path) -> lungrt.Pipeline:
    """Load the tiny bundle, once."""
    return lungrt.Pipeline(tiny_bundle, threads=1, profile="book")


def findings(report: lungrt.Report) -> list[tuple[object, ...]]:
    return [(f.index, f.center_mm, f.p_nodule, f.p_malignant) for f in report.candidates]


def interrupt_once(begun: Callable[[], bool]) -> threading.Thread:
    """Send this process SIGINT, as Ctrl-C does, once a run has begun."""

    def wait_and_interrupt() -> None:
        while not begun():
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=wait_and_interrupt)
    thread.start()
    return thread


def test_run_gives_a_report(pipeline: lungrt.Pipeline, small_ct: lungrt.CtVolume) -> None:
    report = pipeline.run(small_ct)
    assert isinstance(report, lungrt.Report)
    assert report.series_uid == small_ct.series_uid
    assert report.shape == small_ct.shape
    assert report.geometry == small_ct.geometry
    assert report.candidates
    for finding in report.candidates:
        assert finding.center_mm == small_ct.geometry.to_world(finding.index)
        assert 0 <= finding.p_nodule <= 1
        assert (finding.p_malignant is not None) == (finding.p_nodule > 0.5)
    assert report.nodules == sorted(
        (f for f in report.nodules), key=lambda finding: -finding.p_nodule
    )
    assert (report.engine, report.device, report.options.profile) == ("torchscript", "cpu", "book")
    assert report.provenance.threads == pipeline.threads == 1
    assert set(report.timings_s) == {"segment", "group", "classify", "total"}


def test_every_kind_of_ct_gives_the_same(
    pipeline: lungrt.Pipeline, small_ct: lungrt.CtVolume, tmp_path: Path
) -> None:
    geometry = small_ct.geometry
    image = SimpleITK.GetImageFromArray(small_ct.hu)
    image.SetOrigin(geometry.origin_mm)
    image.SetSpacing(geometry.spacing_mm)
    path = tmp_path / "ct.nrrd"
    SimpleITK.WriteImage(image, str(path))
    expected = findings(pipeline.run(small_ct))
    for ct in (image, (small_ct.hu, geometry), path, str(path)):
        assert findings(pipeline.run(ct)) == expected


@pytest.mark.parametrize("ct", [np.zeros((3, 4, 5), np.int16), None, (1, 2), 5])
def test_what_is_no_ct(pipeline: lungrt.Pipeline, ct: object) -> None:
    with pytest.raises(errors.InvalidArgument, match=r"not a CT: .*; expected a CtVolume"):
        pipeline.run(ct)  # type: ignore[arg-type]


def test_stages_alone_give_what_the_run_gives(
    pipeline: lungrt.Pipeline, small_ct: lungrt.CtVolume
) -> None:
    report = pipeline.run(small_ct)
    mask = pipeline.segment(small_ct)
    assert np.asarray(mask).shape == small_ct.shape
    candidates = pipeline.group(small_ct, mask)
    assert [c.index for c in candidates] == [f.index for f in report.candidates]
    classified = pipeline.classify(small_ct, candidates)
    assert [f.p_nodule for f in classified] == [f.p_nodule for f in report.candidates]
    assert [f.volume_mm3 for f in classified] == [c.volume_mm3 for c in candidates]


def test_group_takes_an_array(pipeline: lungrt.Pipeline, small_ct: lungrt.CtVolume) -> None:
    voxels = np.zeros(small_ct.shape, bool)
    voxels[3:6, 4:9, 5:10] = True
    (candidate,) = pipeline.group(small_ct, voxels)
    np.testing.assert_allclose(candidate.index, (4, 6, 7), atol=1)
    assert candidate.volume_mm3 > 0


def test_classify_takes_voxels(pipeline: lungrt.Pipeline, small_ct: lungrt.CtVolume) -> None:
    places = [(5, 6, 7), (0, 0, 0), (11, 43, 39)]
    found = pipeline.classify(small_ct, iter(places))
    assert [f.index for f in found] == places
    assert found[0].center_mm == small_ct.geometry.to_world((5, 6, 7))
    assert pipeline.classify(small_ct, []) == []


def test_profile_lung_pads_a_volume_smaller_than_a_crop_with_air(
    tiny_bundle: Path, pipeline: lungrt.Pipeline
) -> None:
    hu = np.random.default_rng(0).integers(-900, 900, (4, 8, 7), dtype=np.int16)
    small = lungrt.CtVolume(hu, lungrt.Geometry())
    lung = lungrt.Pipeline(tiny_bundle, profile="lung", threads=1)
    assert lung.profile.pad_small_volumes
    assert not pipeline.profile.pad_small_volumes
    with pytest.raises(errors.BadVolume, match="smaller than the classifier's crop"):
        pipeline.nodule_input(small, (1, 2, 3))

    crop = lung.nodule_input(small, (1, 2, 3))
    inside = np.argwhere(crop != -1000)  # nothing in the volume is air
    first, last = inside.min(axis=0), inside.max(axis=0) + 1
    assert tuple(last - first) == small.shape
    np.testing.assert_array_equal(crop[tuple(map(slice, first, last))], hu)
    assert (np.abs(first + last - np.array(crop.shape)) <= 1).all(), "the volume is in the middle"

    # The same as for a volume that was padded beforehand.
    padded = lungrt.CtVolume(crop.astype(np.int16), lungrt.Geometry())
    (found,) = lung.classify(small, [(1, 2, 3)])
    (expected,) = pipeline.classify(padded, [(4, 4, 4)])
    assert (found.p_nodule, found.p_malignant) == (expected.p_nodule, expected.p_malignant)


def test_progress_reports_each_stage(pipeline: lungrt.Pipeline, small_ct: lungrt.CtVolume) -> None:
    calls: list[tuple[str, int, int]] = []
    report = pipeline.run(small_ct, progress=lambda *call: calls.append(call))
    by_stage = {stage: (done, total) for stage, done, total in calls}  # the last of each
    assert by_stage["segment"] == (12, 12)
    assert by_stage["classify"] == (len(report.candidates),) * 2


@pytest.mark.parametrize("kind", [KeyError, KeyboardInterrupt, SystemExit, errors.Cancelled])
def test_exception_of_the_callback_arrives_unchanged(
    pipeline: lungrt.Pipeline, small_ct: lungrt.CtVolume, kind: type[BaseException]
) -> None:
    raised = kind("mine")

    def progress(stage: str, done: int, total: int) -> None:
        raise raised

    for call in (pipeline.run, pipeline.segment):
        with pytest.raises(kind) as caught:
            call(small_ct, progress=progress)
        assert caught.value is raised
    with pytest.raises(kind):
        pipeline.classify(small_ct, [(1, 2, 3)], progress=progress)


def test_callback_that_cannot_be_called(
    pipeline: lungrt.Pipeline, small_ct: lungrt.CtVolume
) -> None:
    with pytest.raises(TypeError):
        pipeline.run(small_ct, progress=5)  # type: ignore[arg-type]


def test_ctrl_c_ends_the_run(pipeline: lungrt.Pipeline) -> None:
    long = (np.full((4000, 64, 64), -700, np.int16), lungrt.Geometry())
    # The callback counts in C: byte code, print and the like would notice the signal by themselves.
    # The other thread sends it in time only because a run leaves the GIL to others.
    whole, cut = queue.SimpleQueue[str](), queue.SimpleQueue[str]()
    pipeline.segment(long, progress=whole.put)
    thread = interrupt_once(lambda: not cut.empty())
    with pytest.raises(KeyboardInterrupt):
        pipeline.segment(long, progress=cut.put)
    thread.join()
    assert cut.qsize() < whole.qsize(), "the run went on to its end"


def test_ctrl_c_in_the_callback_ends_the_run(pipeline: lungrt.Pipeline) -> None:
    long = (np.full((5000, 64, 64), -700, np.int16), lungrt.Geometry())
    calls: list[tuple[str, int, int]] = []
    thread = interrupt_once(lambda: bool(calls))
    with pytest.raises(KeyboardInterrupt):
        pipeline.segment(long, progress=lambda *call: calls.append(call))
    thread.join()
    assert calls[-1][1] < calls[-1][2], "the run went on to its end"


def test_other_threads_run_meanwhile(pipeline: lungrt.Pipeline, small_ct: lungrt.CtVolume) -> None:
    expected = findings(pipeline.run(small_ct))
    inside = threading.Barrier(2, timeout=60)
    results: list[list[tuple[object, ...]]] = []

    def meet(stage: str, done: int, total: int) -> None:
        # Only two runs that are under way at once get past this.
        if (stage, done) == ("segment", 0):
            inside.wait()

    def work() -> None:
        results.append(findings(pipeline.run(small_ct, progress=meet)))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected, expected]


def test_limits(pipeline: lungrt.Pipeline, small_ct: lungrt.CtVolume) -> None:
    candidates = len(pipeline.run(small_ct).candidates)
    assert candidates > 1
    pipeline.run(small_ct, max_candidates=candidates)
    with pytest.raises(errors.ResourceLimit, match=f"{candidates} candidates"):
        pipeline.run(small_ct, max_candidates=candidates - 1)
    with pytest.raises(errors.ResourceLimit, match="max_seconds"):
        pipeline.run(small_ct, max_seconds=1e-9)
    message = r"max_seconds must be 0 \(no limit\) or a positive number"
    with pytest.raises(errors.InvalidArgument, match=message):
        pipeline.run(small_ct, max_seconds=-1)


def test_no_candidates_is_a_result(pipeline: lungrt.Pipeline, small_ct: lungrt.CtVolume) -> None:
    assert pipeline.group(small_ct, np.zeros(small_ct.shape, bool)) == []


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"engine": "abacus"}, errors.InvalidArgument, "abacus.*torchscript"),
        ({"device": "cuda:99"}, errors.DeviceUnavailable, "cuda:99"),
    ],
)
def test_invalid_options(
    tiny_bundle: Path, options: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        lungrt.Pipeline(tiny_bundle, **options)  # type: ignore[arg-type]


def test_cuda_asked_for_and_absent(tiny_bundle: Path) -> None:
    (torchscript,) = (engine for engine in lungrt.engines() if engine.name == "torchscript")
    if any(device.startswith("cuda") for device in torchscript.devices):
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(errors.DeviceUnavailable, match="use cpu, or auto"):
        lungrt.Pipeline(tiny_bundle, device="cuda", profile="book")
    assert lungrt.Pipeline(tiny_bundle, device="auto", profile="book").device == "cpu"


def test_geometry_is_an_option_of_its_own(tiny_bundle: Path) -> None:
    assert lungrt.Pipeline(tiny_bundle, profile="book").profile.geometry == "book"
    assert (
        lungrt.Pipeline(tiny_bundle, geometry="exact", profile="book").profile.geometry == "exact"
    )


def test_threads_default_to_what_the_process_may_use(tiny_bundle: Path) -> None:
    assert lungrt.Pipeline(tiny_bundle, profile="book").threads == len(os.sched_getaffinity(0))


def test_repr_reads_well(pipeline: lungrt.Pipeline) -> None:
    assert repr(pipeline) == (
        "Pipeline(engine='torchscript', device='cpu', profile='book', threads=1)"
    )


def test_engines_are_listed() -> None:
    names = {engine.name: engine for engine in lungrt.engines()}
    torchscript = names["torchscript"]
    assert torchscript.available, torchscript.reason
    assert torchscript.version.startswith("torch ")
    assert torchscript.devices[0].startswith("cpu")
    assert all(engine.available or engine.reason for engine in names.values())


def test_one_that_could_not_be_opened_can_be_shown() -> None:
    pipeline = lungrt.Pipeline.__new__(lungrt.Pipeline)
    with pytest.raises(lungrt.errors.Io):
        pipeline.__init__("/nowhere")  # type: ignore[misc]
    assert "could not be opened" in repr(pipeline)
