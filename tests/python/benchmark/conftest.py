"""Finished benchmarks with made-up measurements."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lungrt.benchmark.configuration import Configuration
from lungrt.benchmark.document import Benchmark
from lungrt.benchmark.outputs import Comparison
from lungrt.benchmark.plan import Skipped
from lungrt.benchmark.results import Cold, Network, Outputs, Run, Whole
from lungrt.benchmark.run import COMMAND, Failure, Measurement, Record
from lungrt.benchmark.summary import summarize

SAME = Comparison("eager on cpu, 2 threads", 2, 0, 2, 0, 1e-6, 0, 8, 0, 2e-6)
IN_FIELD = Comparison("eager on cpu, 2 threads", 2, 0, 1, 0, 3e-6, 0, in_region=1)

MakeRecord = Callable[..., Record]


def make_outputs(p_nodule: tuple[float, ...] = (0.9, 0.2)) -> Outputs:
    """Return results with two candidates."""
    places = [(1, 2, 3), (4, 5, 6)]
    return Outputs(places, list(places), list(p_nodule), [None, None], 100)


def make_record(
    name: str,
    seconds: float,
    *,
    rounds: int = 3,
    threads: int = 2,
    comparison: Comparison | None = SAME,
    failure: str = "",
    options: dict[str, str] | None = None,
    profile: str = "book",
) -> Record:
    """Return a record whose first CT takes `seconds`, 10 % more in each later round."""
    configuration = Configuration(name, threads=threads, options=options or {}, profile=profile)
    record = Record(configuration, Path("none.npz"), comparison=comparison)
    for number in range(rounds):
        slower = seconds * (1 + number / 10)
        first = Run(0.1 * slower, 0.6 * slower, 0.1 * slower, 0.2 * slower, slower)
        warm = Run(0.05 * slower, 0.3 * slower, 0.05 * slower, 0.1 * slower, slower / 2)
        whole = Whole(1.5, [first, warm], [10**9, 2 * 10**9], make_outputs(), (9, 8, 7))
        record.measurements += [
            Measurement("cold", number, Cold(0.4, 0.5 + number, 0.1)),
            Measurement("network", number, Network([10.0, 11.0], [1.0, 1.5])),
            Measurement("whole", number, whole),
        ]
        if not configuration.is_eager:
            record.measurements.append(Measurement(COMMAND, number, 0.7))
    if failure:
        record.failure = Failure("whole", 1, failure)
    return record


@pytest.fixture
def record() -> MakeRecord:
    """`make_record`."""
    return make_record


@pytest.fixture
def outputs() -> Callable[..., Outputs]:
    """`make_outputs`."""
    return make_outputs


@pytest.fixture
def in_field() -> Comparison:
    """Comparison of a configuration that searches only the lung field and decides the same."""
    return IN_FIELD


@pytest.fixture
def benchmark_of() -> Callable[..., Benchmark]:
    """Return a function from records to a finished benchmark."""

    def make(*records: Record, skipped: tuple[Skipped, ...] = (), warnings: tuple[str, ...] = ()):
        environment = {
            "cpu": "Abacus 9",
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
            workload="CT-1, 9 slices of 8 x 7",
            rounds=3,
            runs=2,
            summaries=summarize(records),
            skipped=skipped,
            warnings=warnings,
        )

    return make


@pytest.fixture
def example(benchmark_of: Callable[..., Benchmark]) -> Benchmark:
    """Benchmark of a baseline, an engine four times as fast, a failed and a missing engine."""
    failed = make_record("onnxruntime", 1.0, rounds=0, comparison=None, failure="Io: no file")
    return benchmark_of(
        make_record("eager", 40.0),
        make_record("torchscript", 10.0),
        failed,
        skipped=(Skipped("engine native", "not installed: no /usr/lib/x/liblungrt_native.so"),),
        warnings=("the machine was not idle",),
    )
