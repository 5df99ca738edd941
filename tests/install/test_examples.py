"""The examples, built outside of the project, do what they show."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from prefixes import EXAMPLES, PATH, RawCt, call, succeed

import lungrt

PLACE = r"\(-?\d+\.\d, -?\d+\.\d, -?\d+\.\d\) mm  \d+ mm  p = [01]\.\d{3}"


@pytest.fixture(scope="module")
def bundle() -> Path:
    return lungrt.default_bundle()


@pytest.fixture(scope="module")
def volume() -> lungrt.CtVolume:
    """A coarse chest of 62 slices, whose first voxel is the origin, as in the examples."""
    pytest.importorskip("scipy")
    from lungrt.phantom import chest

    spacing_mm = (2.1, 2.1, 5.0)
    made = chest(seed=1, shape=(62, 178, 190), spacing_mm=spacing_mm, nodules=3)
    return lungrt.CtVolume(made.volume.hu, lungrt.Geometry((0.0, 0.0, 0.0), spacing_mm, np.eye(3)))


@pytest.fixture(scope="module")
def ct(volume: lungrt.CtVolume, tmp_path_factory: pytest.TempPathFactory) -> RawCt:
    return RawCt.write(volume, tmp_path_factory.mktemp("ct") / "ct.raw")


@pytest.fixture(scope="module")
def report(volume: lungrt.CtVolume, bundle: Path) -> lungrt.Report:
    return lungrt.Pipeline(bundle).run(volume)


@pytest.fixture(scope="module")
def expected(report: lungrt.Report) -> list[str]:
    """Nodules as the examples print them."""
    assert len(report.nodules) > 1
    return [
        "({:.1f}, {:.1f}, {:.1f}) mm".format(*nodule.center_mm)
        + f"  {nodule.diameter_mm:.0f} mm  p = {nodule.p_nodule:.3f}"
        for nodule in report.nodules
    ]


@pytest.fixture(scope="module")
def counts(report: lungrt.Report) -> str:
    """Numbers of a report as the examples print them."""
    return f"{len(report.candidates)} candidates, {len(report.nodules)} nodules"


def test_minimal(examples: Path, bundle: Path, ct: RawCt, expected: list[str]) -> None:
    printed = succeed(examples / "minimal", bundle, *ct.arguments)
    assert printed.splitlines() == expected


def test_minimal_is_short() -> None:
    """About 20 lines, as README says."""
    body = (EXAMPLES / "minimal.cpp").read_text().split("int main(")[1]
    assert len(body.splitlines()) < 30


def test_minimal_refuses_a_file_that_is_too_short(
    examples: Path, bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "short.raw").write_bytes(b"\0" * 100)
    done = call(examples / "minimal", bundle, tmp_path / "short.raw", 40, 48, 52, 0.7, 0.8, 2.5)
    assert done.returncode == 1
    assert "missing or too short" in done.stderr


def test_c(examples: Path, bundle: Path, ct: RawCt, expected: list[str], counts: str) -> None:
    done = call(examples / "diagnose_c", bundle, *ct.arguments, "native")
    assert done.returncode == 0, done.stderr
    head, *nodules = done.stdout.splitlines()
    assert head == counts
    assert nodules == expected
    assert "segment    100 %" in done.stderr


def test_c_tells_what_was_wrong(examples: Path, bundle: Path, ct: RawCt) -> None:
    done = call(examples / "diagnose_c", bundle, *ct.arguments, "tensorflow")
    assert done.returncode == 1
    assert "bundle: InvalidArgument: " in done.stderr
    assert "unknown engine 'tensorflow'" in done.stderr
    done = call(examples / "diagnose_c", bundle, ct.voxels, 41, 48, 52, 0.7, 0.8, 2.5)
    assert done.returncode == 1
    assert "does not hold exactly" in done.stderr


def test_worker_pool(examples: Path, bundle: Path, ct: RawCt, counts: str) -> None:
    printed = succeed(examples / "worker_pool", bundle, 3, 7, *ct.arguments)
    *scans, total = printed.splitlines()
    pattern = rf"scan \d: {counts}, \d+\.\d\d s"
    assert len(scans) == 7
    assert [line for line in scans if not re.fullmatch(pattern, line)] == []
    assert re.fullmatch(r"7 scans by 3 workers in \d+\.\d\d s", total)


def test_worker_pool_generates_scans(examples: Path, bundle: Path) -> None:
    printed = succeed(examples / "worker_pool", bundle, 2, 3)
    assert [line.split(":")[0] for line in printed.splitlines()[:3]] == [
        "scan 1",
        "scan 2",
        "scan 3",
    ]


def test_worker_pool_tells_of_each_scan_that_failed(
    examples: Path, bundle: Path, tmp_path: Path
) -> None:
    np.zeros((4, 20, 20), np.int16).tofile(tmp_path / "flat.raw")  # water everywhere
    arguments = (tmp_path / "flat.raw", 4, 20, 20, 1, 1, 1)
    done = call(examples / "worker_pool", bundle, 2, 2, *arguments)
    assert done.returncode == 1
    assert len(re.findall(r"scan \d: .+ not Hounsfield units", done.stdout)) == 2, done.stdout


def test_cancellation(examples: Path, bundle: Path, ct: RawCt, counts: str) -> None:
    """Given up half-way, then run to its end with the same pipeline.

    Another thread may have done the last slices by the time that a run is given up: nothing of the
    next stage, whatever the percentage.
    """
    printed = succeed(examples / "cancellation", bundle, 50, *ct.arguments)
    before, after = printed.split("the same pipeline again, to the end:")
    assert "Cancelled: cancelled while in stage segment" in before
    assert "candidates" not in before
    assert "classify" not in before
    assert "segment    100 %" in after
    assert counts in after


def full_pipe() -> tuple[int, int]:
    """Return a pipe that takes no byte more: who writes into it waits."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writable, b"\0")
    os.set_blocking(writable, True)
    return readable, writable


def catches(process: subprocess.Popen[bytes], number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal by now."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    (mask,) = re.findall(r"^SigCgt:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return bool(int(mask, 16) >> (number - 1) & 1)


def test_cancellation_by_ctrl_c(examples: Path, bundle: Path) -> None:
    """A signal in the middle of a run ends the run, not the process."""
    readable, writable = full_pipe()  # the run waits at its first report of progress
    arguments = [str(examples / "cancellation"), str(bundle), "101"]
    with subprocess.Popen(arguments, stdout=writable, env={"PATH": PATH}) as process:
        os.close(writable)
        while not catches(process, signal.SIGINT):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        with os.fdopen(readable, "rb") as printed:
            said = printed.read().decode()
        assert process.wait() == 0
    assert "Cancelled: " in said
    assert "candidates" not in said
    assert "the same pipeline again" not in said


@pytest.mark.parametrize("name", ["minimal", "diagnose_c", "worker_pool", "cancellation"])
def test_without_arguments_each_says_where_they_are_told(examples: Path, name: str) -> None:
    done = call(examples / name)
    assert done.returncode == 2
    assert "described at the top of" in done.stderr
    assert done.stdout == ""


def test_readme_tells_of_each() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in [*EXAMPLES.glob("*.cpp"), *EXAMPLES.glob("*.c")]:
        assert f"`{path.name}`" in readme
