"""Files that ``lungrt diagnose`` writes, and what they tell about a patient."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

import lungrt
from lungrt.cli.app import app
from lungrt.cli.report_files import kind_of_source

WriteSeries = Callable[..., list[Path]]

POSITIONS = [2.5 * k for k in range(12)]


@pytest.fixture
def diagnose(tiny_bundle: Path) -> Callable[..., Result]:
    """Return a function that runs the command in this process."""

    def run(*arguments: object) -> Result:
        options = ["--bundle", str(tiny_bundle), "--threads", "1", "--profile", "book"]
        return CliRunner().invoke(app, ["diagnose", *options, *map(str, arguments)])

    return run


@pytest.fixture
def series(tmp_path: Path, write_series: WriteSeries) -> Path:
    """Write a series with the name, ID and dates of a patient."""

    def edit(_: int, data: Any) -> None:
        data.PatientName, data.PatientID = "Doe^Jane", "MRN-4711"
        data.PatientBirthDate, data.StudyDate = "19700203", "20250607"
        data.SeriesDescription = "<script>chest</script>"

    folder = tmp_path / "doe_jane"
    write_series(folder, POSITIONS, uid="1.2.3.77", edit=edit)
    return folder


def test_files_of_every_kind_are_written_and_named(
    diagnose: Callable[..., Result], series: Path, tmp_path: Path
) -> None:
    files = [tmp_path / f"report{suffix}" for suffix in (".html", ".json", ".csv", ".PNG")]
    result = diagnose(series, *(word for file in files for word in ("--output", file)))
    assert result.exit_code == 0, result.output
    named = [line for line in result.stdout.splitlines() if line.startswith("written to ")]
    assert named == [f"written to {file}" for file in files]
    html, listed, table, picture = (file.read_bytes() for file in files)
    count = len(json.loads(listed)["nodules"])
    assert table.count(b"\n") == count + 1
    assert html.count(b'<section id="nodule-') == count
    assert np.asarray(Image.open(io.BytesIO(picture))).any()
    assert sorted(tmp_path.iterdir()) == sorted([series, *files])


def test_page_names_no_patient_unless_asked_for(
    diagnose: Callable[..., Result], series: Path, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    known = ("Doe", "doe_jane", "MRN-4711", "1970", "2025", "1.2.3.77", "chest&lt;")
    assert diagnose(series, "--output", page).exit_code == 0
    text = page.read_text()
    assert not [word for word in known if word in text]
    result = diagnose(series, "--output", page, "--show-patient")
    assert result.exit_code == 0, result.output
    text = page.read_text()
    for word in ("MRN-4711", "1.2.3.77", "&lt;script&gt;chest&lt;/script&gt;"):
        assert word in text
    assert "<script>" not in text


def test_patient_of_an_image_file_is_not_known(
    diagnose: Callable[..., Result], small_ct: lungrt.CtVolume, tmp_path: Path
) -> None:
    import SimpleITK

    path = tmp_path / "ct.mha"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(small_ct.hu), str(path))
    page = tmp_path / "report.html"
    result = diagnose(path, "--output", page, "--show-patient")
    assert result.exit_code == 2
    assert "--show-patient needs a DICOM series" in result.stderr
    assert not page.exists()


def test_same_file_twice_is_refused(
    diagnose: Callable[..., Result], series: Path, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    result = diagnose(series, "--output", page, "--output", page)
    assert result.exit_code == 2
    assert "the same file is given twice" in result.stderr


def test_failure_leaves_older_files(
    diagnose: Callable[..., Result],
    series: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise lungrt.errors.Io("planted")

    monkeypatch.setattr("lungrt.html_report.to_html", fail)
    files = [tmp_path / "report.json", tmp_path / "report.html"]
    for file in files:
        file.write_text("older")
    result = diagnose(series, "--output", files[0], "--output", files[1])
    assert result.exit_code == 2
    assert "planted" in result.stderr
    assert [file.read_text() for file in files] == ["older", "older"]
    assert sorted(tmp_path.iterdir()) == sorted([series, *files])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.nii.gz", "a NIfTI file"),
        ("a.MHD", "a MetaImage file"),
        ("a.nrrd", "an NRRD file"),
        ("a.zip", "a zip archive"),
        ("IM0001", "a DICOM series"),
    ],
)
def test_source_in_words(name: str, kind: str, tmp_path: Path) -> None:
    assert kind_of_source(Path(name)) == kind
    assert kind_of_source(tmp_path) == "a DICOM series"
