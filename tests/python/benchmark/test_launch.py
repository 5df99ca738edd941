"""A process that gives no result is reported with a message, whatever it did."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungrt.benchmark import launch
from lungrt.benchmark.configuration import Configuration
from lungrt.benchmark.launch import MeasurementFailed, measure_command, measure_task
from lungrt.benchmark.task import Task

TASK = Task(kind="cold", bundle="b", ct="c", started=0.0, result="")


def failure(program: str, tmp_path: Path, monkeypatch, limit_s: float = 60.0) -> str:
    (tmp_path / "fake_configuration.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(launch, "ENGINE_MODULE", "fake_configuration")
    with pytest.raises(MeasurementFailed) as raised:
        measure_task(Configuration("torchscript"), TASK, tmp_path, limit_s)
    return str(raised.value)


def test_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    message = failure(program, tmp_path, monkeypatch)
    assert message.startswith("killed by SIGKILL (often because memory ran out)")


def test_crashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failure("1 / 0", tmp_path, monkeypatch) == (
        "exit code 1: ZeroDivisionError: division by zero"
    )


def test_too_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    message = failure("import time; time.sleep(600)", tmp_path, monkeypatch, limit_s=1.0)
    assert message == "stopped after 1 s, the limit set by --time-limit"


def test_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "result.json").write_text("{}")  # of an earlier measurement
    assert failure("", tmp_path, monkeypatch) == "its process ended without writing a result"


def test_an_error_of_the_library_arrives_as_it_is(tmp_path: Path) -> None:
    task = Task("cold", str(tmp_path / "nowhere"), "c", 0.0, "", name="torchscript")
    with pytest.raises(MeasurementFailed, match=r"^Io: .*nowhere"):
        measure_task(Configuration("torchscript"), task, tmp_path, 60.0)


def test_a_command_that_fails(tmp_path: Path) -> None:
    with pytest.raises(MeasurementFailed, match=r"exit code 2: error: .*nowhere"):
        measure_command(Configuration("torchscript"), ["info", str(tmp_path / "nowhere")], 60.0)
