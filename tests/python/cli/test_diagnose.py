"""``lungrt diagnose``: results, files, and every way to fail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from typer.testing import CliRunner, Result

import lungrt
from lungrt.cli.app import app

WriteSeries = Callable[..., list[Path]]

CLI = "from lungrt.cli import main; main()"


@pytest.fixture
def ct_file(tmp_path: Path, small_ct: lungrt.CtVolume) -> Path:
    """Write the small CT as a file."""
    image = SimpleITK.GetImageFromArray(small_ct.hu)
    image.SetOrigin(small_ct.geometry.origin_mm)
    image.SetSpacing(small_ct.geometry.spacing_mm)
    path = tmp_path / "ct.mha"
    SimpleITK.WriteImage(image, str(path))
    return path


@pytest.fixture
def diagnose(tiny_bundle: Path) -> Callable[..., Result]:
    """Return a function that runs the command in this process.

    It uses the profile book, because the small CT has no lungs.
    """

    def run(*arguments: object) -> Result:
        options = ["--bundle", str(tiny_bundle), "--threads", "1", "--profile", "book"]
        return CliRunner().invoke(app, ["diagnose", *options, *map(str, arguments)])

    return run


def error_line(result: Result) -> str:
    """Return the error message, which must be the only output."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr
    return str(result.stderr.removeprefix("error: "))


def test_table_of_nodules(
    diagnose: Callable[..., Result], ct_file: Path, tiny_bundle: Path
) -> None:
    report = lungrt.Pipeline(tiny_bundle, threads=1, profile="book").run(ct_file)
    result = diagnose(ct_file)
    assert result.exit_code == 0, result.output
    first = report.nodules[0]
    row = next(line for line in result.stdout.splitlines() if line.split()[:1] == ["1"])
    assert ", ".join(f"{value:.1f}" for value in first.center_mm) in row
    assert ", ".join(map(str, first.index)) in row
    assert row.split()[-2:] == [f"{first.p_nodule:.3f}", f"{first.p_malignant:.3f}"]
    assert f"of {len(report.candidates)} candidates" in result.stdout
    assert result.stdout.count("not a medical device") == 1
    assert result.stderr == ""


def test_json_file_is_the_report(
    diagnose: Callable[..., Result], ct_file: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    report = lungrt.Pipeline(tiny_bundle, threads=1, profile="book").run(ct_file).to_dict()
    for options, keys in (((), report.keys() - {"candidates"}), (("--candidates",), report.keys())):
        output = tmp_path / "report.json"
        result = diagnose(ct_file, "--output", output, *options)
        assert result.exit_code == 0, result.output
        assert f"written to {output}" in result.stdout
        written = json.loads(output.read_text())
        assert written.keys() == keys
        assert written["nodules"] == report["nodules"]
    assert written["candidates"] == report["candidates"]


def test_csv_file_lists_nodules_or_candidates(
    diagnose: Callable[..., Result], ct_file: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    report = lungrt.Pipeline(tiny_bundle, threads=1, profile="book").run(ct_file)
    output = tmp_path / "report.csv"
    for options, candidates in (((), False), (("--candidates",), True)):
        assert diagnose(ct_file, "--output", output, *options).exit_code == 0
        assert output.read_text() == report.to_csv(candidates=candidates)


def test_output_replaces_an_older_file_and_leaves_nothing_else(
    diagnose: Callable[..., Result], ct_file: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out" / "report.json"
    output.parent.mkdir()
    output.write_text("old")
    assert diagnose(ct_file, "--output", output).exit_code == 0
    assert json.loads(output.read_text())["format_version"] == 1
    assert list(output.parent.iterdir()) == [output]


def test_dicom_folder_with_options(
    diagnose: Callable[..., Result], tmp_path: Path, write_series: WriteSeries
) -> None:
    folder = tmp_path / "ct"
    positions = [2.5 * k for k in range(12) if k != 5]
    write_series(folder, positions, uid="1.2.3")
    write_series(folder, (0.0, 1.0), uid="4.5.6", prefix="other")
    line = error_line(diagnose(folder))
    assert "contains 2 series" in line
    assert "1.2.3  11 slices" in line
    assert "1 slice missing" in error_line(diagnose(folder, "--series", "1.2.3"))
    output = tmp_path / "report.json"
    result = diagnose(folder, "--series", "1.2.3", "--resample", "--output", output)
    assert result.exit_code == 0, result.output
    assert "note: resampled to 12 slices" in result.stdout
    report = json.loads(output.read_text())
    assert report["series"]["uid"] == "1.2.3"
    assert report["series"]["shape"][0] == 12
    assert report["provenance"]["notes"][0].startswith("resampled")


def test_geometry_of_the_report(
    diagnose: Callable[..., Result], ct_file: Path, tmp_path: Path
) -> None:
    output = tmp_path / "report.json"
    assert diagnose(ct_file, "--geometry", "exact", "--output", output).exit_code == 0
    assert json.loads(output.read_text())["options"]["geometry"] == "exact"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--device", "tpu"), "unknown device 'tpu'"),
        (("--engine", "torchscript", "--precision", "int8"), "torchscript supports fp32 on cpu"),
        (("--series", "1.2"), "for DICOM folders"),
        (("--output", "report.xml"), "report.xml: unknown kind of output; expected .json or .csv"),
    ],
)
def test_wrong_options(
    diagnose: Callable[..., Result], ct_file: Path, options: tuple[str, ...], message: str
) -> None:
    assert message in error_line(diagnose(ct_file, *options))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--time-limit", "1e-9"), "max_seconds"),
        (("--memory-limit", "1K"), "max_memory_bytes = 1,000"),
        (("--time-limit", "-1"), "--time-limit"),
        (("--memory-limit", "much"), "--memory-limit"),
    ],
)
def test_limits_end_the_run(
    diagnose: Callable[..., Result],
    ct_file: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    message: str,
) -> None:
    output = tmp_path / "report.json"
    output.write_text("older")
    assert message in error_line(diagnose(ct_file, "--output", output, *options))
    assert output.read_text() == "older"
    assert set(tmp_path.iterdir()) == {output, ct_file}


@pytest.mark.parametrize("threads", ["0", "-1", "many"])
def test_invalid_numbers_of_threads(ct_file: Path, tiny_bundle: Path, threads: str) -> None:
    arguments = ["diagnose", str(ct_file), "--bundle", str(tiny_bundle), "--threads", threads]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "--threads" in result.stderr


def test_missing_ct_and_bundle(
    diagnose: Callable[..., Result], ct_file: Path, tmp_path: Path
) -> None:
    assert "nothing.mha: no such file" in error_line(diagnose(tmp_path / "nothing.mha"))
    result = CliRunner().invoke(app, ["diagnose", str(ct_file), "--bundle", str(tmp_path / "none")])
    assert "none" in error_line(result)


def test_message_is_one_red_line_even_if_it_looks_like_markup(
    diagnose: Callable[..., Result], tmp_path: Path
) -> None:
    line = error_line(diagnose(tmp_path / ("[bold]" + "x" * 200 + ".mha")))
    assert "[bold]xxx" in line
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    "output", ["missing/report.json", "ct.mha/report.json", "/proc/report.json", "folder.json"]
)
def test_unwritable_output_is_reported_before_the_run(
    diagnose: Callable[..., Result], ct_file: Path, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ct_file.parent / "folder.json").mkdir()
    monkeypatch.setattr(lungrt, "Pipeline", lambda *_, **__: pytest.fail("the work began"))
    line = error_line(diagnose(ct_file, "--output", ct_file.parent / output))
    assert Path(output).name in line


def test_ctrl_c_while_a_ct_is_read(
    diagnose: Callable[..., Result],
    ct_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lungrt, "read_ct", interrupted)
    before = set(tmp_path.iterdir())
    result = diagnose(ct_file, "--output", tmp_path / "report.json")
    assert result.exit_code == 130
    assert result.stderr == "cancelled, nothing written\n"
    assert set(tmp_path.iterdir()) == before


def test_ctrl_c_in_a_run(tiny_bundle: Path, tmp_path: Path) -> None:
    """Send a real signal to a real process after the run has reported progress."""
    image = SimpleITK.GetImageFromArray(np.full((5000, 64, 64), -700, np.int16))
    SimpleITK.WriteImage(image, str(tmp_path / "long.mha"), useCompression=True)
    program = f"""
import lungrt.pipeline
run = lungrt.pipeline.Pipeline.run
def run_and_print(*arguments, progress, **options):
    print_progress = lambda *_: print("under way", flush=True)
    return run(*arguments, progress=print_progress, **options)
lungrt.pipeline.Pipeline.run = run_and_print
{CLI}
"""
    output = tmp_path / "report.json"
    arguments = ["diagnose", "long.mha", "--bundle", tiny_bundle, "--profile", "book"]
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments, "--output", output],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "under way\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "cancelled, nothing written\n"
    assert [path.name for path in tmp_path.iterdir()] == ["long.mha"]


def test_output_in_a_pipe_is_plain_and_not_cut(tiny_bundle: Path, ct_file: Path) -> None:
    options = ("--bundle", tiny_bundle, "--profile", "book")
    done = subprocess.run(
        [sys.executable, "-c", CLI, "diagnose", ct_file, *options],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "40"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "malignant" in done.stdout
    assert "…" not in done.stdout
