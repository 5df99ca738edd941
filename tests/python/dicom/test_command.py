"""``lungrt diagnose --dicom``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
import SimpleITK
from dicom_examples import PATIENT
from typer.testing import CliRunner, Result

import lungrt
from lungrt.cli.app import app

Diagnose = Callable[..., Result]


@pytest.fixture
def diagnose(native_bundle: Path) -> Diagnose:
    """Return a function that runs the command in this process."""

    def run(*arguments: object) -> Result:
        options = ["--bundle", str(native_bundle), "--threads", "1", "--profile", "book"]
        return CliRunner().invoke(app, ["diagnose", *options, *map(str, arguments)])

    return run


def error_line(result: Result) -> str:
    """Return the error message, which must be the only output."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    return str(result.stderr)


def test_files_are_named_and_the_patient_is_not(
    diagnose: Diagnose, series: Path, tmp_path: Path, report: lungrt.Report
) -> None:
    result = diagnose(series, "--dicom", tmp_path / "results")
    assert result.exit_code == 0, result.output
    seg, sc, sr = (tmp_path / "results" / f"lungrt_{kind}.dcm" for kind in ("seg", "sc", "sr"))
    assert [line for line in result.stdout.splitlines() if line.startswith("written to")] == [
        f"written to {path}" for path in (seg, sc, sr)
    ]
    assert len(pydicom.dcmread(seg).SegmentSequence) == len(report.nodules)
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "AccessionNumber"):
        assert str(PATIENT[keyword]) not in result.output


def test_a_second_run_writes_the_same_bytes(
    diagnose: Diagnose, series: Path, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        assert diagnose(series, "--dicom", tmp_path / name).exit_code == 0
    for file in (tmp_path / "first").iterdir():
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes(), file.name


def test_labelmap(diagnose: Diagnose, series: Path, tmp_path: Path) -> None:
    assert diagnose(series, "--dicom", tmp_path, "--dicom-labelmap").exit_code == 0
    assert pydicom.dcmread(tmp_path / "lungrt_seg.dcm").SegmentationType == "LABELMAP"


def test_an_image_file_is_refused_before_the_run(
    diagnose: Diagnose, volume: lungrt.CtVolume, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(volume.hu), tmp_path / "ct.nii.gz")

    def run(*_: object, **__: object) -> None:
        raise AssertionError("it ran")

    monkeypatch.setattr(lungrt.Pipeline, "run", run)
    message = error_line(diagnose(tmp_path / "ct.nii.gz", "--dicom", tmp_path / "results"))
    assert "this CT comes from an image file or an array" in message
    assert list((tmp_path / "results").iterdir()) == []


def test_a_folder_that_cannot_be_written(diagnose: Diagnose, series: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = error_line(diagnose(series, "--dicom", tmp_path / "file" / "results"))
    assert "the folder cannot be created" in message


def test_a_label_map_of_nothing(diagnose: Diagnose, series: Path) -> None:
    assert "--dicom-labelmap" in error_line(diagnose(series, "--dicom-labelmap"))


def test_without_highdicom(
    diagnose: Diagnose, series: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name, package=None: None if name == "highdicom" else real(name, package),
    )
    message = error_line(diagnose(series, "--dicom", tmp_path))
    assert "--dicom needs highdicom" in message
    assert "pip install 'lungrt[dicom]'" in message
