"""The rounds of a benchmark: interleaved, and going on if a configuration fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lungrt.benchmark import run as benchmark_run
from lungrt.benchmark.configuration import Configuration
from lungrt.benchmark.launch import MeasurementFailed
from lungrt.benchmark.outputs import Thresholds
from lungrt.benchmark.results import Cold, Network, Run, Whole
from lungrt.benchmark.run import Settings, run_benchmark
from lungrt.benchmark.workload import Workload

EAGER, ENGINE = Configuration("eager"), Configuration("torchscript", options={"batch": "8"})
LUNG = Configuration("native", profile="lung")
WORKLOAD = Workload(Path("ct"), Path("small"), "ct", "1.2", places=7)


class Processes:
    """Replacement of measuring processes: records the calls, and fails if it should."""

    def __init__(self, outputs, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, str]] = []
        self.tasks = []
        self.commands = []
        self.failing: set[tuple[str, str]] = set()
        self.outputs = {"eager": outputs(), "torchscript": outputs()}
        self.outputs["lung"] = replace(outputs(), candidates=[(4, 5, 6)], restricted=True)
        monkeypatch.setattr(benchmark_run, "measure_task", self.task)
        monkeypatch.setattr(benchmark_run, "measure_command", self.command)

    def task(self, configuration, task, folder, limit_s):
        self.tasks.append(task)
        self._ask(configuration, task.kind)
        if task.kind == "cold":
            return Cold(0.1, 0.2, 0.05)
        if task.kind == "network":
            return Network([1.0], [1.0])
        run = Run(1.0, 1.0, 1.0, 1.0, 4.0)
        name = configuration.name if configuration.profile == "book" else configuration.profile
        return Whole(0.1, [run] * task.runs, [1], self.outputs[name], (9, 8, 7))

    def command(self, configuration, arguments, limit_s):
        self.commands.append(arguments)
        self._ask(configuration, "command")
        return 0.5

    def _ask(self, configuration, kind):
        self.asked.append((configuration.name, kind))
        if (configuration.name, kind) in self.failing:
            raise MeasurementFailed("ended by SIGKILL")


@pytest.fixture
def processes(outputs, monkeypatch: pytest.MonkeyPatch) -> Processes:
    return Processes(outputs, monkeypatch)


def run(tmp_path: Path, rounds: int = 2, configurations: Sequence[Configuration] = (EAGER, ENGINE)):
    return run_benchmark(
        configurations,
        WORKLOAD,
        Settings(Path("bundle"), {"nodule": ["n.pt"]}, rounds, runs=2, limit_s=9.0),
        Thresholds(),
        tmp_path,
        lambda done, total, text: None,
    )


def test_rounds_are_interleaved_and_begin_with_different_configurations(
    processes, tmp_path: Path
) -> None:
    run(tmp_path)
    first = [("eager", "cold"), ("torchscript", "cold"), ("torchscript", "command")]
    first += [(name, kind) for kind in ("network", "whole") for name in ("eager", "torchscript")]
    second = [("torchscript", "cold"), ("eager", "cold"), ("torchscript", "command")]
    second += [(name, kind) for kind in ("network", "whole") for name in ("torchscript", "eager")]
    assert processes.asked == first + second


def test_tasks_of_the_processes(processes, tmp_path: Path) -> None:
    run(tmp_path, rounds=1)
    cold, _, network, _, _, whole = processes.tasks
    assert (cold.ct, cold.series, cold.places) == ("small", None, 0)
    assert (whole.ct, whole.series, whole.places, whole.runs) == ("ct", "1.2", 7, 2)
    assert whole.checkpoints == {"nodule": ["n.pt"]}
    assert (whole.name, whole.options) == ("torchscript", {"batch": "8"})
    assert network.arrays
    assert not whole.arrays
    (command,) = processes.commands
    assert command[:2] == ["diagnose", "small"]
    assert command[command.index("--profile") + 1] == "book"
    assert command[-2:] == ["--engine-option", "batch=8"]
    assert command[command.index("--profile") + 1] == whole.profile == "book"


@pytest.mark.parametrize("kind", ["cold", "command", "network", "whole"])
def test_a_failure_does_not_affect_other_configurations(
    processes, tmp_path: Path, kind: str
) -> None:
    processes.failing = {("torchscript", kind)}
    eager, engine = run(tmp_path)
    assert eager.failure is None
    assert len(eager.measurements) == 6
    assert (engine.failure.kind, engine.failure.round) == (kind, 0)
    assert engine.failure.message == "ended by SIGKILL"
    assert processes.asked.count(("torchscript", kind)) == 1  # not tried again


def test_differing_decisions_are_found_in_any_round(processes, outputs, tmp_path: Path) -> None:
    processes.outputs["torchscript"] = outputs((0.9, 0.9))
    eager, engine = run(tmp_path)
    assert eager.comparison.same_decisions
    assert engine.comparison.differing_decisions == 1
    assert engine.comparison.baseline == EAGER.key


def test_the_first_that_finished_replaces_a_failed_baseline(processes, tmp_path: Path) -> None:
    processes.failing = {("eager", "whole")}
    eager, engine = run(tmp_path)
    assert eager.comparison is None
    assert engine.comparison.baseline == ENGINE.key


def test_another_profile_is_measured_on_the_large_ct_only(processes, tmp_path: Path) -> None:
    *_, lung = run(tmp_path, rounds=2, configurations=[EAGER, ENGINE, LUNG])
    assert [kind for name, kind in processes.asked if name == "native"] == ["whole", "whole"]
    assert {task.profile for task in processes.tasks if task.name == "native"} == {"lung"}
    assert [m.kind for m in lung.measurements] == ["whole", "whole"]
    assert lung.comparison.same_decisions
    assert (lung.comparison.in_region, lung.comparison.slices) == (1, 0)


def test_a_ct_without_lungs_does_not_affect_other_profiles(processes, tmp_path: Path) -> None:
    processes.failing = {("native", "whole")}
    eager, engine, lung = run(tmp_path, configurations=[EAGER, ENGINE, LUNG])
    assert lung.failure.message == "ended by SIGKILL"
    assert eager.comparison.same_decisions
    assert engine.comparison.same_decisions


def test_the_baseline_searches_the_whole_volume_if_any_does(processes, tmp_path: Path) -> None:
    elsewhere = replace(ENGINE, threads=2)
    lung, book = run(tmp_path, configurations=[LUNG, elsewhere])
    assert lung.comparison.baseline == book.comparison.baseline == elsewhere.key
    processes.failing = {("torchscript", "whole")}
    lung, book = run(tmp_path, configurations=[LUNG, elsewhere])
    assert lung.comparison.baseline == LUNG.key
    assert lung.comparison.in_region is None
    assert book.comparison is None


def test_progress_reports_every_measurement(processes, tmp_path: Path) -> None:
    calls = []
    run_benchmark(
        [EAGER, ENGINE],
        WORKLOAD,
        Settings(Path("bundle"), rounds=1),
        Thresholds(),
        tmp_path,
        lambda done, total, text: calls.append((done, total, text)),
    )
    assert calls[0] == (0, 8, "round 1 of 1, cold: eager on cpu, 1 thread")
    assert calls[-1] == (8, 8, "done")
