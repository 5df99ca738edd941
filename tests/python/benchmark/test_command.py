"""``lungrt bench``: arguments, files, Ctrl-C, and one run through real processes."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from lungrt.benchmark import run as benchmark_run
from lungrt.benchmark.tables import BEGIN, END
from lungrt.cli.app import app
from lungrt.export import manifest
from lungrt.export.manifest import read_manifest


def bench(*arguments: object):
    # Tests may run on a machine that is not idle; test_contention.py tests the refusal.
    return CliRunner().invoke(app, ["bench", "--allow-contention", *map(str, arguments)])


def test_real_processes_from_bundle_to_files(
    tiny_networks: dict[str, Any], tiny_bundle: Path, ct_file: Path, tmp_path: Path
) -> None:
    pytest.importorskip("scipy")
    pytest.importorskip("matplotlib")
    page = tmp_path / "README.md"
    page.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    checkpoints = [
        text
        for stage, (network,) in tiny_networks.items()
        for text in (f"--{stage}", network.checkpoint.path)
    ]
    outputs = [tmp_path / f"b.{kind}" for kind in ("json", "csv", "svg")]
    result = bench(
        *(tiny_bundle, ct_file, "--engine", "torchscript", "--rounds", 1, "--threads", 1),
        *("--engine-option", "torchscript:nonsense=1", "--markdown", page, *checkpoints),
        *("--precision", "bf16", "--profile", "lung"),
        *(text for path in outputs for text in ("--output", path)),
    )
    assert result.exit_code == 0, result.output
    assert "lungrt, TorchScript engine" in result.output
    assert "not a medical device" in result.output

    found = json.loads(outputs[0].read_text())
    assert found["workload"] == "CT-7.mha, 12 slices of 44 x 40"
    assert {"what": "engine torchscript in bf16 on cpu", "why": "it supports fp32 there"} in found[
        "not_compared"
    ]
    assert {c["precision"] for c in found["contenders"]} == {"fp32"}
    (lung,) = [c for c in found["contenders"] if c["profile"] == "lung"]
    assert "no lungs were found" in lung["failure"]["message"]
    assert "not measured: torchscript[profile lung] on cpu, 1 thread (round 1" in result.output
    configurations = {
        (c["name"], bool(c["options"])): c for c in found["contenders"] if c["profile"] == "book"
    }
    failed = configurations.pop(("torchscript", True))
    assert "nonsense" in failed["failure"]["message"]
    assert set(configurations) == {("eager", False), ("eager-tuned", False), ("torchscript", False)}
    for configuration in configurations.values():
        assert configuration["failure"] is None
        comparison = configuration["comparison"]
        assert comparison["differing_candidates"] == comparison["differing_decisions"] == 0
        assert comparison["differing_mask_voxels"] == 0
        assert comparison["judged"] == comparison["candidates"] > 10
        summary = configuration["summary"]
        assert summary["seconds"]["total"]["median"] > 0
        assert summary["seconds"]["warm"]["count"] == 1
        assert summary["peak_bytes"] > 10**7
        candidates = configuration["outputs"]["candidates"]
        assert {candidate["p_malignant"] is None for candidate in candidates} == {True, False}
    places = [
        [candidate["center_mm"] for candidate in configuration["outputs"]["candidates"]]
        for configuration in configurations.values()
    ]
    np.testing.assert_allclose(places[0], places[-1], atol=1e-6)

    rows = list(csv.DictReader(outputs[1].read_text().splitlines()))
    assert {row["run"] for row in rows} == {"0", "1"}
    assert b"prefers-color-scheme" in outputs[2].read_bytes()
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n![")
    assert text.endswith(f"{END}\nafter\n")
    assert "(b.svg)" in text
    assert str(tmp_path) not in text


def test_eager_alone_needs_checkpoints_or_weights(
    tiny_bundle: Path, tmp_path: Path, write_series
) -> None:
    pytest.importorskip("scipy")
    write_series(tmp_path / "CT-7", [float(z) for z in range(9)])
    result = bench(
        *(tiny_bundle, tmp_path / "CT-7", "--rounds", 1, "--runs", 1, "--threads", 1),
        *("--engine", "torchscript", "--output", tmp_path / "b.json"),
    )
    assert result.exit_code == 0, result.output
    assert "not measured: eager on cpu, 1 thread (round 1): BadBundle:" in result.output
    assert "no artifact 'safetensors'" in result.output
    assert "give its checkpoint with --segmentation" in result.output
    found = json.loads((tmp_path / "b.json").read_text())
    assert found["workload"] == "CT-7, 9 slices of 8 x 10"
    (*_, ours) = found["contenders"]
    assert ours["failure"] is None
    assert ours["summary"]["ratio"] is None


def test_all_failed(tiny_bundle: Path, tmp_path: Path) -> None:
    result = bench(
        tiny_bundle,
        tmp_path / "nowhere",
        *("--engine", "torchscript", "--no-eager", "--rounds", 1),
        *("--output", tmp_path / "b.json"),
    )
    assert result.exit_code == 2
    assert "Io: " in result.output
    assert "every configuration failed, so nothing was written" in result.output
    assert list(tmp_path.iterdir()) == []


def test_interrupted(tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(benchmark_run, "measure", interrupt)
    page = tmp_path / "README.md"
    page.write_text(BEGIN + END)
    result = bench(
        *(tiny_bundle, "ct", "--markdown", page),
        *("--output", tmp_path / "b.json", "--output", tmp_path / "b.csv"),
    )
    assert result.exit_code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    assert page.read_text() == BEGIN + END


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--threads", "0"], "--threads 0: expected whole numbers of at least 1"),
        (["--precision", "half"], "unknown precision 'half'; expected fp32, tf32, bf16"),
        (["--profile", "heart"], "unknown profile 'heart'; expected book, lung"),
        (["--profile", "lung,lung"], "expected different values separated by commas"),
        (["--threads", "two"], "--threads two: expected whole numbers"),
        (["--threads", "1,1"], "expected different values separated by commas"),
        (["--device", "cpu,"], "expected different values separated by commas"),
        *(
            (["--device", name], f"unknown device '{name}'; expected cpu, cuda or cuda:N")
            for name in ("gpu", "auto", "cuda:", "cuda:x")
        ),
        (["--engine", "tensorflow"], "unknown engine 'tensorflow'"),
        (["--engine-option", "a=1"], "expected ENGINE:NAME=VALUE"),
        (["--engine-option", "tensorflow:a=1"], "unknown engine 'tensorflow'; expected native"),
        (["--output", "b.txt"], "b.txt: unknown kind of output"),
        (["--output", "b.json", "--output", "./b.json"], "the same file is given twice"),
        (
            ["--no-eager", "--device", "cuda:7"],
            "none of the chosen configurations can be measured here",
        ),
    ],
)
def test_wrong_arguments(
    tiny_bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = bench(tiny_bundle, "ct", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_bundle_and_a_page_without_markers(tiny_bundle: Path, tmp_path: Path) -> None:
    assert "is not a bundle" in bench(tmp_path, "ct").output
    page = tmp_path / "page.md"
    page.write_text("nothing")
    assert (
        "expected the line <!-- bench:begin -->"
        in bench(tiny_bundle, "ct", "--markdown", page).output
    )


def test_a_picture_without_matplotlib(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = bench(tiny_bundle, "ct", "--output", tmp_path / "b.svg")
    assert result.exit_code == 2
    assert "b.svg needs matplotlib" in " ".join(result.output.split())
    assert "lungrt[bench]" in result.output


@pytest.mark.parametrize("stage", ["segmentation", "nodule"])
def test_a_bundle_without_a_stage(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    whole = read_manifest(tiny_bundle)
    others = {name: entry for name, entry in whole.stages.items() if name != stage}
    monkeypatch.setattr(manifest, "read_manifest", lambda _: replace(whole, stages=others))
    result = bench(tiny_bundle, "ct")
    assert result.exit_code == 2
    assert f"has no stage {stage}; a benchmark needs the stages" in " ".join(result.output.split())


def test_a_page_whose_suffix_is_in_capitals(tiny_bundle: Path, tmp_path: Path) -> None:
    page = tmp_path / "README.MD"
    page.write_text(BEGIN + END)
    options = ("--engine", "torchscript", "--no-eager", "--rounds", 1, "--markdown", page)
    result = bench(tiny_bundle, tmp_path / "nowhere", *options)
    assert "every configuration failed, so nothing was written" in result.output


def test_openvino_decides_what_eager_pytorch_decides(
    onnx_bundle: Path, tiny_networks: dict[str, Any], ct_file: Path, tmp_path: Path
) -> None:
    pytest.importorskip("scipy")
    pytest.importorskip("openvino", reason="the peer OpenVINO needs its package")
    checkpoints = [
        text
        for stage, (network,) in tiny_networks.items()
        for text in (f"--{stage}", network.checkpoint.path)
    ]
    result = bench(
        *(onnx_bundle, ct_file, "--engine", "openvino", "--rounds", 1, "--threads", 1),
        *("--runs", 1, "--output", tmp_path / "b.json", *checkpoints),
    )
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "b.json").read_text())
    *_, fp32, usual = found["contenders"]
    assert [one["failure"] for one in (fp32, usual)] == [None, None]
    assert (fp32["precision"], usual["precision"]) == ("fp32", "default")
    assert fp32["arithmetic"]["precision"] == "fp32"
    assert usual["arithmetic"]["precision"] in ("fp32", "bf16", "fp16")
    comparison = fp32["comparison"]
    assert comparison["baseline"].startswith("eager on cpu")
    assert comparison["candidates"] > 10
    assert comparison["differing_candidates"] == comparison["differing_decisions"] == 0
    assert comparison["largest_difference"] < 1e-4


def test_openvino_without_its_artifact(tiny_bundle: Path, ct_file: Path) -> None:
    pytest.importorskip("scipy")
    pytest.importorskip("openvino", reason="the peer OpenVINO needs its package")
    result = bench(tiny_bundle, ct_file, "--engine", "openvino", "--no-eager", "--rounds", 1)
    assert "no artifact 'onnx', which OpenVINO reads" in result.output


def test_options_of_a_run_reach_the_library(tiny_bundle: Path, tmp_path: Path) -> None:
    import SimpleITK

    image = SimpleITK.GetImageFromArray(np.full((12, 44, 40), 5, np.int16))  # no air
    SimpleITK.WriteImage(image, str(tmp_path / "ct.mha"))
    options = ("--engine", "torchscript", "--rounds", 1, "--runs", 1, "--voxel-order", "patient")
    refused = bench(tiny_bundle, tmp_path / "ct.mha", *options)
    assert "BadVolume: " in refused.output
    assert "--allow-non-hu" in refused.output or "allow_non_hu" in refused.output
    assert "eager PyTorch: knows only the stored order of voxels" in refused.output
    allowed = bench(tiny_bundle, tmp_path / "ct.mha", *options, "--allow-non-hu")
    assert allowed.exit_code == 0, allowed.output
    unknown = bench(tiny_bundle, tmp_path / "ct.mha", *options[:-1], "upside-down")
    assert "upside-down" in unknown.output
    assert unknown.exit_code == 2
