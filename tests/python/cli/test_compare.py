"""``lungrt compare``: tables, files, exit codes, and every way to fail."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from typer.testing import CliRunner, Result

import lungrt
from lungrt.cli.app import app

Edit = Callable[[dict[str, Any]], object]

SAME, DIFFERENT, TROUBLE = 0, 1, 2
BOOK = "profile=book"  # the small CT has no lungs


def compare(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


def error_line(result: Result) -> str:
    assert result.exit_code == TROUBLE, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    return str(result.stderr)


def write_ct(path: Path, ct: lungrt.CtVolume, more: int = 0) -> Path:
    image = SimpleITK.GetImageFromArray(ct.hu + np.int16(more))
    image.SetOrigin(ct.geometry.origin_mm)
    image.SetSpacing(ct.geometry.spacing_mm)
    path.parent.mkdir(parents=True, exist_ok=True)
    SimpleITK.WriteImage(image, str(path))
    return path


@pytest.fixture
def ct_file(tmp_path: Path, small_ct: lungrt.CtVolume) -> Path:
    """Write the small CT as a file."""
    return write_ct(tmp_path / "ct.mha", small_ct)


def overturn(report: dict[str, Any]) -> None:
    """Change the decision about the first nodule."""
    nodule = report["nodules"].pop(0)
    (candidate,) = (c for c in report["candidates"] if c["index"] == nodule["index"])
    candidate.update(p_nodule=0.25, p_malignant=None)
    report["engine"] = "another"


def test_a_report_and_itself(write_report: Callable[..., Path]) -> None:
    result = compare(write_report("a.json"), write_report("b.json"))
    assert result.exit_code == SAME, result.output
    assert "A and B make the same decisions." in result.stdout
    assert "->" not in result.stdout
    assert "Reports contain no masks" in result.stdout
    assert result.stdout.count("not a medical device") == 1


def test_an_overturned_decision_is_listed(
    write_report: Callable[..., Path], report_content: dict[str, Any]
) -> None:
    result = compare(write_report("a.json"), write_report("b.json", overturn))
    assert result.exit_code == DIFFERENT, result.output
    assert "A and B make DIFFERENT decisions." in result.stdout
    assert "engine: torchscript -> another" in result.stdout
    first = report_content["nodules"][0]
    place = ", ".join(f"{value:.1f}" for value in first["center_mm"])
    (line,) = (line for line in result.stdout.splitlines() if line.startswith("candidate at"))
    assert f"({place}) mm, voxel {tuple(first['index'])}" in line
    assert re.search(r"(benign|malignant) -> no nodule", line)
    assert f"p {first['p_nodule']:.4f} (malignant {first['p_malignant']:.4f}) -> p 0.2500" in line
    assert "nodule only in A" not in result.stdout  # already listed as a candidate


def test_a_nodule_of_one_side_only(write_report: Callable[..., Path]) -> None:
    def drop(report: dict[str, Any]) -> None:
        (mark,) = report["nodules"].pop(0)["marks"]
        del report["candidates"][mark]

    result = compare(write_report("a.json"), write_report("b.json", drop), "--within", 0)
    assert result.exit_code == DIFFERENT
    assert result.stdout.count("nodule only in A at (") == 1


def test_differences_as_json_and_csv(
    write_report: Callable[..., Path], tmp_path: Path, report_content: dict[str, Any]
) -> None:
    a, b = write_report("a.json"), write_report("b.json", overturn)
    result = compare(a, b, "--output", tmp_path / "out.json")
    assert result.exit_code == DIFFERENT
    assert f"written to {tmp_path / 'out.json'}" in result.stdout
    written = json.loads((tmp_path / "out.json").read_text())
    assert not written["same_decisions"]
    assert written["a"]["given"] == str(a)
    assert written["b"]["made_with"]["engine"] == "another"
    (ct,) = written["cts"]
    assert ct["mask"]["flips"] is None
    assert ct["mask"]["eroded_a"] == report_content["counts"]["mask_voxels"]
    assert ct["candidates"]["changed"] == 1
    (changed,) = ct["candidates"]["listed"]["changed"]
    assert changed["a"]["index"] == report_content["nodules"][0]["index"]
    assert changed["b"]["p_nodule"] == 0.25
    assert changed["b"]["decision"] == "no nodule"
    assert written["total"]["candidates"]["changed"] == 1
    assert written["total"]["nodules"]["only_a"] == 1

    assert compare(a, b, "--output", tmp_path / "out.csv").exit_code == DIFFERENT
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["list"], row["difference"]) for row in rows] == [
        ("candidates", "changed"),
        ("nodules", "only_a"),
    ]
    assert float(rows[0]["b_p_nodule"]) == 0.25
    assert rows[1]["b_p_nodule"] == ""


def test_folders_of_reports(write_report: Callable[..., Path], tmp_path: Path) -> None:
    for name in ("1.json", "2.json"):
        write_report(f"a/{name}")
    write_report("b/1.json")
    write_report("b/2.json", overturn)
    result = compare(tmp_path / "a", tmp_path / "b")
    assert result.exit_code == DIFFERENT
    assert "2.json: candidate at" in result.stdout
    assert "all 2" in result.stdout
    write_report("b/3.json")
    write_report("a/4.json", lambda r: r.pop("candidates"))
    write_report("b/4.json")
    result = compare(tmp_path / "a", tmp_path / "b", "--output", tmp_path / "out.json")
    assert result.exit_code == TROUBLE
    assert f"not compared: 3.json: it exists only in {tmp_path / 'b'}" in result.stdout
    assert "not compared: 4.json" in result.stdout
    written = json.loads((tmp_path / "out.json").read_text())
    assert [one["name"] for one in written["not_compared"]] == ["4.json", "3.json"]


def test_settings_on_a_ct(
    ct_file: Path, tiny_bundle: Path, tmp_path: Path, small_ct: lungrt.CtVolume
) -> None:
    arguments = ("--ct", ct_file, "--output", tmp_path / "out.json")
    result = compare(
        f"bundle={tiny_bundle} threads=1 {BOOK}", f"bundle={tiny_bundle} {BOOK}", *arguments
    )
    assert result.exit_code == SAME, result.output
    written = json.loads((tmp_path / "out.json").read_text())
    mask = np.asarray(lungrt.Pipeline(tiny_bundle, threads=1, profile="book").segment(small_ct))
    assert written["cts"][0]["mask"]["voxels_a"] == mask.sum() > 0
    assert written["cts"][0]["mask"]["flips"] == 0
    assert "threads: 1 ->" in result.stdout or lungrt._core.available_threads() == 1


def test_settings_that_find_something_else(
    ct_file: Path, tiny_bundle: Path, tmp_path: Path, small_ct: lungrt.CtVolume
) -> None:
    """The same networks with another threshold in the second bundle."""
    import shutil

    other = tmp_path / "other"
    shutil.copytree(tiny_bundle, other)
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["stages"]["segmentation"]["threshold"] = 0.55
    (other / "manifest.json").write_text(json.dumps(manifest))
    masks = [
        np.asarray(lungrt.Pipeline(b, threads=1, profile="book").segment(small_ct))
        for b in (tiny_bundle, other)
    ]
    flips = int((masks[0] != masks[1]).sum())
    assert flips > 0
    result = compare(
        f"threads=1 {BOOK}",
        f"threads=1 {BOOK} bundle={other}",
        "--bundle",
        tiny_bundle,
        "--ct",
        ct_file,
        "--output",
        tmp_path / "out.json",
    )
    assert result.exit_code in (SAME, DIFFERENT), result.output
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["total"]["mask"]["flips"] == flips
    (row,) = (line for line in result.stdout.splitlines() if line.startswith("ct.mha"))
    assert row.split()[:4] == ["ct.mha", "A", f"{masks[0].sum():,}", f"{flips:,}"]
    assert "segmentation_threshold: 0.5 -> 0.55" in result.stdout


def test_settings_on_a_folder_of_cts(
    tmp_path: Path, tiny_bundle: Path, small_ct: lungrt.CtVolume
) -> None:
    folder = tmp_path / "cts"
    write_ct(folder / "one.mha", small_ct)
    write_ct(folder / "two.nii.gz", small_ct, more=20)
    (folder / "three.mha").write_text("no image")
    result = compare(f"threads=1 {BOOK}", BOOK, "--bundle", tiny_bundle, "--ct", folder)
    assert result.exit_code == TROUBLE
    for name in ("one.mha", "two.nii.gz", "all 2"):
        assert name in result.stdout
    assert re.search(r"not compared: three.mha: .*three.mha", result.stdout)
    (folder / "three.mha").unlink()
    assert (
        compare(f"threads=1 {BOOK}", BOOK, "--bundle", tiny_bundle, "--ct", folder).exit_code
        == SAME
    )


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda r: r["series"].update(uid="9.9"), "different CTs .* series 1.2 and 9.9"),
        (lambda r: r["series"].update(shape=[1, 2, 3]), "different CTs .* shape"),
        (lambda r: r.pop("candidates"), "b.json: the report has no candidates"),
        (lambda r: r.update(format_version=99), "b.json: the report has format_version 99"),
    ],
)
def test_reports_that_cannot_be_compared(
    edit: Edit, message: str, write_report: Callable[..., Path]
) -> None:
    line = error_line(compare(write_report("a.json"), write_report("b.json", edit)))
    assert re.search(message, line), line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a.json", "engine=native"), "a report cannot be compared with settings"),
        (("", ""), "settings are compared on a CT; give one with --ct"),
        (("engine=native", "quick"), "'quick': neither a report nor settings"),
        (("a.json", "a.json", "--ct", "ct.mha"), "--ct applies only to settings"),
        (("a.json", "a.json", "--bundle", "b"), "--bundle applies only to settings"),
        (("a.json", "a.json", "--series", "1.2"), "--series applies only to settings"),
        (("a.json", "a.json", "--resample"), "--resample applies only to settings"),
        (("a.json", "a.json", "--merge-marks"), "--merge-marks applies only to settings"),
        (("a.json", "a.json", "--time-limit", "9"), "--time-limit applies only to settings"),
        (("", "", "--ct", "ct.mha", "--bundle", "b", "--memory-limit", "x"), "--memory-limit x"),
        (("a.json", "none.json"), "none.json: cannot be read"),
        (("a.json", "a.json", "--output", "out.xml"), "expected .json or .csv"),
        (("", "", "--ct", "ct.mha"), "no bundle is given"),
        (("speed=9", "", "--ct", "ct.mha"), "unknown name speed"),
        (("bundle=none", "bundle=none", "--ct", "ct.mha"), "none"),
    ],
)
def test_wrong_arguments(
    arguments: tuple[str, ...],
    message: str,
    write_report: Callable[..., Path],
    ct_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_report("a.json")
    monkeypatch.chdir(ct_file.parent)
    assert message in error_line(compare(*arguments))


def test_options_apply_to_both_sides(ct_file: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.json"
    result = compare(
        *("", "geometry=exact", "--bundle", tiny_bundle, "--ct", ct_file, "--output", output),
        *("--profile", "book", "--threads", "1", "--merge-marks"),
    )
    assert result.exit_code in (SAME, DIFFERENT), result.output
    written = json.loads(output.read_text())
    for side, geometry in (("a", "book"), ("b", "exact")):
        made_with = written[side]["made_with"]
        assert made_with["profile"] == "book"
        assert made_with["merge_marks"] == "True"
        assert made_with["threads"] == "1"
        assert made_with["geometry"] == geometry
    limits = ("--profile", "book", "--memory-limit", "1K")
    line = error_line(compare("", "", "--bundle", tiny_bundle, "--ct", ct_file, *limits))
    assert "max_memory_bytes = 1,000" in line


def test_an_unsupported_precision(ct_file: Path, tiny_bundle: Path) -> None:
    line = error_line(compare("", "precision=int8", "--bundle", tiny_bundle, "--ct", ct_file))
    assert "precision int8" in line
    assert "on device cpu" in line
    assert "engine torchscript: it supports fp32 on cpu" in line


def test_no_pair_of_reports_can_be_compared(
    write_report: Callable[..., Path], tmp_path: Path
) -> None:
    for side in "ab":
        for name in ("1.json", "2.json"):
            write_report(f"{side}/{name}", lambda r: r.pop("candidates"))
    line = error_line(compare(tmp_path / "a", tmp_path / "b"))
    assert "nothing could be compared" in line
    assert line.count("has no candidates") == 2


def test_the_table_fits_a_terminal(write_report: Callable[..., Path]) -> None:
    from rich.console import Console

    from lungrt.cli.compare_table import print_comparison
    from lungrt.comparison.run import compare_reports

    def large(report: dict[str, Any]) -> None:
        report["counts"]["mask_voxels"] = 123_456_789

    name = "a-series-with-a-long-name.json"
    console = Console(width=80, record=True, file=io.StringIO())
    comparison = compare_reports(
        write_report(f"a/{name}", large), write_report(f"b/{name}", overturn), 5.0
    )
    print_comparison(console, comparison)
    text = console.export_text()
    assert "123,456,789" in text
    assert "…" not in text
    assert name in "".join(line.split(" ")[0] for line in text.splitlines())


def test_long_lists_are_cut_on_the_terminal_only(
    write_report: Callable[..., Path], tmp_path: Path, report_content: dict[str, Any]
) -> None:
    def many(report: dict[str, Any]) -> None:
        first = report["nodules"][0]
        report["candidates"] = [
            first | {"index": [0, 0, k], "center_mm": [float(k), 0.0, 0.0]} for k in range(30)
        ]
        report["nodules"] = list(report["candidates"])

    def other(report: dict[str, Any]) -> None:
        many(report)
        for candidate in report["candidates"]:
            candidate.update(p_nodule=0.1, p_malignant=None)
        report["nodules"] = []

    output = tmp_path / "out.json"
    result = compare(
        write_report("a.json", many), write_report("b.json", other), "--output", output
    )
    assert result.stdout.count("candidate at") == 20
    assert "... and 10 more" in result.stdout
    assert len(json.loads(output.read_text())["cts"][0]["candidates"]["listed"]["changed"]) == 30
