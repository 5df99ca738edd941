"""Reports as dictionaries, CSV and data frames."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest

import lungrt


@pytest.fixture(scope="module")
def report(tiny_bundle: Path, small_ct: lungrt.CtVolume) -> lungrt.Report:
    """Diagnose a small CT with candidates of both kinds."""
    result = lungrt.Pipeline(tiny_bundle, threads=1, profile="book").run(small_ct)
    assert 0 < len(result.nodules) < len(result.candidates)
    return result


def test_dictionary_has_the_documented_keys(report: lungrt.Report) -> None:
    content = report.to_dict()
    assert list(content) == [
        "format_version",
        "series",
        "profile",
        "options",
        "engine",
        "device",
        "lung_field",
        "counts",
        "nodules",
        "candidates",
        "timings_s",
        "provenance",
    ]
    assert set(content["series"]) == {"uid", "shape", "spacing_mm", "origin_mm", "direction"}
    assert content["counts"] == {
        "mask_voxels": report.mask_voxels,
        "candidates": len(report.candidates),
        "nodules": len(report.nodules),
    }
    assert content["lung_field"] is None
    assert content["options"] == {
        "geometry": "book",
        "region": "volume",
        "merge_marks": False,
        "voxel_order": "stored",
        "pad_small_volumes": False,
        "precision": "fp32",
        "segmentation_threshold": 0.5,
        "nodule_threshold": 0.5,
        "malignancy_threshold": 0.5,
    }
    finding = {
        "center_mm",
        "index",
        "p_nodule",
        "p_malignant",
        "volume_mm3",
        "diameter_mm",
        "extent_mm",
    }
    assert set(content["candidates"][0]) == finding
    assert set(content["nodules"][0]) == finding | {"marks"}


def test_dictionary_has_every_digit(report: lungrt.Report) -> None:
    content = report.to_dict()
    assert content == json.loads(report.to_json())
    for entry, finding in zip(content["candidates"], report.candidates, strict=True):
        assert tuple(entry["index"]) == finding.index
        assert tuple(entry["center_mm"]) == finding.center_mm
        assert entry["p_nodule"] == finding.p_nodule
        assert entry["p_malignant"] == finding.p_malignant
        assert entry["volume_mm3"] == finding.volume_mm3
        assert entry["diameter_mm"] == finding.diameter_mm
        assert tuple(entry["extent_mm"]) == finding.extent_mm
    for entry, nodule in zip(content["nodules"], report.nodules, strict=True):
        assert entry["marks"] == nodule.marks
        assert [report.candidates[mark].index for mark in nodule.marks] == [nodule.index]


def test_candidates_can_be_left_out(report: lungrt.Report) -> None:
    assert "candidates" not in report.to_dict(with_candidates=False)


@pytest.mark.parametrize("candidates", [False, True])
def test_csv_is_what_python_would_write(report: lungrt.Report, candidates: bool) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = ("seriesuid", "coordX", "coordY", "coordZ", "probability", "p_malignant")
    writer.writerow((*columns, "diameter_mm", "volume_mm3", "slice", "row", "column"))
    for finding in report.candidates if candidates else report.nodules:
        numbers = (finding.p_nodule, finding.p_malignant, finding.diameter_mm, finding.volume_mm3)
        writer.writerow((report.series_uid, *finding.center_mm, *numbers, *finding.index))
    assert report.to_csv(candidates=candidates) == text.getvalue()


@pytest.mark.parametrize("candidates", [False, True])
def test_data_frame_is_the_csv(report: lungrt.Report, candidates: bool) -> None:
    pytest.importorskip("pandas")
    frame = report.to_dataframe(candidates=candidates)
    assert frame.to_csv(index=False) == report.to_csv(candidates=candidates)
    assert frame["p_malignant"].dtype == float
    assert set(frame["seriesuid"]) == {"1.2"}


def test_data_frame_without_pandas(report: lungrt.Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'lungrt\[pandas\]'"):
        report.to_dataframe()


def test_repr_reads_well(report: lungrt.Report) -> None:
    text = repr(report)
    assert text.startswith(
        f"<Report: {len(report.nodules)} nodules of {len(report.candidates)} candidates, series 1.2"
    )
    assert "profile book, torchscript on cpu" in text
    finding = repr(report.candidates[0])
    assert finding.startswith("Finding(index=(")
    assert "p_nodule=0." in finding
    assert repr(report.options).startswith("ProfileOptions(profile='book', geometry='book'")
