"""The measuring process of a configuration."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lungrt
from lungrt.benchmark.engine import EngineSubject, stage_seconds
from lungrt.benchmark.measure import FAILED, Diagnosis, fixed_places, peak_bytes
from lungrt.benchmark.outputs import Thresholds, compare_outputs
from lungrt.benchmark.task import Task


def test_fixed_places_are_the_same_and_inside() -> None:
    places = fixed_places((9, 20, 30), 50)
    np.testing.assert_array_equal(places, fixed_places((9, 20, 30), 50))
    assert places.shape == (50, 3)
    assert (places >= 0).all()
    assert (places < (9, 20, 30)).all()


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

    monkeypatch.setenv(
        "OMP_WAIT_POLICY", "passive"
    )  # set by EngineSubject; monkeypatch restores it
    phantom = chest(PhantomOptions(shape=(48, 96, 96), nodules=2), seed=1)
    ct = lungrt.CtVolume(phantom.hu, phantom.geometry)

    def diagnosis(profile: str) -> Diagnosis:
        task = Task("whole", str(tiny_bundle), "", 0.0, "", name="torchscript", profile=profile)
        return EngineSubject(task).run(ct, 0)

    book, lung = (diagnosis(profile).outputs() for profile in ("book", "lung"))
    assert (book.restricted, lung.restricted) == (False, True)
    assert 0 < len(lung.candidates) < len(book.candidates)
    found = compare_outputs(lung, book, "book", Thresholds())
    assert found.same_decisions
    assert found.in_region == len(lung.candidates)


def test_peak_memory_is_this_programs_alone() -> None:
    ballast = np.ones(300_000_000, np.uint8)
    program = "from lungrt.benchmark.measure import peak_bytes; print(peak_bytes())"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert peak_bytes() > ballast.nbytes
    assert int(done.stdout) < 200_000_000


def test_tasks_are_written_and_read(tmp_path: Path) -> None:
    task = Task("whole", "b", "c", 1.5, "r", options={"a": "1"}, checkpoints={"nodule": ["n"]})
    task.write(tmp_path / "task.json")
    assert Task.read(str(tmp_path / "task.json")) == task


def test_an_engines_process_never_imports_torch(tiny_bundle: Path, tmp_path: Path) -> None:
    from lungrt.benchmark.workload import generated_workload
    from lungrt.export.manifest import read_manifest

    workload = generated_workload(read_manifest(tiny_bundle), tmp_path, slices=8, size=40)
    task = Task(
        *("whole", str(tiny_bundle), str(workload.ct), 0.0, str(tmp_path / "result.json")),
        name="torchscript",
        places=3,
    )
    task.write(tmp_path / "task.json")
    program = f"""
import sys
from lungrt.benchmark.engine import EngineSubject
from lungrt.benchmark.measure import main
sys.argv[1:] = [{str(tmp_path / "task.json")!r}]
try: main(EngineSubject)
except SystemExit as ended: assert not ended.code, ended.code
assert not {{"torch", "scipy", "lungrt.models"}} & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "result.json").read_text())
    assert len(result["outputs"]["judged"]) == 3
    assert result["outputs"]["restricted"] is False
    assert result["shape"] == [8, 40, 40]


@pytest.mark.parametrize("error", ["MemoryError()", "ImportError('no x')"])
def test_errors_are_written_to_the_result_file(tmp_path: Path, error: str) -> None:
    Task("cold", "b", "c", 0.0, str(tmp_path / "r.json")).write(tmp_path / "t.json")
    program = f"""
import sys
from lungrt.benchmark.measure import main
def subject(task): raise {error}
sys.argv[1:] = [{str(tmp_path / "t.json")!r}]
main(subject)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == FAILED
    message = json.loads((tmp_path / "r.json").read_text())["error"]
    assert message in ("MemoryError: out of memory", "ImportError: no x")
