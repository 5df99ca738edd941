"""Reports as they are read, and the messages about everything that is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lungrt.comparison.diagnosis import read_diagnosis
from lungrt.errors import InvalidArgument, UnsupportedVersion

WriteReport = Callable[..., Path]


def test_a_report_is_read(write_report: WriteReport, report_content: dict[str, Any]) -> None:
    found = read_diagnosis(write_report("report.json"))
    assert found.series_uid == "1.2"
    assert list(found.shape) == report_content["series"]["shape"]
    assert len(found.placing) == 15
    assert found.thresholds.nodule == report_content["options"]["nodule_threshold"]
    assert found.mask_voxels == report_content["counts"]["mask_voxels"]
    assert found.mask is None
    for marks, name in ((found.candidates, "candidates"), (found.nodules, "nodules")):
        assert len(marks) == len(report_content[name]) > 0
        for mark, entry in zip(marks, report_content[name], strict=True):
            assert list(mark.index) == entry["index"]
            assert list(mark.center_mm) == entry["center_mm"]
            assert mark.p_nodule == entry["p_nodule"]
            assert mark.p_malignant == entry["p_malignant"]
    assert found.how["precision"] == "fp32"
    assert found.how["engine"] == "torchscript"


def test_options_of_newer_profiles_are_kept(write_report: WriteReport) -> None:
    found = read_diagnosis(
        write_report("lung.json", lambda report: report["options"].update(region="lung field"))
    )
    assert found.how["region"] == "lung field"


@pytest.mark.parametrize(
    ("edit", "error", "message"),
    [
        (lambda r: r.pop("candidates"), InvalidArgument, "no candidates, .* --candidates"),
        (lambda r: r.pop("format_version"), InvalidArgument, "no format_version"),
        (lambda r: r.update(format_version=99), UnsupportedVersion, "format_version 99.*version 1"),
        (lambda r: r.pop("series"), InvalidArgument, "it has no 'series'"),
        (lambda r: r["series"].update(shape=[1, 2]), InvalidArgument, "not a report of lungrt"),
        (lambda r: r["candidates"][0].pop("index"), InvalidArgument, "it has no 'index'"),
        (lambda r: r["candidates"][0].update(p_nodule=None), InvalidArgument, "not a report of"),
        (lambda r: r.update(nodules=3), InvalidArgument, "not a report of lungrt"),
    ],
)
def test_reports_that_cannot_be_compared(
    edit: Callable[[dict[str, Any]], object],
    error: type[Exception],
    message: str,
    write_report: WriteReport,
) -> None:
    path = write_report("bad.json", edit)
    with pytest.raises(error, match=f"bad.json: .*{message}"):
        read_diagnosis(path)
