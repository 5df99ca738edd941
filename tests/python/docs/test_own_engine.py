"""The engine of the guide "An engine of your own" is built as shown there, loaded and run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lungrt

ROOT = Path(__file__).parents[3]

RUN = """
import sys
import lungrt, numpy as np

bundle, = sys.argv[1:]
(info,) = [engine for engine in lungrt.engines() if engine.name == "onnxruntime"]
print(info.version, info.reason)
network = lungrt.StageNetwork(bundle, "segmentation", engine="onnxruntime", threads=1)
hu = np.linspace(-1000, 300, 3 * 4 * 4, dtype=np.float32).reshape(1, 3, 4, 4)
expected = 1 / (1 + np.exp(-(hu[:, 1:2].astype(float) + 400) / 50))
print(np.abs(network.run(hu) - expected).max() < 1e-6)
crop = np.full((2, 1, 8, 8, 8), -1000, np.float32)
crop[1, 0, 4, 4, 4] = 100
print(lungrt.StageNetwork(bundle, "nodule", engine="onnxruntime").run(crop).round(3).tolist())
report = lungrt.Pipeline(bundle, engine="onnxruntime", profile="book").run(
    (np.where(np.indices((20, 40, 40)).max(0) // 8 == 1, 50, -900).astype(np.int16),
     lungrt.Geometry()))
print(len(report.candidates) > 0, report.engine)
try:
    lungrt.Pipeline(bundle, engine="onnxruntime", engine_options={"no": "option"}, profile="book")
except lungrt.errors.InvalidArgument as error:
    print(error)
"""


@pytest.fixture(scope="module")
def library(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the engine with the guide's command, and the version header that CMake would write."""
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("needs a C++ compiler")
    folder = tmp_path_factory.mktemp("engine")
    (folder / "lungrt").mkdir()
    template = (ROOT / "cpp/include/lungrt/version.h.in").read_text(encoding="utf-8")
    versions = dict(
        zip(("MAJOR", "MINOR", "PATCH"), lungrt.__version__.split("."), strict=True),
    )
    text = template.replace("@PROJECT_VERSION@", lungrt.__version__)
    for part, number in versions.items():
        text = text.replace(f"@PROJECT_VERSION_{part}@", number)
    assert "@" not in re.sub(r"//[^\n]*", "", text)
    (folder / "lungrt/version.h").write_text(text, encoding="utf-8")

    guide = (ROOT / "docs/guides/own-engine.md").read_text(encoding="utf-8")
    shown = re.search(r"\$ c\+\+ (.*?) -o liblungrt_brightness\.so", guide, re.DOTALL)
    assert shown is not None
    arguments = shown[1].replace("\\\n", " ").replace("build/python/cpp/include", str(folder))
    seat = folder / "seat"
    seat.mkdir()
    output = seat / "liblungrt_onnxruntime.so"  # a known engine's name, as in the guide
    warnings = ("-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers")
    subprocess.run([compiler, *arguments.split(), *warnings, "-o", output], cwd=ROOT, check=True)
    return output


def test_engine_is_loaded_and_runs(library: Path, onnx_bundle: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, onnx_bundle],
        env={**os.environ, "LUNGRT_ENGINE_PATH": str(library.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    version, segmented, classified, whole, refused = done.stdout.splitlines()
    assert version.strip() == "brightness 1.0"
    assert segmented == "True"
    assert classified == "[[1.0, 0.0], [0.0, 1.0]]"
    assert whole == "True onnxruntime"
    assert "unknown option 'no'" in refused
