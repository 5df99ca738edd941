"""Files of results: the same for the same run, and complete or not there."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest

import lungrt
import lungrt.dicom
from lungrt.errors import Io

NAMES = ["lungrt_seg.dcm", "lungrt_sc.dcm", "lungrt_sr.dcm"]


def test_names(tmp_path: Path, report: lungrt.Report, volume: lungrt.CtVolume) -> None:
    files = lungrt.dicom.write_results(tmp_path / "a" / "b", report, volume)
    assert files == [tmp_path / "a" / "b" / name for name in NAMES]
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == sorted(NAMES)
    classes = [pydicom.dcmread(file).SOPClassUID.name for file in files]
    assert classes == [
        "Segmentation Storage",
        "Secondary Capture Image Storage",
        "Comprehensive 3D SR Storage",
    ]


@pytest.mark.parametrize("labelmap", [False, True])
def test_another_process_writes_the_same_bytes(
    tmp_path: Path, report: lungrt.Report, volume: lungrt.CtVolume, labelmap: bool
) -> None:
    files = lungrt.dicom.write_results(tmp_path / "here", report, volume, labelmap=labelmap)
    (tmp_path / "run").write_bytes(pickle.dumps((report, volume)))
    program = (
        "import pickle, sys, pathlib, lungrt.dicom\n"
        "report, volume = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())\n"
        f"lungrt.dicom.write_results(sys.argv[2], report, volume, labelmap={labelmap})\n"
    )
    subprocess.run(
        [sys.executable, "-c", program, tmp_path / "run", tmp_path / "there"],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "1"},
    )
    for file in files:
        same = (tmp_path / "there" / file.name).read_bytes() == file.read_bytes()
        assert same, file.name


def test_another_run_has_other_uids(
    native_bundle: Path, report: lungrt.Report, volume: lungrt.CtVolume
) -> None:
    """Another profile, or another kind of segmentation, is another result."""
    source = lungrt.dicom.read_source(volume)
    other = lungrt.Pipeline(native_bundle, profile="book", threads=1, voxel_order="patient")
    assert other.run(volume).options.voxel_order != report.options.voxel_order
    made = [
        lungrt.dicom.make_results(report, source),
        lungrt.dicom.make_results(report, source, labelmap=True),
        lungrt.dicom.make_results(other.run(volume, keep_masks=True), source),
    ]
    for kind in ("segmentation", "report"):
        for keyword in ("SOPInstanceUID", "SeriesInstanceUID"):
            uids = {str(getattr(one, kind)[keyword].value) for one in made}
            assert len(uids) == len(made), (kind, keyword)
    uids = [data[1] for data in _objects(made[0])]
    assert len(set(uids)) == len(uids)


def _objects(results: lungrt.dicom.Results) -> list[tuple[str, str]]:
    objects = (results.report, results.segmentation, results.capture)
    return [
        (keyword, str(data[keyword].value))
        for data in objects
        if data is not None
        for keyword in ("SOPInstanceUID", "SeriesInstanceUID")
    ]


def test_results_of_an_earlier_run_are_replaced(
    tmp_path: Path,
    report: lungrt.Report,
    none_found: lungrt.Report,
    volume: lungrt.CtVolume,
) -> None:
    """Without nodules, an older segmentation would contradict the report."""
    (tmp_path / "other.dcm").write_text("somebody's")
    lungrt.dicom.write_results(tmp_path, report, volume)
    (file,) = lungrt.dicom.write_results(tmp_path, none_found, volume)
    assert sorted(path.name for path in tmp_path.iterdir()) == [file.name, "other.dcm"]
    assert (tmp_path / "other.dcm").read_text() == "somebody's"
    assert len(lungrt.dicom.write_results(tmp_path, report, volume)) == 3


def test_results_beside_the_slices_are_no_slices(
    tmp_path: Path, report: lungrt.Report, volume: lungrt.CtVolume, series: Path
) -> None:
    """Whoever reads the folder again gets the same CT, and a note."""
    folder = tmp_path / "ct"
    shutil.copytree(series, folder)
    lungrt.dicom.write_results(folder, report, volume)
    lungrt.dicom.write_results(folder / "below", report, volume, labelmap=True)
    again = lungrt.read_ct(folder)
    assert [one.instance_uid for one in again.sources] == [
        one.instance_uid for one in volume.sources
    ]
    np.testing.assert_array_equal(again.hu, volume.hu)


def test_a_failure_leaves_what_was_there(
    tmp_path: Path,
    report: lungrt.Report,
    volume: lungrt.CtVolume,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = lungrt.dicom.write_results(tmp_path, report, volume)
    before = {file.name: file.read_bytes() for file in files}

    def fail(_: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr("lungrt.dicom.write.encoded", fail)
    with pytest.raises(MemoryError):
        lungrt.dicom.write_results(tmp_path, report, volume, labelmap=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_folders_that_cannot_be_written(
    tmp_path: Path, report: lungrt.Report, volume: lungrt.CtVolume
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Io, match="the folder cannot be created"):
        lungrt.dicom.write_results(tmp_path / "file" / "below", report, volume)
    (tmp_path / "taken" / "lungrt_sr.dcm").mkdir(parents=True)
    with pytest.raises(Io, match="it is a folder"):
        lungrt.dicom.write_results(tmp_path / "taken", report, volume)
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["lungrt_sr.dcm"]


def test_a_read_only_folder(tmp_path: Path, report: lungrt.Report, volume: lungrt.CtVolume) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    if os.access(folder, os.W_OK):  # root, whom permissions do not stop
        folder = Path("/proc/self")
    with pytest.raises(Io, match=r"cannot be (written|created)"):
        lungrt.dicom.write_results(folder, report, volume)
