"""A batch over the CTs of a folder, which goes on where it ended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from evaluation_examples import write_luna, write_report

import lungrt
from lungrt.data.scans import ScanFile, find_scans
from lungrt.errors import InvalidArgument, Io
from lungrt.evaluation.batch import run_batch


def write(path: Path, text: str) -> None:
    path.write_text(text)


@pytest.fixture
def luna(tmp_path: Path, small_ct: lungrt.CtVolume) -> Path:
    """Write three scans in two subsets."""
    return write_luna(tmp_path / "luna", small_ct)


@pytest.fixture
def pipeline(tiny_bundle: Path) -> lungrt.Pipeline:
    """Open the tiny bundle."""
    return lungrt.Pipeline(tiny_bundle, threads=1, profile="book")


def test_batch_writes_a_report_a_scan(
    luna: Path, pipeline: lungrt.Pipeline, tiny_bundle: Path, tmp_path: Path
) -> None:
    told = []
    batch = run_batch(
        pipeline,
        tiny_bundle,
        find_scans(luna),
        tmp_path / "deep" / "reports",
        write,
        lambda *call: told.append(call),
    )
    assert (batch.run, batch.found, batch.failed) == (3, 0, {})
    report = json.loads((tmp_path / "deep" / "reports" / "1.2.json").read_text())
    assert report["series"]["uid"] == "1.2"
    assert report["candidates"]
    assert [call for call in told if call[0] == "scans"] == [("scans", k, 3) for k in range(4)]


def test_batch_goes_on_behind_an_interruption(
    luna: Path, pipeline: lungrt.Pipeline, tiny_bundle: Path, tmp_path: Path
) -> None:
    scans, folder = find_scans(luna), tmp_path / "reports"

    def interrupt(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("scans", 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_batch(pipeline, tiny_bundle, scans, folder, write, interrupt)
    assert [path.name for path in folder.iterdir()] == ["1.1.json"]
    first = (folder / "1.1.json").read_bytes()
    batch = run_batch(pipeline, tiny_bundle, scans, folder, write)
    assert (batch.run, batch.found) == (2, 1)
    assert (folder / "1.1.json").read_bytes() == first


def test_a_scan_that_fails_does_not_end_the_batch(
    luna: Path, pipeline: lungrt.Pipeline, tiny_bundle: Path, tmp_path: Path
) -> None:
    (luna / "subset0" / "1.1.raw").unlink()
    scans = [*find_scans(luna), ScanFile("1.9", tmp_path / "gone.mhd")]
    batch = run_batch(pipeline, tiny_bundle, scans, tmp_path / "reports", write)
    assert (batch.run, sorted(batch.failed)) == (2, ["1.1", "1.9"])
    assert "cannot be read" in batch.failed["1.1"]
    assert not (tmp_path / "reports" / "1.1.json").exists()


def test_a_report_that_cannot_be_written_ends_the_batch(
    luna: Path, pipeline: lungrt.Pipeline, tiny_bundle: Path, tmp_path: Path
) -> None:
    def full(path: Path, text: str) -> None:
        raise Io(f"{path}: cannot be written (no space)")

    with pytest.raises(Io, match="no space"):
        run_batch(pipeline, tiny_bundle, find_scans(luna), tmp_path / "reports", full)
    (tmp_path / "file").write_text("")
    with pytest.raises(Io, match="cannot create this folder"):
        run_batch(pipeline, tiny_bundle, [], tmp_path / "file" / "reports", write)


def test_reports_of_another_run_are_refused_before_anything_is_run(
    luna: Path, pipeline: lungrt.Pipeline, tiny_bundle: Path, tmp_path: Path
) -> None:
    scans, folder = find_scans(luna), tmp_path / "reports"
    write_report(folder, "1.3")
    with pytest.raises(
        InvalidArgument, match=r"1\.3\.json: this report was made with another bundle"
    ):
        run_batch(pipeline, tiny_bundle, scans, folder, write)
    run_batch(pipeline, tiny_bundle, scans, tmp_path / "own", write)
    other = lungrt.Pipeline(tiny_bundle, threads=1, geometry="exact", profile="book")
    with pytest.raises(InvalidArgument, match=r"another geometry \(book, now exact\)"):
        run_batch(other, tiny_bundle, scans, tmp_path / "own", write)
    (tmp_path / "own" / "1.1.json").write_text((tmp_path / "own" / "1.2.json").read_text())
    with pytest.raises(
        InvalidArgument, match=r"1\.1\.json: this is a report of another series, 1\.2"
    ):
        run_batch(pipeline, tiny_bundle, scans, tmp_path / "own", write)
    assert [path.name for path in folder.iterdir()] == ["1.3.json"]


@pytest.mark.parametrize("uid", ["", ".hidden", "a/b", "..", "a\0b"])
def test_a_series_whose_name_no_file_can_have(
    uid: str, pipeline: lungrt.Pipeline, tiny_bundle: Path, tmp_path: Path
) -> None:
    with pytest.raises(InvalidArgument, match="cannot be used as the name of a file"):
        run_batch(pipeline, tiny_bundle, [ScanFile(uid, tmp_path / "x.mhd")], tmp_path / "r", write)
