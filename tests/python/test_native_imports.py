"""A diagnosis by the default engine needs no framework: not its modules, nor its libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import SimpleITK

import lungrt

FRAMEWORKS = ("torch", "onnxruntime", "onnx", "caffe2", "openvino", "tensorrt")

# What a process has imported, and which libraries are mapped into it, once a program has ended.
REPORT = """
import json, os, sys
maps = [line.split()[-1] for line in open("/proc/self/maps") if ".so" in line]
print()
print(json.dumps({"modules": sorted(sys.modules), "libraries": sorted(set(maps))}))
"""
# The small CT has no lungs to look for.
BOOK = ("--profile", "book")
DIAGNOSE = """
import sys
from lungrt.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


def run(program: str, *arguments: object) -> tuple[dict[str, list[str]], str]:
    """Return what a fresh interpreter ended with, and what it said before."""
    done = subprocess.run(
        [sys.executable, "-c", program + REPORT, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said, _, last = done.stdout.rstrip("\n").rpartition("\n")
    found: dict[str, list[str]] = json.loads(last)
    return found, said


@pytest.fixture
def ct_file(tmp_path: Path, small_ct: lungrt.CtVolume) -> Path:
    path = tmp_path / "ct.mha"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(small_ct.hu), str(path))
    return path


def test_a_diagnosis_by_default_loads_no_framework(
    native_bundle: Path, ct_file: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    arguments = ("diagnose", ct_file, "--bundle", native_bundle, *BOOK, "--output", report)
    found, _ = run(DIAGNOSE, *arguments)
    assert json.loads(report.read_text())["engine"] == "native"
    roots = {name.partition(".")[0] for name in found["modules"]}
    assert not roots & set(FRAMEWORKS)
    names = {Path(library).name for library in found["libraries"]}
    core = [name for name in names if name.startswith("liblungrt.so")]
    assert core, "the list is to be one of loaded libraries"
    framework = ("libtorch", "libc10", "libonnxruntime", "libgomp", "libcuda", "liblungrt_")
    assert not [name for name in names if name.startswith(framework)]


def test_the_same_by_torchscript_is_seen(native_bundle: Path, ct_file: Path) -> None:
    """What the test before looks for is there when it should be: the library, not the module."""
    engines = {engine.name: engine for engine in lungrt.engines()}
    if not engines["torchscript"].available:
        pytest.skip(f"no engine torchscript here: {engines['torchscript'].reason}")
    arguments = ("diagnose", ct_file, "--bundle", native_bundle, *BOOK, "--engine", "torchscript")
    found, _ = run(DIAGNOSE, *arguments)
    names = {Path(library).name for library in found["libraries"]}
    assert {"libtorch_cpu.so", "liblungrt_torchscript.so"} <= names
    assert "torch" not in found["modules"]


def test_importing_lungrt_imports_nothing_else() -> None:
    """Its own few modules and the standard library; NumPy comes with the first array."""
    before, _ = run("")
    after, _ = run("import lungrt")
    new = set(after["modules"]) - set(before["modules"])
    assert {name for name in new if name.startswith("lungrt")} == {"lungrt", "lungrt.errors"}
    roots = {name.partition(".")[0].lstrip("_") for name in new} - {"lungrt"}
    assert {root for root in roots if not _is_standard(root)} == set()
    assert not [name for name in after["libraries"] if "lungrt" in name]


def _is_standard(root: str) -> bool:
    return any(f"{lead}{root}" in sys.stdlib_module_names for lead in ("", "_", "__"))
