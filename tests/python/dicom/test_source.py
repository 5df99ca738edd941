"""Series that results can refer to, and those that they cannot."""

from __future__ import annotations

import logging
import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from dicom_examples import PATIENT, multi_frame, patient_slice

import lungrt
import lungrt.dicom
from lungrt.dicom.uids import derived_uid
from lungrt.errors import BadVolume, InvalidArgument, Io

Write = Callable[..., lungrt.CtVolume]


@pytest.fixture
def write(
    tmp_path: Path,
    small_ct: lungrt.CtVolume,
    positions: list[float],
    write_series: Callable[..., list[Path]],
) -> Write:
    """Return a function that writes the patient's series with other headers, and reads it."""

    def make(values: dict[str, Any] | None = None, edit: Any = None) -> lungrt.CtVolume:
        write_series(tmp_path, positions, edit=patient_slice(small_ct.hu, values, edit))
        return lungrt.read_ct(tmp_path)

    return make


def test_a_ct_that_is_not_dicom(tmp_path: Path, volume: lungrt.CtVolume) -> None:
    sitk = pytest.importorskip("SimpleITK")
    sitk.WriteImage(sitk.GetImageFromArray(volume.hu), tmp_path / "ct.nii.gz")
    with pytest.raises(InvalidArgument, match=r"comes from an image file or an array.*folder"):
        lungrt.dicom.read_source(lungrt.read_ct(tmp_path / "ct.nii.gz"))


def test_a_file_that_has_changed(write: Write) -> None:
    volume = write()
    path = volume.sources[4].path
    content = path.read_bytes()
    path.write_bytes(content + b"\0\0")
    with pytest.raises(Io, match=rf"{path.name}: has changed since the CT was read"):
        lungrt.dicom.read_source(volume)
    path.write_bytes(content)  # the same size, another time
    os.utime(path, ns=(0, volume.sources[4].modified_ns + 1))
    with pytest.raises(Io, match="has changed since the CT was read"):
        lungrt.dicom.read_source(volume)
    os.utime(path, ns=(0, volume.sources[4].modified_ns))
    lungrt.dicom.read_source(volume)


def test_another_image_under_the_same_name_size_and_time(write: Write) -> None:
    volume = write()
    source = volume.sources[4]
    content = source.path.read_bytes()
    uid = source.instance_uid.encode()
    source.path.write_bytes(content.replace(uid, uid[:-1] + (b"1" if uid[-1:] != b"1" else b"2")))
    os.utime(source.path, ns=(0, source.modified_ns))
    with pytest.raises(Io, match=r"SOPInstanceUID .* is not the one that was read"):
        lungrt.dicom.read_source(volume)


def test_a_file_that_is_gone(write: Write) -> None:
    volume = write()
    volume.sources[4].path.unlink()
    with pytest.raises(Io, match=r"is no longer there.*unpack it"):
        lungrt.dicom.read_source(volume)


def test_a_zip_archive(tmp_path: Path, series: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "ct"), "zip", series)
    with pytest.raises(Io, match="zip archive is unpacked only while it is read"):
        lungrt.dicom.read_source(lungrt.read_ct(archive))


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SOPInstanceUID"])
@pytest.mark.parametrize("value", [None, "Meier^Anna"])
def test_uids_that_are_missing_or_none(write: Write, keyword: str, value: str | None) -> None:
    def edit(_: int, data: Any) -> None:
        data.pop(keyword, None)
        if value:
            data[keyword] = pydicom.DataElement(
                keyword, "UI", value, validation_mode=pydicom.config.IGNORE
            )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        volume = write(edit=edit)
    with pytest.raises(BadVolume, match=rf"{keyword} \(00") as error:
        lungrt.dicom.read_source(volume)
    assert "Meier" not in str(error.value)


def test_the_same_instance_uid_twice(write: Write) -> None:
    volume = write(edit=lambda _, data: setattr(data, "SOPInstanceUID", "1.2.3.4.5"))
    with pytest.raises(BadVolume, match="have the same SOPInstanceUID"):
        lungrt.dicom.read_source(volume)


def test_several_studies(write: Write) -> None:
    volume = write(edit=lambda k, data: setattr(data, "StudyInstanceUID", f"1.2.{k // 6}"))
    with pytest.raises(BadVolume, match="differ in StudyInstanceUID"):
        lungrt.dicom.read_source(volume)


def test_no_frame_of_reference(write: Write, pipeline: lungrt.Pipeline) -> None:
    volume = write({"FrameOfReferenceUID": None})
    source = lungrt.dicom.read_source(volume)
    assert source.frame_of_reference == derived_uid("frame of reference", volume.series_uid)
    results = lungrt.dicom.make_results(pipeline.run(volume, keep_masks=True), source)
    assert any("state no frame of reference" in note for note in results.notes)
    assert results.segmentation is not None
    assert results.segmentation.FrameOfReferenceUID == source.frame_of_reference


def test_a_frame_of_reference_for_each_slice(write: Write, pipeline: lungrt.Pipeline) -> None:
    volume = write(edit=lambda k, data: setattr(data, "FrameOfReferenceUID", f"1.2.77.{k + 1}"))
    source = lungrt.dicom.read_source(volume)
    results = lungrt.dicom.make_results(pipeline.run(volume, keep_masks=True), source)
    assert any("state 12 frames of reference" in note for note in results.notes)
    assert results.segmentation is not None
    assert results.segmentation.FrameOfReferenceUID == "1.2.77.1"


def test_a_multi_frame_file_is_read_once(
    tmp_path: Path, small_ct: lungrt.CtVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = list(range(small_ct.shape[0]))
    volume = lungrt.read_ct(multi_frame(tmp_path / "ct", small_ct.hu, order))
    read = []
    real = pydicom.dcmread
    monkeypatch.setattr(
        pydicom, "dcmread", lambda path, **kw: read.append(path) or real(path, **kw)
    )
    source = lungrt.dicom.read_source(volume)
    assert len(read) == 1
    assert [one.position_mm for one in source.slices] == [(-10, 20, 2.5 * z) for z in order]


HOSTILE = {
    "PatientName": "<script>alert(1)</script>\x1b[31m" + "A" * 80,
    "PatientID": "../../etc/passwd\x1b]0;title\x07",
    "PatientSex": "unknown",
    "PatientBirthDate": "yesterday",
    "StudyDate": "not a date",
    "StudyTime": "late",
    "ContentDate": "13/13/2024",
    "AccessionNumber": "B" * 40,
    "SpecificCharacterSet": "ISO_IR 999",
    "StudyDescription": "<img src=x onerror=alert(1)>",
}


def test_hostile_headers_are_copied_and_not_told(
    write: Write,
    pipeline: lungrt.Pipeline,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def edit(_: int, data: Any) -> None:
        for keyword, value in HOSTILE.items():
            vr = pydicom.datadict.dictionary_VR(keyword)
            data[keyword] = pydicom.DataElement(
                keyword, vr, value, validation_mode=pydicom.config.IGNORE
            )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        volume = write(edit=edit)
    original = volume.sources[0].path.read_bytes()
    capfd.readouterr()
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        report = pipeline.run(volume, keep_masks=True)
        caplog.clear()
        folder = volume.sources[0].path.parent / "results"
        files = lungrt.dicom.write_results(folder, report, volume)
    for file in files:
        for keyword, value in HOSTILE.items():
            if keyword != "ContentDate":  # of the result itself
                kept = value.encode() in original, value.encode() in file.read_bytes()
                assert kept == (True, True), (file.name, keyword)
    printed = capfd.readouterr()
    told = printed.out + printed.err + caplog.text
    assert not any(value in told for value in HOSTILE.values())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ("20240302", "111213.5")),
        ({"ContentTime": None}, ("20240302", "000000")),
        ({"ContentDate": None, "ContentTime": None}, ("20240301", "101112")),
        ({"ContentDate": None, "StudyDate": None}, ("19700101", "000000")),
    ],
)
def test_dates_are_those_of_the_source(
    write: Write,
    pipeline: lungrt.Pipeline,
    values: dict[str, Any],
    expected: tuple[str, str],
) -> None:
    volume = write(values)
    report = pipeline.run(volume, keep_masks=True)
    results = lungrt.dicom.make_results(report, lungrt.dicom.read_source(volume))
    for data in (results.report, results.segmentation, results.capture):
        assert data is not None
        for name in ("Content", "Series"):
            found = str(data[f"{name}Date"].value), str(data[f"{name}Time"].value)
            assert found == expected, name
        for keyword in ("InstanceCreationDate", "DateOfSecondaryCapture"):
            assert keyword not in data, keyword


def test_a_character_set_is_kept(write: Write, pipeline: lungrt.Pipeline) -> None:
    name = "Müller^Änne"
    volume = write({"SpecificCharacterSet": "ISO_IR 100", "PatientName": name})
    report = pipeline.run(volume, keep_masks=True)
    folder = volume.sources[0].path.parent / "results"
    for file in lungrt.dicom.write_results(folder, report, volume):
        data = pydicom.dcmread(file)
        assert data.SpecificCharacterSet == "ISO_IR 100"
        assert str(data.PatientName) == name
    assert PATIENT["PatientName"] != name
