"""Bundles held against their goldens: damage is found, and so is a runtime that is wrong."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lungrt import _core
from lungrt.errors import BadBundle, InvalidArgument, UnsupportedVersion
from lungrt.export import Artifact, Runner, python_runners, verify_bundle
from lungrt.export.files import check_bundle
from lungrt.export.manifest import read_manifest
from lungrt.export.parity import Run

Array = NDArray[np.float32]

FILES = (
    "nodule/golden.safetensors",
    "nodule/model.onnx",
    "nodule/weights.safetensors",
    "segmentation/model.ts",
)


def _edit(bundle: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def _rehash(bundle: Path) -> None:
    """Make the manifest agree with the files as they are: what is wrong is not damage then."""

    def update(manifest: dict[str, Any]) -> None:
        for stage in manifest["stages"].values():
            for network in stage["networks"]:
                for file in (*network["artifacts"].values(), *network["goldens"]):
                    data = (bundle / file["file"]).read_bytes()
                    file.update(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))

    _edit(bundle, update)


def _changed(runner: Runner, change: Callable[[Array], Array]) -> Runner:
    def open_changed(artifact: Artifact) -> Run:
        run = runner.open(artifact)
        return lambda x: change(run(x))

    return Runner(runner.format, "changed", open_changed)


def test_in_tolerance(bundle: Path) -> None:
    rows = verify_bundle(bundle)
    assert [row for row in rows if row.failed or row.skipped] == []
    found = {(row.stage, row.runtime, row.input) for row in rows}
    assert found == {
        (stage, runtime, f"golden {number}")
        for stage, goldens in (("segmentation", 4), ("nodule", 2))
        for runtime in ("torch", "onnxruntime", "weights")
        for number in range(goldens)
    }
    assert {row.shape[0] for row in rows if row.stage == "segmentation"} == {1, 2, 4, 5}
    assert all(row.tolerance.absolute == 1e-3 for row in rows)
    json.dumps([row.to_json() for row in rows], allow_nan=False)


def test_all_damage_is_told_at_once(bundle: Path) -> None:
    for name in FILES:
        (bundle / name).write_bytes(b"")
    with pytest.raises(BadBundle) as caught:
        verify_bundle(bundle)
    assert all(name in str(caught.value) for name in FILES)


def test_damage_is_found_before_anything_runs(bundle: Path) -> None:
    def must_not_open(artifact: Artifact) -> Run:
        raise AssertionError

    (bundle / "segmentation" / "model.ts").unlink()
    with pytest.raises(BadBundle):
        verify_bundle(bundle, runners={"onnx": Runner("onnx", "", must_not_open)})


@pytest.mark.parametrize("version", [0, 2, 1000])
def test_unknown_version(bundle: Path, version: int) -> None:
    _edit(bundle, lambda m: m.update(format_version=version, something_new=1))
    with pytest.raises(UnsupportedVersion, match=f"is {version}, but this lungrt supports 1"):
        verify_bundle(bundle)


def test_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BadBundle, match=r"is not a bundle.*no file manifest\.json"):
        verify_bundle(tmp_path)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda p: p + np.float32(0.002), "probabilities differ from eager PyTorch by up to 0.002"),
        (lambda p: 1 - p, "decisions flip"),
        (lambda p: p[:, :1] * np.float32(np.nan), "output shape"),
        (lambda p: p * np.float32(np.nan), "values NaN or infinite"),
        (lambda p: p.astype(np.float64), "output type float64, expected float32"),
        (lambda p: 1 / 0, "failed: ZeroDivisionError: division by zero"),
    ],
)
def test_a_runtime_that_is_wrong(
    bundle: Path, change: Callable[[Array], Array], problem: str
) -> None:
    from lungrt.export.parity_table import parity_text

    runner = _changed(python_runners()["onnxruntime"], change)
    rows = verify_bundle(bundle, runners={"wrong": runner})
    wrong = [row for row in rows if row.stage == "nodule"]
    assert all(row.failed for row in wrong)
    assert problem in parity_text(wrong)
    json.dumps([row.to_json() for row in rows], allow_nan=False)


def test_a_runtime_within_tolerance(bundle: Path) -> None:
    runner = _changed(python_runners()["torch"], lambda p: p + np.float32(0.0004))
    rows = verify_bundle(bundle, runners={"nearly": runner})
    assert not any(row.failed for row in rows)
    assert all(row.comparison and row.comparison.max_absolute > 3e-4 for row in rows)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("model.ts", "Inference"),
        ("model.onnx", "Inference"),
        ("weights.safetensors", "BadBundle"),
    ],
)
def test_an_artifact_that_no_runtime_reads(bundle: Path, name: str, error: str) -> None:
    (bundle / "nodule" / name).write_bytes(b"hello")
    _rehash(bundle)
    rows = verify_bundle(bundle)
    failed = [row for row in rows if row.failed]
    assert len(failed) == 2
    assert all(row.problem.startswith(f"cannot be opened: {error}: ") for row in failed)
    assert all(str(bundle / "nodule" / name) in row.problem for row in failed)


def test_an_artifact_of_another_network(bundle: Path, tmp_path: Path) -> None:
    for name in ("model.ts", "model.onnx", "weights.safetensors"):
        (bundle / "nodule" / name).write_bytes((bundle / "segmentation" / name).read_bytes())
    _rehash(bundle)
    rows = verify_bundle(bundle)
    assert {row.stage for row in rows if row.failed} == {"nodule"}
    assert all(row.problem.startswith("failed: ") for row in rows if row.failed)


class TestRuntimesThatAreHere:
    def test_one_is_missing(self, bundle: Path) -> None:
        runners = python_runners()
        runners["onnxruntime"] = Runner("onnx", "onnxruntime", _never, missing="not installed")
        rows = verify_bundle(bundle, runners=runners)
        skipped = [row for row in rows if row.skipped]
        assert [(row.stage, row.skipped) for row in skipped] == [
            ("segmentation", "not installed"),
            ("nodule", "not installed"),
        ]
        assert not any(row.failed for row in rows)

    def test_formats(self, bundle: Path) -> None:
        rows = verify_bundle(bundle, formats=["onnx"])
        assert {row.runtime for row in rows} == {"onnxruntime"}

    def test_no_formats(self, bundle: Path) -> None:
        with pytest.raises(InvalidArgument, match="formats is empty"):
            verify_bundle(bundle, formats=[])

    @pytest.mark.parametrize(
        ("absent", "present"),
        [("torch", {"onnxruntime"}), ("onnxruntime", {"torch", "weights"})],
    )
    def test_one_alone_is_enough(self, bundle: Path, absent: str, present: set[str]) -> None:
        script = f"""
            import sys
            from pathlib import Path
            sys.modules[{absent!r}] = None  # importing it fails
            from lungrt.export import verify_bundle
            rows = verify_bundle(Path(sys.argv[1]))
            assert not any(row.failed for row in rows)
            assert {{row.runtime for row in rows if not row.skipped}} == {present!r}
            assert {{row.skipped for row in rows if row.skipped}} == {{
                "{absent} is not installed; run pip install 'lungrt[" + sys.argv[2] + "]'"
            }}
            assert sys.modules[{absent!r}] is None
        """
        extra = {"torch": "torch", "onnxruntime": "onnx"}[absent]
        command = [sys.executable, "-c", textwrap.dedent(script), str(bundle), extra]
        subprocess.run(command, check=True)


def test_runners_that_apply_the_activation(custom_logits: Path) -> None:
    def sigmoid(artifact: Artifact) -> Run:
        run = python_runners()["torch"].open(artifact)
        return lambda x: np.asarray(1 / (1 + np.exp(-run(x))), np.float32)

    runner = Runner("torchscript", "native", sigmoid, gives_probabilities=True)
    assert not any(row.failed for row in verify_bundle(custom_logits, runners={"own": runner}))
    twice = Runner("torchscript", "native", sigmoid)
    assert all(row.failed for row in verify_bundle(custom_logits, runners={"own": twice}))


@pytest.fixture
def custom_logits(custom: Callable[..., Any], tmp_path: Path) -> Path:
    """Export a segmentation network that gives logits."""
    import torch

    from lungrt.export import export_bundle
    from lungrt.models import InputContract

    conv = torch.nn.Conv2d(1, 1, 1).requires_grad_(False).eval()
    conv.weight.fill_(1 / 200)
    loaded = custom(conv, InputContract(context_slices=0), output_kind="logits")
    return export_bundle(
        {"segmentation": [loaded]}, tmp_path / "logits", formats=["torchscript"]
    ).bundle


def _never(artifact: Artifact) -> Run:
    raise AssertionError(artifact)


def test_a_path_that_is_not_utf8(bundle: Path, tmp_path: Path) -> None:
    folder = Path(os.fsdecode(bytes(tmp_path) + b"/\xff"))
    shutil.copytree(bundle, folder)
    check_bundle(folder)
    assert read_manifest(folder) == read_manifest(bundle)
    opened: list[Artifact] = []

    def fail(artifact: Artifact) -> Run:
        opened.append(artifact)
        raise ValueError(f"no network in {artifact.path}")

    rows = verify_bundle(folder, runners={"failing": Runner("torchscript", "1.0", fail)})
    assert {artifact.bundle for artifact in opened} == {folder}
    assert all(artifact.path.is_file() for artifact in opened)
    assert all(row.failed for row in rows)
    assert r"ValueError: no network in " in rows[0].problem
    assert r"/\udcff/segmentation/" in rows[0].problem
    text = _core.compiled_folder(folder, "nodule", 0, (8, 12, 16))
    assert text == _core.compiled_folder(bundle, "nodule", 0, (8, 12, 16))
