"""``lungrt evaluate``: a folder through a bundle, finished reports, files, and every refusal."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from evaluation_examples import write_luna, write_report
from typer.testing import CliRunner, Result

import lungrt
from lungrt.cli.app import app

HEADER = "seriesuid,coordX,coordY,coordZ,diameter_mm"
CLI = "from lungrt.cli import main; main()"


def run(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def error_line(result: Result) -> str:
    """Return what was said in the one line on stderr."""
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr
    return str(result.stderr.removeprefix("error: "))


@pytest.fixture
def luna(tmp_path: Path, small_ct: lungrt.CtVolume, tiny_bundle: Path) -> Path:
    """Write three scans and annotations: of the first a nodule where the bundle finds one."""
    folder = write_luna(tmp_path / "luna", small_ct)
    found = lungrt.Pipeline(tiny_bundle, threads=1, profile="book").run(small_ct).nodules[0]
    x, y, z = found.center_mm
    malignant = found.p_malignant is not None and found.p_malignant >= 0.5
    (folder / "annotations.csv").write_text(
        f"{HEADER},mal_bool\n1.1,{x},{y},{z},1.5,{malignant}\n1.2,{x},{y},{z + 900},3,\n"
    )
    (folder / "seriesuids.csv").write_text("1.1\n1.2\n1.3\n")
    return folder


@pytest.fixture
def evaluate(luna: Path, tiny_bundle: Path, tmp_path: Path) -> Callable[..., Result]:
    """Run the bundle over the scans."""

    def call(*arguments: object) -> Result:
        where = ("--data", luna, "--reports", tmp_path / "reports", "--threads", 1)
        return run(tiny_bundle, *where, "--bootstraps", 120, *arguments)

    return call


def test_folder_through_a_bundle(evaluate: Callable[..., Result], tmp_path: Path) -> None:
    files = [tmp_path / f"out{suffix}" for suffix in (".html", ".png", ".json", ".csv")]
    options = [part for path in files for part in ("--output", path)]
    result = evaluate(*options, "--submission", tmp_path / "luna.csv", "--details")
    assert result.exit_code == 0, result.output
    assert "Complete Miss |     Filtered Out |     Pred. Benign |  Pred. Malignant" in result.stdout
    assert "Nodules found:            1 of 2" in result.stdout
    assert "note: 1 annotation outside of the scan" in result.stdout
    assert result.stdout.count("not a medical device") == 1
    for path in (*files, tmp_path / "luna.csv"):
        assert f"written to {path}" in result.stdout
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == [
        "1.1.json",
        "1.2.json",
        "1.3.json",
    ]
    content = json.loads(files[2].read_text())
    assert content["counts"]["scans"] == 3
    assert content["counts"]["nodules"] == 2
    assert content["findings"]["failed"] == {}
    html = files[0].read_text()
    crops = min(12, content["counts"]["false_reported"])
    assert html.count("data:image/png") == crops > 0
    assert "no picture: the position lies outside of the scan" in html
    assert files[1].read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "luna.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == content["counts"]["candidates"]
    assert {row["seriesuid"] for row in rows} == {"1.1", "1.2", "1.3"}


def test_finished_reports_give_the_same_scores(
    evaluate: Callable[..., Result], luna: Path, tmp_path: Path
) -> None:
    outputs = [tmp_path / "one.json", tmp_path / "two.json"]
    assert evaluate("--output", outputs[0]).exit_code == 0
    result = run(
        *("--reports", tmp_path / "reports", "--data", luna, "--bootstraps", 120),
        *("--output", outputs[1]),
    )
    assert result.exit_code == 0, result.output
    one, two = (json.loads(path.read_text()) for path in outputs)
    del one["created"], two["created"]
    assert one == two


def test_repeating_runs_nothing_again(evaluate: Callable[..., Result], tmp_path: Path) -> None:
    assert evaluate().exit_code == 0
    report = tmp_path / "reports" / "1.2.json"
    changed = json.loads(report.read_text())
    changed["nodules"], changed["candidates"] = [], []
    report.write_text(json.dumps(changed))
    (tmp_path / "reports" / "1.3.json").unlink()
    assert evaluate().exit_code == 0
    assert json.loads(report.read_text())["candidates"] == []
    assert (tmp_path / "reports" / "1.3.json").exists()


def test_a_scan_that_fails_is_told_and_is_exit_code_2(
    evaluate: Callable[..., Result], luna: Path, tmp_path: Path
) -> None:
    (luna / "subset1" / "1.2.raw").unlink()
    output = tmp_path / "out.json"
    result = evaluate("--output", output)
    assert result.exit_code == 2
    assert "error: 1.2: " in result.stderr
    assert "error: 1 of 3 scans failed and are not part of the scores" in result.stderr
    assert "note: 1 scan failed" in result.stdout
    assert (
        "note: 1 scan of the data set without a report, not scored (1 annotated nodule)"
        in result.stdout
    )
    content = json.loads(output.read_text())
    assert list(content["findings"]["failed"]) == ["1.2"]
    assert content["counts"]["scans"] == 2
    result = evaluate("--count-missing", "--output", output)
    assert result.exit_code == 2
    assert json.loads(output.read_text())["counts"]["scans"] == 3


def test_nothing_is_scored_where_every_scan_failed(
    evaluate: Callable[..., Result], luna: Path, tmp_path: Path
) -> None:
    for path in luna.rglob("*.raw"):
        path.unlink()
    result = evaluate("--output", tmp_path / "out.json")
    assert result.exit_code == 2
    assert "all 3 scans failed" in result.stderr
    assert not (tmp_path / "out.json").exists()


def test_only_series_of_the_data_are_run(
    evaluate: Callable[..., Result], luna: Path, tmp_path: Path
) -> None:
    (luna / "seriesuids.csv").write_text("1.1\n1.9\n")
    result = evaluate()
    assert result.exit_code == 0, result.output
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["1.1.json"]
    assert "note: 1 annotated series are not among the scans" in result.stdout
    (luna / "seriesuids.csv").write_text("1.9\n")
    assert "no CT of the data" in error_line(evaluate())


def test_reports_of_series_that_are_not_in_the_data_are_listed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{HEADER}\n1.1,0,0,0,10\n")
    write_report(tmp_path / "r", "1.1", [(0.0, 0.9, None)])
    write_report(tmp_path / "r", "7.7", [(0.0, 0.9, None)])
    result = run("--reports", tmp_path / "r", "--data", tmp_path / "a.csv")
    assert result.exit_code == 0, result.output
    assert "note: 1 report not scored: the series is not in the data set" in result.stdout
    assert "7.7: 7.7.json" in result.stdout
    assert "Found 1 of 1 nodules with 0 false positives." in result.stdout
    assert "Scans:" not in result.stdout  # an overview, for there are few
    details = run("--reports", tmp_path / "r", "--data", tmp_path / "a.csv", "--details")
    assert "Scans:                    1" in details.stdout


def test_scans_elsewhere_and_a_csv_alone(
    luna: Path, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ("--data", luna / "annotations.csv", "--scans", luna / "subset0", "--threads", 1)
    result = run(tiny_bundle, *options)
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "lungrt-reports").iterdir())) == 2


def test_what_is_refused_before_anything_is_run(
    luna: Path, tiny_bundle: Path, tmp_path: Path, evaluate: Callable[..., Result]
) -> None:
    data = ("--data", luna)
    assert "give a BUNDLE to run, or --reports" in error_line(run(*data))
    assert run(tiny_bundle).exit_code == 2
    assert "unknown kind of output" in error_line(evaluate("--output", tmp_path / "x.txt"))
    twice = ("--output", tmp_path / "x.json") * 2
    assert "given twice" in error_line(evaluate(*twice))
    within = tmp_path / "reports" / "scores.json"
    assert "would be read as a report" in error_line(evaluate("--output", within))
    assert "expected .csv" in error_line(evaluate("--submission", tmp_path / "x.json"))
    assert "cannot be written" in error_line(evaluate("--output", tmp_path / "no" / "x.json"))
    assert "folder not found" in error_line(evaluate("--scans", tmp_path / "no"))
    (tmp_path / "bare").mkdir()
    assert "the folder has no CT; expected DICOM files, or an image" in error_line(
        evaluate("--scans", tmp_path / "bare")
    )
    none = ("--scans", tmp_path / "no")  # is refused later
    assert "NAME=VALUE" in error_line(evaluate("--engine-option", "x", *none))
    assert "--time-limit -1" in error_line(evaluate("--time-limit", "-1", *none))
    both = ("--output", tmp_path / "x.csv", "--submission", tmp_path / "." / "x.csv")
    assert "x.csv: given twice, with --output and with --submission" in error_line(evaluate(*both))
    for option, value in (("--engine", "native"), ("--time-limit", "5"), ("--profile", "lung")):
        result = run(*data, "--reports", tmp_path, option, value)
        assert f"{option} applies only to a run, but no BUNDLE is given" in error_line(result)
    (luna / "annotations.csv").write_text(f"{HEADER}\n1.1,0,0,zero,10\n")
    assert "annotations.csv, line 2: coordZ is 'zero'" in error_line(evaluate())
    assert not (tmp_path / "reports").exists()


def test_mixed_reports_need_a_word(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{HEADER}\n1.1,0,0,0,10\n1.2,0,0,0,10\n")
    write_report(tmp_path / "r", "1.1")
    write_report(tmp_path / "r", "1.2", profile="lung")
    options = ("--reports", tmp_path / "r", "--data", tmp_path / "a.csv")
    assert "reports differ in profile" in error_line(run(*options))
    result = run(*options, "--allow-mixed")
    assert result.exit_code == 0, result.output
    assert "note: reports differ in profile" in result.stdout


def test_options_of_a_run(evaluate: Callable[..., Result], tmp_path: Path) -> None:
    assert "engine native" in error_line(evaluate("--engine", "native", "--kernels", "direct"))
    result = evaluate("--merge-marks", "--geometry", "exact")
    assert result.exit_code == 0, result.output
    reports = [json.loads(path.read_text()) for path in (tmp_path / "reports").iterdir()]
    assert len(reports) == 3
    for report in reports:
        assert report["profile"] == "book"
        assert report["options"]["merge_marks"] is True
        assert report["options"]["geometry"] == "exact"


def test_limits_of_each_scan(evaluate: Callable[..., Result], tmp_path: Path) -> None:
    result = evaluate("--memory-limit", "1K")
    assert result.exit_code == 2
    assert result.stderr.count("max_memory_bytes = 1,000") == 3
    assert "all 3 scans failed" in result.stderr
    assert list((tmp_path / "reports").iterdir()) == []
    assert "--time-limit -1" in error_line(evaluate("--time-limit", "-1"))


def test_ctrl_c_keeps_what_was_done(luna: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    for k in range(40, 90):  # enough scans to be interrupted among them
        for suffix in (".mhd", ".raw"):
            source = luna / "subset0" / f"1.1{suffix}"
            (luna / "subset1" / f"1.{k}{suffix}").write_bytes(
                source.read_bytes().replace(b"1.1.raw", f"1.{k}.raw".encode())
            )
    (luna / "seriesuids.csv").unlink()
    command = ["evaluate", tiny_bundle, "--data", luna, "--reports", folder, "--threads", "1"]
    output = tmp_path / "out.json"
    process = subprocess.Popen(
        [sys.executable, "-c", CLI, *map(str, command), "--output", str(output)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    while not list(folder.glob("1.*.json")) and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, stdout + stderr
    kept = sorted(path.name for path in folder.iterdir())
    assert 0 < len(kept) < 53
    assert all(json.loads((folder / name).read_text())["format_version"] for name in kept)
    assert f"cancelled: {len(kept)} of 53 reports are in" in stderr
    assert not output.exists()
    result = run(*command[1:], "--output", output, "--bootstraps", 0)
    assert result.exit_code == 0, result.output
    assert json.loads(output.read_text())["counts"]["scans"] == 53


def test_nothing_heavy_is_loaded_for_scores_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{HEADER}\n1.1,0,0,0,10\n")
    write_report(tmp_path / "r", "1.1", [(0.0, 0.9, None)])
    program = (
        "import sys\nfrom lungrt.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'torch', 'matplotlib', 'jinja2', 'pandas', 'SimpleITK'} & "
        "set(sys.modules)))"
    )
    options = ["evaluate", "--reports", str(tmp_path / "r"), "--data", str(tmp_path / "a.csv")]
    done = subprocess.run(
        [sys.executable, "-c", program, *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
