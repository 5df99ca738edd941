"""The examples, built outside of the project, do what they show."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from prefixes import EXAMPLES, PATH, RawCt, call, succeed

import lungrt

PLACE = r"\(-?\d+\.\d, -?\d+\.\d, -?\d+\.\d\) mm  \d+ mm  p = [01]\.\d{3}"


@pytest.fixture(scope="module")
def volume() -> lungrt.CtVolume:
    """Noise of 40 slices."""
    hu = np.random.default_rng(3).integers(-1000, 200, (40, 48, 52), dtype=np.int16)
    return lungrt.CtVolume(hu, lungrt.Geometry((0.0, 0.0, 0.0), (0.7, 0.8, 2.5), np.eye(3)))


@pytest.fixture(scope="module")
def ct(volume: lungrt.CtVolume, tmp_path_factory: pytest.TempPathFactory) -> RawCt:
    return RawCt.write(volume, tmp_path_factory.mktemp("ct") / "ct.raw")


@pytest.fixture(scope="module")
def expected(volume: lungrt.CtVolume, bundle: Path) -> list[str]:
    """Nodules as the examples print them."""
    return [
        "({:.1f}, {:.1f}, {:.1f}) mm".format(*nodule.center_mm)
        + f"  {nodule.diameter_mm:.0f} mm  p = {nodule.p_nodule:.3f}"
        for nodule in lungrt.Pipeline(bundle).run(volume).nodules
    ]


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


def test_c(examples: Path, bundle: Path, ct: RawCt, expected: list[str]) -> None:
    done = call(examples / "diagnose_c", bundle, *ct.arguments, "native")
    assert done.returncode == 0, done.stderr
    head, *nodules = done.stdout.splitlines()
    assert head == f"1 candidates, {len(expected)} nodules"
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


def test_worker_pool(examples: Path, bundle: Path, ct: RawCt, expected: list[str]) -> None:
    printed = succeed(examples / "worker_pool", bundle, 3, 7, *ct.arguments)
    *scans, total = printed.splitlines()
    pattern = rf"scan \d: 1 candidates, {len(expected)} nodules, \d+\.\d\d s"
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
    np.zeros((4, 20, 20), np.int16).tofile(tmp_path / "flat.raw")  # fewer slices than a crop has
    arguments = (tmp_path / "flat.raw", 4, 20, 20, 1, 1, 1)
    done = call(examples / "worker_pool", bundle, 2, 2, *arguments)
    assert done.returncode == 1
    assert len(re.findall(r"scan \d: .+ smaller", done.stdout)) == 2, done.stdout


def test_cancellation(examples: Path, bundle: Path, ct: RawCt) -> None:
    """Given up half-way, then run to its end with the same pipeline."""
    printed = succeed(examples / "cancellation", bundle, 50, *ct.arguments)
    before, after = printed.split("the same pipeline again, to the end:")
    assert "Cancelled: " in before
    assert "candidates" not in before
    assert "segment    100 %" not in before
    assert "segment    100 %" in after
    assert re.search(r"1 candidates, \d nodules", after)


def test_cancellation_by_ctrl_c(examples: Path, bundle: Path) -> None:
    """A signal in the middle of the segmentation ends the run, not the process."""
    arguments = [str(examples / "cancellation"), str(bundle), "101"]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, text=True, env={"PATH": PATH}
    ) as process:
        assert process.stdout is not None
        seen = process.stdout.read(1)  # the first report of progress
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait() == 0
    assert "Cancelled: " in seen + rest


@pytest.mark.parametrize("name", ["minimal", "diagnose_c", "worker_pool", "cancellation"])
def test_without_arguments_each_says_where_they_are_told(examples: Path, name: str) -> None:
    done = call(examples / name)
    assert done.returncode == 2
    assert "see the top of" in done.stderr
    assert done.stdout == ""


def test_readme_tells_of_each() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in [*EXAMPLES.glob("*.cpp"), *EXAMPLES.glob("*.c")]:
        assert f"`{path.name}`" in readme
