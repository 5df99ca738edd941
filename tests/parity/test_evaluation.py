"""``lungrt evaluate`` on real truth: the golden files and the C++ pipeline score alike."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import lungrt
from lungrt.cli.app import app

LIDC = "1.3.6.1.4.1.14519.5.2.1.6279.6001.179049373636438705059720603192"
TABLE = [
    "                 |    Complete Miss |     Filtered Out |     Pred. Nodule",
    "     Non-Nodules |                  |              666 |                6",
    "          Benign |                0 |                0 |                0",
    "       Malignant |                0 |                0 |                1",
]


def golden_report(reference: Path) -> dict[str, Any]:
    """Return what the book's public pipeline found on LIDC-IDRI-0001 as a report."""
    path = reference / "golden" / "LIDC-IDRI-0001_candidates.csv"
    with path.open(encoding="utf-8", newline="") as file:
        candidates = [
            {
                "center_mm": [float(row[f"{axis}_mm"]) for axis in "xyz"],
                "index": [int(row[name]) for name in ("index", "row", "col")],
                "p_nodule": float(row["p_nodule"]),
                "p_malignant": None,
                "volume_mm3": 0.0,
                "diameter_mm": 0.0,
            }
            for row in csv.DictReader(file)
        ]
    return {
        "format_version": 1,
        "series": {
            "uid": LIDC,
            "shape": [133, 512, 512],
            "spacing_mm": [0.703125, 0.703125, 2.5],
            "origin_mm": [-166.0, -171.699997, -340.0],
            "direction": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        },
        "profile": "book",
        "options": {
            "segmentation_threshold": 0.5,
            "nodule_threshold": 0.5,
            "malignancy_threshold": 0.5,
        },
        "nodules": [mark for mark in candidates if mark["p_nodule"] > 0.5],  # type: ignore[operator]
        "candidates": candidates,
        "provenance": {"bundle_sha256": "golden", "checkpoint_sha256": {}},
    }


def scores(folder: Path, reference: Path, report: str) -> tuple[list[str], dict[str, Any]]:
    """Score one report against LUNA16's annotations."""
    folder.mkdir()
    (folder / f"{LIDC}.json").write_text(report)
    output = folder.parent / f"{folder.name}.json"
    options = ["--reports", folder, "--data", reference / "luna", "--output", output, "--details"]
    result = CliRunner().invoke(app, ["evaluate", *map(str, options)])
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()[: len(TABLE)], json.loads(output.read_text())


@pytest.fixture
def golden(reference: Path, tmp_path: Path) -> tuple[list[str], dict[str, Any]]:
    """Score the golden file."""
    return scores(tmp_path / "golden", reference, json.dumps(golden_report(reference)))


def test_the_golden_file_finds_the_nodule(golden: tuple[list[str], dict[str, Any]]) -> None:
    table, content = golden
    assert table == TABLE
    assert content["froc"]["cpm"] == 1.0
    assert (content["counts"]["nodules"], content["strata"][0]["found"]) == (1, 1)
    (outcome,) = content["outcomes"]
    assert outcome["nodule"]["malignant"] is True
    assert outcome["nodule"]["ratings"] == [5, 5, 5, 4]
    # Every other series of LUNA16 that has nodules is told to be missing.
    assert len(content["findings"]["missing"]) == 600
    assert content["findings"]["missing_nodules"] == 1185


def test_the_diameter_alone_on_all_of_luna16(golden: tuple[list[str], dict[str, Any]]) -> None:
    baseline = golden[1]["malignancy"]["baseline"]
    assert (baseline["benign"], baseline["malignant"]) == (804, 378)
    assert baseline["auc"] == pytest.approx(0.919, abs=5e-4)
    low, high = baseline["interval"]
    assert 0.89 < low < 0.91 < 0.93 < high < 0.95


def test_the_cpp_pipeline_gives_the_same_table(
    golden: tuple[list[str], dict[str, Any]],
    reference: Path,
    reference_bundle: Path,
    tmp_path: Path,
) -> None:
    report = lungrt.Pipeline(reference_bundle, profile="book").run(
        reference / "ct" / "LIDC-IDRI-0001"
    )
    table, content = scores(tmp_path / "ours", reference, report.to_json(True))
    assert table == golden[0]
    for name in ("at", "cpm", "false_marks", "nodules"):
        assert content["froc"][name] == golden[1]["froc"][name]
    assert content["counts"] == golden[1]["counts"]
