"""Modules that are imported with lungrt, each test in a new interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import lungrt

HEAVY = [
    "torch",
    "SimpleITK",
    "pandas",
    "scipy",
    "matplotlib",
    "typer",
    "rich",
    "onnxruntime",
    "pydicom",
    "highdicom",
    "lungrt.dicom",
    "lungrt._core",
]


def imported_by(code: str) -> set[str]:
    """Return which of the heavy modules a program has imported when it ends."""
    program = (
        f"{code}\nimport json, sys\nprint(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_runtime_needs_only_the_core() -> None:
    code = "import lungrt\nlungrt.Pipeline, lungrt.Report, lungrt.engines(), lungrt.read_ct"
    assert imported_by(code) == {"lungrt._core"}


def refused(path: Path, error: str) -> str:
    """Return a program that reads a path and expects an error."""
    return f"""
import lungrt
try:
    lungrt.read_ct({str(path)!r})
except lungrt.errors.{error}:
    pass
else:
    raise AssertionError("it was read")
"""


def test_a_dicom_folder_needs_no_simpleitk(ct_folder: Path) -> None:
    code = f"import lungrt; assert lungrt.read_ct({str(ct_folder)!r}).shape == (6, 8, 10)"
    assert imported_by(code) == {"lungrt._core"}
    (ct_folder / "slice003.dcm").write_text("damaged")
    assert imported_by(refused(ct_folder, "Io")) == {"lungrt._core"}


def test_an_image_file_needs_no_simpleitk(tmp_path: Path) -> None:
    (tmp_path / "damaged.mha").write_text("no image")
    assert imported_by(refused(tmp_path / "damaged.mha", "Io")) == {"lungrt._core"}


def test_models_work_without_the_core() -> None:
    pytest.importorskip("torch")
    assert "lungrt._core" not in imported_by("import lungrt.models")


def test_exporting_is_imported_on_first_use() -> None:
    assert imported_by("import lungrt.export") == set()


def test_verifying_needs_no_torch() -> None:
    code = "from lungrt.export import verify_bundle, python_runners\npython_runners()"
    assert imported_by(code) == {"lungrt._core"}


def test_comparing_never_imports_torch(
    tiny_bundle: Path, write_report: Callable[..., Path], tmp_path: Path
) -> None:
    a, b = write_report("a.json"), write_report("b.json")
    reports = f"""
from pathlib import Path
from lungrt.comparison.run import compare_reports, compare_settings
assert compare_reports(Path({str(a)!r}), Path({str(b)!r}), 5.0).same_decisions
"""
    assert imported_by(reports) == {"lungrt._core"}
    settings = f"""
import numpy as np, lungrt
from lungrt.comparison.inputs import Settings
hu = np.random.default_rng(0).integers(-1000, 500, (12, 24, 20), dtype=np.int16)
plain = Settings("plain", {str(tiny_bundle)!r}, {{"threads": 1, "profile": "book"}}, {{}})
found = compare_settings(
    plain, plain, [Path("ct")], lambda _: lungrt.CtVolume(hu, lungrt.Geometry()), 5.0
)
assert found.same_decisions
"""
    assert imported_by(reports + settings) == {"lungrt._core"}


def test_running_a_pipeline_never_imports_torch(tiny_bundle: Path) -> None:
    code = f"""
import numpy as np, lungrt
hu = np.random.default_rng(0).integers(-1000, 500, (12, 24, 20), dtype=np.int16)
pipeline = lungrt.Pipeline({str(tiny_bundle)!r}, threads=1, profile="book")
report = pipeline.run((hu, lungrt.Geometry()))
report.to_dict(), report.to_csv()
"""
    assert imported_by(code) == {"lungrt._core"}


def test_every_public_name_is_there() -> None:
    assert set(lungrt.__all__) <= set(dir(lungrt))
    for name in lungrt.__all__:
        assert getattr(lungrt, name) is not None


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="module 'lungrt' has no attribute 'nothing'"):
        _ = lungrt.nothing  # type: ignore[attr-defined]


def test_dicom_results_without_their_package() -> None:
    code = """
import sys
sys.modules["highdicom"] = None
import lungrt.errors
try:
    import lungrt.dicom
except lungrt.errors.InvalidArgument as error:
    assert "pip install 'lungrt[dicom]'" in str(error), error
else:
    raise AssertionError("it was imported")
"""
    assert imported_by(code) == {"highdicom"}  # as None


def test_phantoms_work_without_torch() -> None:
    code = "import lungrt.phantom as p\np.chest(shape=(2, 32, 32), nodules=0)"
    assert imported_by(code) == {"lungrt._core", "scipy"}
