"""The files of the guide "A network of your own" run as they are shown there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnxscript")


@pytest.fixture(scope="module")
def folder(examples: Path) -> Path:
    return examples / "own_network"


def run(folder: Path, *command: object) -> str:
    done = subprocess.run(
        [sys.executable, folder / str(command[0]), *map(str, command[1:])],
        env={**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def checkpoint(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "blobs.pt"
    run(folder, "train.py", path)
    return path


@pytest.fixture(scope="module")
def exported(folder: Path, checkpoint: Path) -> tuple[Path, str]:
    bundle = checkpoint.with_name("bundle")
    return bundle, run(folder, "export.py", checkpoint, bundle)


def test_export_compares_both_artifacts(exported: tuple[Path, str]) -> None:
    bundle, text = exported
    assert {path.name for path in (bundle / "segmentation").iterdir()} >= {"model.ts", "model.onnx"}
    assert re.search(r"segmentation torch .* ok", text)
    assert re.search(r"segmentation onnxruntime .* ok", text)
    assert "not written as safetensors" in text


def test_ball_is_found_as_the_guide_prints(folder: Path, exported: tuple[Path, str]) -> None:
    (line,) = run(folder, "run.py", exported[0]).splitlines()
    match = re.fullmatch(r"\((\d+), (\d+), (\d+)\) (\d+\.\d) mm", line)
    assert match is not None
    assert tuple(map(int, match.groups()[:3])) == (12, 40, 60)
    assert float(match[4]) == pytest.approx(12, abs=1.5)
    guide = (folder.parents[1] / "guides" / "own-network.md").read_text(encoding="utf-8")
    assert "(12, 40, 60) 11." in guide


def test_command_of_the_guide_gives_the_same_network(
    folder: Path, checkpoint: Path, exported: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = (folder.parents[1] / "guides" / "own-network.md").read_text(encoding="utf-8")
    match = re.search(r"--segmentation-options \\\n\s+'(\{.*?\})'", guide, re.DOTALL)
    assert match is not None
    monkeypatch.setenv("PYTHONPATH", str(folder))
    bundle = checkpoint.with_name("by-command")
    command = [sys.executable, "-m", "lungrt", "export", "--segmentation", checkpoint]
    command += ["--segmentation-arch", "blobs:BlobFinder", "--segmentation-options", match[1]]
    subprocess.run([*command, "--formats", "torchscript", "--output", bundle], check=True)

    import lungrt

    values = np.random.default_rng(0).random((1, 3, 16, 16), np.float32) - 1
    one, other = (
        lungrt.StageNetwork(path, "segmentation", engine="torchscript", threads=1).run(values)
        for path in (bundle, exported[0])
    )
    assert np.array_equal(one, other)
