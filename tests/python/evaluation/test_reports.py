"""Reports that are read back, and which of them are scored."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluation_examples import nodule, report, report_content, write_report

import lungrt
from lungrt.data.truth import Truth
from lungrt.errors import InvalidArgument, Io, UnsupportedVersion
from lungrt.evaluation.reports import parse_report, read_report, read_reports
from lungrt.evaluation.selection import check_alike, coverage_notes, outside_annotations, select


def test_reads_what_a_pipeline_writes(
    tiny_bundle: Path, small_ct: lungrt.CtVolume, tmp_path: Path
) -> None:
    written = lungrt.Pipeline(tiny_bundle, threads=1, profile="book").run(small_ct)
    (tmp_path / "r.json").write_text(written.to_json(True))
    read = read_report(tmp_path / "r.json")
    assert read.series_uid == "1.2"
    assert read.shape == written.shape
    assert read.has_malignancy
    assert len(read.nodules) == len(written.nodules)
    for place, finding in enumerate(written.candidates):
        assert tuple(read.candidates.center_mm[place]) == finding.center_mm
        assert read.candidates.p_nodule[place] == finding.p_nodule
        asked = read.candidates.p_malignant[place]
        assert (None if np.isnan(asked) else asked) == finding.p_malignant
        assert read.extent.index_of(finding.center_mm)[::-1] == pytest.approx(finding.index)
    assert read.setup["bundle"] == written.provenance.bundle_sha256
    assert read.setup["profile"] == "book"


def test_a_report_without_uid_is_of_the_series_it_is_named_for(tmp_path: Path) -> None:
    path = tmp_path / "1.2.3.json"
    path.write_text(json.dumps(report_content("")))
    assert read_report(path).series_uid == "1.2.3"


def test_an_oblique_scan() -> None:
    content = report_content("s")
    content["series"]["direction"] = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    content["series"]["spacing_mm"] = [0.5, 2.0, 4.0]
    content["series"]["origin_mm"] = [10.0, 20.0, 30.0]
    read = parse_report(content, Path("r.json"))
    geometry = lungrt.Geometry((10, 20, 30), (0.5, 2, 4), content["series"]["direction"])
    assert read.extent.index_of(geometry.to_world((3, 4, 5))) == pytest.approx((5, 4, 3))
    assert read.extent.contains(geometry.to_world((99.9, 199.9, -0.9)))
    assert not read.extent.contains(geometry.to_world((100.1, 0, 0)))


def test_without_candidates_it_is_refused_in_words() -> None:
    content = report_content("s", [(0.0, 0.9, None)])
    del content["candidates"]
    with pytest.raises(InvalidArgument, match=r"all candidates are needed; .*--candidates"):
        parse_report(content, Path("r.json"))


def _set(content: Any, path: str, value: Any) -> None:
    *names, last = (int(name) if name.isdecimal() else name for name in path.split("/"))
    for name in names:
        content = content[name]
    content[last] = value


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (
            "candidates/0/p_nodule",
            None,
            r"candidates\[0\].p_nodule is None, expected a finite number",
        ),
        ("candidates/0/p_nodule", float("nan"), "p_nodule is nan"),
        ("candidates/0/p_nodule", 1.5, "p_nodule is 1.5, expected a probability"),
        ("candidates/0/p_nodule", True, "p_nodule is True"),
        ("candidates/0/p_malignant", -0.1, "p_malignant is -0.1, expected a probability"),
        ("candidates/0/center_mm", [1.0, 2.0], "expected a list of three numbers"),
        ("candidates/0/center_mm", [1.0, 2.0, None], "center_mm is None"),
        ("nodules/0/diameter_mm", "wide", r"nodules\[0\].diameter_mm is 'wide'"),
        ("candidates", 5, "candidates is 5, expected a list"),
        ("candidates/0", [], r"candidates\[0\] is \[\], expected an object"),
        ("series", None, "series is None, expected an object"),
        ("series/spacing_mm", [1.0, 0.0, 1.0], "spacing_mm is"),
        ("series/direction", [[1, 0, 0], [1, 0, 0], [0, 0, 1]], "not an invertible 3 x 3 matrix"),
        ("options/nodule_threshold", 7, "nodule_threshold is 7.0, expected a probability"),
        ("provenance", {}, "field 'checkpoint_sha256' is missing"),
    ],
)
def test_a_damaged_report_names_the_field(path: str, value: Any, why: str) -> None:
    content = report_content("s", [(0.0, 0.9, None)])
    _set(content, path, value)
    with pytest.raises(InvalidArgument, match=r"r\.json: damaged report: .*(" + why + ")"):
        parse_report(content, Path("r.json"))


def test_another_version() -> None:
    with pytest.raises(UnsupportedVersion, match="the report has format_version 9, but"):
        parse_report({**report_content("s"), "format_version": 9}, Path("r.json"))


@pytest.mark.parametrize("text", [b"{", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000])
def test_no_report_at_all(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "r.json").write_bytes(text)
    with pytest.raises(InvalidArgument, match="not a report of lungrt"):
        read_report(tmp_path / "r.json")


def test_folder_of_reports(tmp_path: Path) -> None:
    with pytest.raises(Io, match="folder not found"):
        read_reports(tmp_path / "nothing")
    with pytest.raises(InvalidArgument, match="the folder has no report"):
        read_reports(tmp_path)
    write_report(tmp_path, "b")
    write_report(tmp_path, "a")
    (tmp_path / ".c.json").write_text("being written")
    assert [r.series_uid for r in read_reports(tmp_path)] == ["a", "b"]
    (tmp_path / "again.json").write_text((tmp_path / "b.json").read_text())
    with pytest.raises(
        InvalidArgument, match=r"again\.json and b\.json are both reports of series b"
    ):
        read_reports(tmp_path)


def test_series_that_are_not_in_the_data_are_listed() -> None:
    truth = Truth([nodule(uid="a"), nodule(uid="c"), nodule(40.0, uid="c")])
    chosen, findings = select([report("a"), report("b")], truth, {"a", "c"})
    assert [r.series_uid for r in chosen] == ["a"]
    assert findings.foreign == {"b": "b.json"}
    assert (findings.missing, findings.missing_nodules) == (["c"], 2)
    assert not findings.missing_counted


def test_nothing_of_the_data() -> None:
    with pytest.raises(
        InvalidArgument, match=r"none of the 1 reports .* for example, b\.json is one of series b"
    ):
        select([report("b")], Truth([nodule(uid="a")]), {"a"})


def test_reports_of_different_pipelines_are_refused() -> None:
    same = [report("a"), report("b")]
    assert check_alike(same) == []
    mixed = [*same, report("c", bundle="c" * 64), report("d", profile="lung", threshold=0.3)]
    with pytest.raises(InvalidArgument) as caught:
        check_alike(mixed)
    message = str(caught.value)
    assert "differ in bundle: aaaaaaaaaaaaaaaa in 3 of 4 reports, such as a.json; cccc" in message
    assert "differ in profile: book in 3 of 4 reports, such as a.json; lung in 1 of 4" in message
    assert "differ in nodule_threshold" in message
    assert "--allow-mixed" in message
    assert len(check_alike(mixed, allow_mixed=True)) == 3


def test_an_option_that_only_some_reports_state_is_a_difference() -> None:
    content = report_content("b")
    content["options"]["region"] = "lung field"
    with pytest.raises(InvalidArgument, match=r"differ in region: not stated .*lung field"):
        check_alike([report("a"), parse_report(content, Path("b.json"))])


@pytest.mark.parametrize(
    ("center", "hint"),
    [
        ((0.0, 0.0, 90.0), ". The axes seem to be swapped: z, y, x instead of"),
        ((-104.0, 0.0, 0.0), ""),  # no mistake explains it
    ],
)
def test_annotation_outside_of_its_scan(center: tuple[float, float, float], hint: str) -> None:
    inside = nodule(uid="a")
    place = replace(inside, center_mm=center, source="x.csv, line 4")
    (found,) = outside_annotations([report("a")], Truth([inside, place]))
    assert found.startswith("x.csv, line 4: (")
    assert "lies outside of scan a" in found
    assert hint in found
    assert ("seem" in found) == bool(hint)


def test_scans_without_annotation_are_told() -> None:
    truth = Truth([nodule(uid="a"), nodule(uid="z")])
    bare, absent = coverage_notes([report("a"), report("b")], truth, {"a", "b"})
    assert "1 of 2 scored scans, such as b, have no annotation" in bare
    assert "1 annotated series are not among the scans" in absent
    complete = Truth([nodule(uid="a")], series=["a", "b"])
    assert coverage_notes([report("a"), report("b")], complete, {"a", "b"}) == []
