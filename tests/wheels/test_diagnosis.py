"""A diagnosis in clean environments: each engine needs what it runs on, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

import lungrt

from .conftest import SITE_PACKAGES, MakeEnvironment, run

pytestmark = pytest.mark.index

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


def test_torch_is_not_there(environment: Path) -> None:
    done = run(environment, "-c", "import lungrt, torch")
    assert "No module named 'torch'" in done.stderr
    where = run(environment, "-c", "import lungrt; print(lungrt.__file__)").stdout
    assert where.startswith(str(environment.parents[1]))


def diagnose(python: Path, engine: str, bundle: Path, ct: Path, folder: Path) -> list[str]:
    """Diagnose in an environment, compare with this one, and tell which libraries that took."""
    report, held = folder / "report.json", folder / "held"
    arguments = (ct, "--bundle", bundle, "--engine", engine, "--candidates")
    arguments += ("--profile", "book")  # the CT has no lungs
    done = run(python, "-c", WATCHED_CLI, held, "diagnose", *arguments, "--output", report)
    assert done.returncode == 0, done.stderr
    written = json.loads(report.read_text(encoding="utf-8"))
    assert written["engine"] == ("native" if engine == "auto" else engine)
    expected = lungrt.Pipeline(bundle, engine="torchscript", profile="book").run(ct)
    assert len(written["candidates"]) == len(expected.candidates) == 1
    assert written["candidates"][0]["p_nodule"] == pytest.approx(
        expected.candidates[0].p_nodule, abs=1e-4
    )
    process: dict[str, Any] = json.loads(held.read_text(encoding="utf-8"))
    assert process["modules"] == []
    frameworks = [n for n in process["libraries"] if "torch" in n or "onnxruntime" in n]
    return [name.partition(".so")[0] for name in frameworks]


@pytest.mark.parametrize("engine", ["auto", "native"])
def test_native(
    engine: str, bare_environment: Path, bundle: Path, ct: Path, tmp_path: Path
) -> None:
    python = bare_environment / "bin" / "python"
    assert diagnose(python, engine, bundle, ct, tmp_path) == []


def test_onnxruntime(environment: Path, bundle: Path, ct: Path, tmp_path: Path) -> None:
    package = environment.parents[1] / SITE_PACKAGES / "lungrt"
    if not (package / "liblungrt_onnxruntime.so").exists():
        pytest.skip("the ONNX Runtime engine was not built: no headers")
    libraries = diagnose(environment, "onnxruntime", bundle, ct, tmp_path)
    assert libraries == ["liblungrt_onnxruntime", "libonnxruntime"]


def test_torchscript(
    make_environment: MakeEnvironment, torch_wheel: Path, bundle: Path, ct: Path, tmp_path: Path
) -> None:
    python = make_environment("torch", wheel=torch_wheel)
    libraries = diagnose(python, "torchscript", bundle, ct, tmp_path)
    assert {"liblungrt_torchscript", "libtorch_cpu"} <= {*libraries}
    assert "libtorch_python" not in libraries


def test_torchscript_says_what_is_missing(environment: Path, bundle: Path, ct: Path) -> None:
    arguments = ("diagnose", ct, "--bundle", bundle, "--engine", "torchscript")
    done = run(environment, "-m", "lungrt", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: engine torchscript")
    assert "pip install lungrt-torch" in done.stderr
