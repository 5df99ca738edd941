"""Manifests as Python gets them from the C++ library; both languages decide every case alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lungrt import _core, errors
from lungrt.export.manifest import STAGES, read_manifest

DATA = Path(__file__).parents[1] / "manifest"
EXAMPLE = (DATA / "example.json").read_text(encoding="utf-8")
CASES: list[dict[str, Any]] = json.loads((DATA / "cases.json").read_text(encoding="utf-8"))


def _write(folder: Path, text: str) -> Path:
    (folder / "manifest.json").write_text(text, encoding="utf-8", newline="")
    return folder


def test_comes_back_as_it_was_written(tmp_path: Path) -> None:
    assert json.loads(read_manifest(_write(tmp_path, EXAMPLE)).to_text()) == json.loads(EXAMPLE)


def test_a_malignancy_stage_comes_back_too(tmp_path: Path) -> None:
    document = json.loads(EXAMPLE)
    stage = json.loads(json.dumps(document["stages"].pop("nodule")))
    stage["classes"] = ["benign", "malignant"]
    stage["output"]["kind"] = "logits"
    # In another order than that of the pipeline.
    document["stages"] = {"malignancy": stage, **document["stages"]}
    manifest = read_manifest(_write(tmp_path, json.dumps(document)))
    assert list(manifest.stages) == [name for name in STAGES if name != "nodule"]
    assert json.loads(manifest.to_text()) == document


def test_what_may_be_absent(tmp_path: Path) -> None:
    document = json.loads(EXAMPLE)
    network = document["stages"]["nodule"]["networks"][0]
    del network["checkpoint"]["metadata"], network["artifacts"]["onnx"]["made_with"]
    del document["stages"]["nodule"]["tolerance"]["cuda"]
    stage = read_manifest(_write(tmp_path, json.dumps(document))).stages["nodule"]
    assert stage.networks[0].checkpoint_metadata == {}
    assert stage.networks[0].artifacts["onnx"].made_with is None
    assert list(stage.tolerance) == ["cpu"]


def test_files(tmp_path: Path) -> None:
    _write(tmp_path, EXAMPLE)
    names = [file.file for file in read_manifest(tmp_path).files]
    assert names == [
        f"{stage}/{name}"
        for stage in ("segmentation", "nodule")
        for name in ("model.ts", "model.onnx", "golden.safetensors")
    ]
    assert sorted(_core.listed_files(str(tmp_path))) == sorted([*names, "manifest.json"])


# tests/cpp/core/bundle/test_manifest.cpp reads the same cases.
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_every_case_is_decided(tmp_path: Path, case: dict[str, Any]) -> None:
    assert case["find"] in EXAMPLE
    text = EXAMPLE.replace(case["find"], case["replace"], 1)
    _write(tmp_path, text)
    if case["error"] is None:
        assert read_manifest(tmp_path).to_text()
        return
    with pytest.raises(getattr(errors, case["error"])) as caught:
        read_manifest(tmp_path)
    assert case["message"] in str(caught.value)
    assert str(tmp_path / "manifest.json") in str(caught.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(b"\xff\xfe")
    with pytest.raises(errors.BadBundle, match="not JSON"):
        read_manifest(tmp_path)


def test_a_folder_that_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(errors.BadBundle, match=r"is not a bundle.*contains no file manifest\.json"):
        read_manifest(tmp_path)
    with pytest.raises(errors.Io, match="no bundle at"):
        read_manifest(tmp_path / "absent")
