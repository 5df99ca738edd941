"""Finished benchmarks with made-up measurements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import SimpleITK

import lungrt
from lungrt.benchmark.agreement import Agreement
from lungrt.benchmark.contention import Contention
from lungrt.benchmark.plan import Configuration, Skipped
from lungrt.benchmark.run import Failure, Measurement, Record
from lungrt.benchmark.summary import Benchmark, summarize

SAME = Agreement("eager on cpu, 2 threads", 2, 0, 2, 0, 1e-6, 0)
QUIET = Contention(2.0, 0.02, 0.0, 0.0, 0.005)
BUSY = Contention(2.0, 1.2, 0.4, 0.0, 0.4)
IN_FIELD = Agreement("eager on cpu, 2 threads", 2, 0, 1, 0, 3e-6, 0, in_region=1)


def make_outputs(
    p_nodule: Sequence[float] = (0.9, 0.2),
    places: Sequence[tuple[int, int, int]] = ((1, 2, 3), (4, 5, 6)),
    p_malignant: Sequence[float | None] | None = None,
    **changes: object,
) -> dict[str, Any]:
    """Return outputs of a diagnosis."""
    malignant = p_malignant or [None] * len(p_nodule)
    candidates = [
        {"index": index, "center_mm": (3.0, 2.0, 1.0), "p_nodule": p, "p_malignant": m}
        for index, p, m in zip(places, p_nodule, malignant, strict=True)
    ]
    plain = {"shape": (9, 8, 7), "restricted": False, "mask_voxels": 100, "candidates": candidates}
    return plain | changes


def make_record(
    name: str,
    seconds: float,
    *,
    rounds: int = 3,
    threads: int = 2,
    agreement: Agreement | None = SAME,
    failure: str = "",
    options: dict[str, str] | None = None,
    profile: str = "book",
    precision: str = "fp32",
    arithmetic: dict[str, str] | None = None,
    contention: Contention = QUIET,
) -> Record:
    """Return a record whose first CT takes `seconds`, 10 % more in each later round."""
    configuration = Configuration(name, "cpu", threads, options or {}, precision, profile)
    record = Record(configuration, agreement=agreement)
    shares = {"read": 0.1, "segment": 0.6, "group": 0.1, "classify": 0.2, "total": 1.0}
    for number in range(rounds):
        slower = seconds * (1 + number / 10)
        first = {stage: share * slower for stage, share in shares.items()}
        warm = {stage: share * slower / 2 for stage, share in shares.items()}
        runs = [first | {"peak_bytes": 10**9}, warm | {"peak_bytes": 2 * 10**9}]
        record.measurements.append(
            Measurement(number, 1.5, runs, make_outputs(), arithmetic or {}, contention)
        )
    if failure:
        record.failure = Failure(1, failure)
    return record


def make_benchmark(
    *records: Record, skipped: tuple[Skipped, ...] = (), idle: Contention = QUIET
) -> Benchmark:
    """Return a finished benchmark."""
    environment = {
        "cpu": "Abacus 9",
        "cpu_family": "25",
        "cpu_model": "1",
        "cpu_flags": ["avx2", "fma"],
        "processors": 2,
        "os": "Linux 6",
        "libc": "glibc 2",
        "python": "3.11",
        "packages": {"torch": "2.13", "scipy": ""},
        "load_average": [0.0, 0.0, 0.0],
    }
    return Benchmark(
        created="2026-11-24T12:00:00+00:00",
        environment=environment,
        ct="CT-1",
        rounds=3,
        runs=2,
        summaries=summarize(records),
        skipped=skipped,
        idle=idle,
    )


@pytest.fixture
def ct_file(small_ct: lungrt.CtVolume, tmp_path: Path) -> Path:
    """Write the small CT to a file."""
    image = SimpleITK.GetImageFromArray(small_ct.hu)
    image.SetSpacing((0.7, 0.7, 1.25))
    path = tmp_path / "ct" / "CT-7.mha"
    path.parent.mkdir()
    SimpleITK.WriteImage(image, str(path))
    return path


@pytest.fixture
def record() -> Callable[..., Record]:
    """`make_record`."""
    return make_record


@pytest.fixture
def outputs() -> Callable[..., dict[str, Any]]:
    """`make_outputs`."""
    return make_outputs


@pytest.fixture
def busy() -> Contention:
    """Contention of a machine on which others take 40 % of the processors' time."""
    return BUSY


@pytest.fixture
def in_field() -> Agreement:
    """Agreement of a configuration that searches only the lung field and decides the same."""
    return IN_FIELD


@pytest.fixture
def benchmark_of() -> Callable[..., Benchmark]:
    """`make_benchmark`."""
    return make_benchmark


@pytest.fixture
def example() -> Benchmark:
    """Benchmark of a baseline, an engine four times as fast, a failed and a missing engine."""
    failed = make_record("onnxruntime", 1.0, rounds=0, agreement=None, failure="Io: no file")
    return make_benchmark(
        make_record("eager", 40.0),
        make_record("torchscript", 10.0),
        failed,
        skipped=(Skipped("engine native", "not installed: no /usr/lib/x/liblungrt_native.so"),),
        idle=BUSY,
    )
