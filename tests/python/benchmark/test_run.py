"""Measuring processes, and the rounds in which they take turns."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lungrt
from lungrt.benchmark import run as benchmark_run
from lungrt.benchmark.agreement import compare_outputs
from lungrt.benchmark.contention import Reading
from lungrt.benchmark.engine import EngineSubject, stage_seconds
from lungrt.benchmark.measure import Task, peak_bytes
from lungrt.benchmark.plan import Configuration
from lungrt.benchmark.run import Contended, MeasurementFailed, measure, run_benchmark
from lungrt.comparison.diagnosis import Thresholds

EAGER, ENGINE = Configuration("eager"), Configuration("torchscript", options={"batch": "8"})
TASKS = [Task(what, "b", "c", "1.2", 2, {"nodule": ["n.pt"]}) for what in (EAGER, ENGINE)]


class Processes:
    """Replacement of measuring processes: records the tasks, and fails if it should."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.failing: dict[str, int] = {}  # name of a configuration, and the round that fails

    @property
    def names(self) -> list[str]:
        return [task.configuration.name for task in self.tasks]

    def measure(self, task: Task):
        name = task.configuration.name
        earlier = self.names.count(name)
        self.tasks.append(task)
        if self.failing.get(name) == earlier:
            raise MeasurementFailed("killed by SIGKILL")
        return {"start": 0.1, "runs": [], "outputs": {}}


@pytest.fixture(autouse=True)
def others_take(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Replace the kernel's counters: each reading is 1 s later, and others took the next of these.

    When the list is empty, others took nothing.
    """
    taken: list[float] = []
    now = Reading(0.0, 0.0, 0.0, 0.0, 0.0, 2)

    def read() -> Reading:
        nonlocal now
        others = taken.pop(0) if taken else 0.0
        assert now.busy_s is not None
        now = replace(now, at_s=now.at_s + 1, busy_s=now.busy_s + others)
        return now

    monkeypatch.setattr(benchmark_run, "read_counters", read)
    return taken


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Processes:
    replacement = Processes()
    monkeypatch.setattr(benchmark_run, "measure", replacement.measure)
    return replacement


def test_rounds_are_interleaved_and_begin_with_different_configurations(processes) -> None:
    steps: list[str] = []
    records = run_benchmark(TASKS, 3, steps.append)
    assert processes.names == [
        "eager",
        "torchscript",
        "torchscript",
        "eager",
        "eager",
        "torchscript",
    ]
    assert [[m.round for m in record.measurements] for record in records] == [[0, 1, 2]] * 2
    assert steps[0] == "round 1 of 3: eager on cpu, 1 thread"
    assert len(steps) == 6
    assert processes.tasks[:2] == TASKS


@pytest.mark.parametrize("number", [0, 1])
def test_a_failure_does_not_affect_other_configurations(processes, number: int) -> None:
    processes.failing = {"torchscript": number}
    eager, engine = run_benchmark(TASKS, 3, str)
    assert eager.failure is None
    assert len(eager.measurements) == 3
    assert (engine.failure.round, engine.failure.message) == (number, "killed by SIGKILL")
    assert len(engine.measurements) == number
    assert processes.names.count("torchscript") == number + 1  # not tried again


def test_a_disturbed_measurement_is_made_again(processes, others_take) -> None:
    others_take += [0, 1.5, 0, 0.05]  # before and after each of two attempts
    steps: list[str] = []
    (record,) = run_benchmark(TASKS[:1], 1, steps.append)
    assert processes.names == ["eager", "eager"]
    (one,) = record.measurements
    assert not one.contended
    assert one.contention.others_s == pytest.approx(0.05)
    assert "again, because others took 75% of the processors' time" in steps[1]


def test_a_machine_that_is_never_idle_ends_the_benchmark(processes, others_take) -> None:
    others_take += [0, 1.5] * 3
    with pytest.raises(Contended, match=r"eager on cpu.*each of 3 attempts.*75%.*--allow-contenti"):
        run_benchmark(TASKS, 1, str)
    assert processes.names == ["eager"] * 3


def test_disturbed_measurements_are_kept_and_marked_if_allowed(processes, others_take) -> None:
    others_take += [0, 1.5]
    eager, engine = run_benchmark(TASKS[:2], 1, str, allow_contention=True)
    assert processes.names == ["eager", "torchscript"]
    assert [eager.measurements[0].contended, engine.measurements[0].contended] == [True, False]


def test_tasks_are_written_and_read() -> None:
    task = Task(ENGINE, "b", "c", None, 2, {"nodule": ["n"]}, started=1.5, result="r")
    assert Task.parse(task.to_json()) == task


def failure(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the message about a measuring process that runs another program."""
    (tmp_path / "fake_configuration.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(benchmark_run, "ENGINE_MODULE", "fake_configuration")
    with pytest.raises(MeasurementFailed) as raised:
        measure(Task(ENGINE, "b", "c"))
    return str(raised.value)


SUBJECT = """
from lungrt.benchmark.measure import main
def subject(task): raise {error}
main(subject)
"""


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            "killed by SIGKILL (often because memory ran out): no message on stderr",
        ),
        ("1 / 0", "exit code 1: ZeroDivisionError: division by zero"),
        ("", "its process ended without writing a result"),
        (SUBJECT.format(error="MemoryError()"), "MemoryError: out of memory"),
        (SUBJECT.format(error="ImportError('no x')"), "ImportError: no x"),
    ],
)
def test_a_process_without_a_result_is_reported(
    program: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failure(program, tmp_path, monkeypatch) == message


def test_a_process_that_takes_too_long_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark_run, "LIMIT_S", 1.0)
    message = failure("import time; time.sleep(600)", tmp_path, monkeypatch)
    assert message == "stopped after 1 s, the longest that a measurement may take"


def test_an_error_of_the_library_arrives_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(MeasurementFailed, match=r"^Io: .*nowhere"):
        measure(Task(Configuration("native"), str(tmp_path / "nowhere"), "c"))


def test_variables_that_tune_a_process_are_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MALLOC_ARENA_MAX", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "GLIBC_TUNABLES"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HARMLESS", "1")
    passed = []

    def run(command: list[str], env: dict[str, str], **_: object):
        passed.append(env)
        return subprocess.CompletedProcess(command, 1, stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    for name in ("eager", "torchscript", "eager-tuned"):
        with pytest.raises(MeasurementFailed, match="exit code 1: no message on stderr"):
            measure(Task(Configuration(name), "b", "c"))
    tuning = ("MALLOC_", "OMP_", "MKL_", "GLIBC_")
    assert [[n for n in env if n.startswith(tuning)] for env in passed] == [
        [],
        [],
        ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"],
    ]
    assert all(env["HARMLESS"] == "1" for env in passed)


def test_finding_the_lungs_counts_as_segment() -> None:
    timings = {"find_lungs": 0.5, "segment": 2.0, "group": 0.25, "classify": 1.0, "total": 3.75}
    seconds = stage_seconds(timings)
    assert seconds == {"segment": 2.5, "group": 0.25, "classify": 1.0}
    assert sum(seconds.values()) == timings.pop("total")
    assert timings.pop("find_lungs")
    assert stage_seconds(timings)["segment"] == 2.0  # without a lung field


def test_a_profile_reaches_the_pipeline(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("scipy")
    from lungrt.phantom import PhantomOptions, chest

    # It is set by EngineSubject; monkeypatch restores it.
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    phantom = chest(PhantomOptions(shape=(48, 96, 96), nodules=2), seed=1)
    ct = lungrt.CtVolume(phantom.hu, phantom.geometry)
    book, lung = (
        EngineSubject(Task(Configuration("torchscript", profile=profile), str(tiny_bundle), ""))
        .run(ct)
        .outputs()
        for profile in ("book", "lung")
    )
    assert (book["restricted"], lung["restricted"]) == (False, True)
    assert 0 < len(lung["candidates"]) < len(book["candidates"])
    found = compare_outputs(lung, book, "book", Thresholds())
    assert found.same_decisions
    assert found.in_region == len(lung["candidates"])


def test_an_engines_process_never_imports_torch(tiny_bundle: Path, ct_file: Path) -> None:
    task = Task(
        Configuration("torchscript"),
        str(tiny_bundle),
        str(ct_file),
        result=str(ct_file.parent / "result.json"),
    )
    program = f"""
import sys
from lungrt.benchmark.engine import EngineSubject
from lungrt.benchmark.measure import main
sys.argv[1:] = [{task.to_json()!r}]
try: main(EngineSubject)
except SystemExit as ended: assert not ended.code, ended.code
assert not {{"torch", "scipy", "lungrt.models"}} & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_peak_memory_is_this_programs_alone() -> None:
    ballast = np.ones(300_000_000, np.uint8)
    program = "from lungrt.benchmark.measure import peak_bytes; print(peak_bytes())"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert peak_bytes() > ballast.nbytes
    assert int(done.stdout) < 200_000_000
