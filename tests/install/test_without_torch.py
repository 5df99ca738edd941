"""A diagnosis where no torch is: the ONNX Runtime engine needs nothing of LibTorch."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

import lungrt

# Runs the command line and tells, when it ends, what of the frameworks the process holds.
WATCHED_CLI = """
import atexit, json, sys

def tell(path=sys.argv.pop(1)):
    with open("/proc/self/maps") as file:
        libraries = {line.split("/")[-1].strip() for line in file if "/" in line}
    modules = {"torch", "onnxruntime"} & set(sys.modules)
    with open(path, "w") as file:
        json.dump({"libraries": sorted(libraries), "modules": sorted(modules)}, file)

atexit.register(tell)
from lungrt.cli import main
main()
"""


@pytest.fixture
def ct(tmp_path: Path) -> Path:
    """Write a small volume of soft tissue."""
    hu = np.random.default_rng(0).integers(-1000, 200, (12, 40, 44), dtype=np.int16)
    image = SimpleITK.GetImageFromArray(hu)
    image.SetSpacing((0.7, 0.7, 2.5))
    path = tmp_path / "ct.nii.gz"
    SimpleITK.WriteImage(image, str(path))
    return path


@pytest.fixture(autouse=True)
def _engine_was_built() -> None:
    (engine,) = (engine for engine in lungrt.engines() if engine.name == "onnxruntime")
    if not engine.library:
        pytest.skip(engine.reason)


def run(python: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, *map(str, arguments)],
        cwd=python.parent,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_torch_is_not_there(environment: Path) -> None:
    done = run(environment, "-c", "import lungrt, torch")
    assert "No module named 'torch'" in done.stderr
    where = run(environment, "-c", "import lungrt; print(lungrt.__file__)").stdout
    assert where.startswith(str(environment.parents[1]))


def test_diagnose(environment: Path, bundle: Path, ct: Path, tmp_path: Path) -> None:
    report, held = tmp_path / "report.json", tmp_path / "held"
    arguments = (ct, "--bundle", bundle, "--engine", "onnxruntime", "--candidates")
    arguments += ("--profile", "book")  # the CT has no lungs
    done = run(environment, "-c", WATCHED_CLI, held, "diagnose", *arguments, "--output", report)
    assert done.returncode == 0, done.stderr
    written = json.loads(report.read_text(encoding="utf-8"))
    assert written["engine"] == "onnxruntime"
    expected = lungrt.Pipeline(bundle, engine="torchscript").run(ct)
    assert len(written["candidates"]) == len(expected.candidates) == 1
    assert written["candidates"][0]["p_nodule"] == pytest.approx(
        expected.candidates[0].p_nodule, abs=1e-4
    )
    process = json.loads(held.read_text(encoding="utf-8"))
    frameworks = [n for n in process["libraries"] if "torch" in n or "onnxruntime" in n]
    assert [name.partition(".so")[0] for name in frameworks] == [
        "liblungrt_onnxruntime",
        "libonnxruntime",
    ]
    assert process["modules"] == []


def test_torchscript_says_what_is_missing(environment: Path, bundle: Path, ct: Path) -> None:
    arguments = ("diagnose", ct, "--bundle", bundle, "--engine", "torchscript")
    done = run(environment, "-m", "lungrt", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: engine torchscript")
    assert "pip install 'lungrt[torch]'" in done.stderr


def test_info_tells_which_engines_are_here(environment: Path) -> None:
    done = run(environment, "-m", "lungrt", "info", "--json")
    assert done.returncode == 0, done.stderr
    engines = {engine["name"]: engine for engine in json.loads(done.stdout)["engines"]}
    assert engines["onnxruntime"]["available"]
    assert engines["onnxruntime"]["version"].startswith("onnxruntime ")
    assert not engines["torchscript"]["available"]
    assert "PyTorch" in engines["torchscript"]["reason"]
