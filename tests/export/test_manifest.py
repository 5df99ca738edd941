"""Manifests as Python gets them from the C++ library, which decides what is valid."""

from __future__ import annotations

import json
from pathlib import Path

from lungrt import _core
from lungrt.export.manifest import STAGES, read_manifest

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "export/defaults/bundle/manifest.json").read_text(encoding="utf-8")


def _write(folder: Path, text: str) -> Path:
    (folder / "manifest.json").write_text(text, encoding="utf-8", newline="")
    return folder


def test_comes_back_as_it_was_written(tmp_path: Path) -> None:
    assert json.loads(read_manifest(_write(tmp_path, EXAMPLE)).to_text()) == json.loads(EXAMPLE)


def test_stages_come_in_the_pipelines_order(tmp_path: Path) -> None:
    document = json.loads(EXAMPLE)
    document["stages"] = dict(reversed(document["stages"].items()))
    manifest = read_manifest(_write(tmp_path, json.dumps(document)))
    assert list(manifest.stages) == list(STAGES)
    assert json.loads(manifest.to_text()) == document


def test_stages_may_be_left_out(tmp_path: Path) -> None:
    document = json.loads(EXAMPLE)
    del document["stages"]["nodule"]
    manifest = read_manifest(_write(tmp_path, json.dumps(document)))
    assert list(manifest.stages) == [name for name in STAGES if name != "nodule"]
    assert json.loads(manifest.to_text()) == document


def test_what_may_be_absent(tmp_path: Path) -> None:
    document = json.loads(EXAMPLE)
    network = document["stages"]["nodule"]["networks"][0]
    del network["checkpoint"]["metadata"], network["artifacts"]["safetensors"]["made_with"]
    del document["stages"]["nodule"]["tolerance"]["cuda"]
    stage = read_manifest(_write(tmp_path, json.dumps(document))).stages["nodule"]
    assert stage.networks[0].checkpoint_metadata == {}
    assert stage.networks[0].artifacts["safetensors"].made_with is None
    assert list(stage.tolerance) == ["cpu"]


def test_files(tmp_path: Path) -> None:
    _write(tmp_path, EXAMPLE)
    names = [file.file for file in read_manifest(tmp_path).files]
    assert names == [
        f"{stage}/{name}"
        for stage in STAGES
        for name in ("weights.safetensors", "golden.safetensors")
    ]
    assert sorted(_core.listed_files(str(tmp_path))) == sorted([*names, "manifest.json"])
