"""The folder that loads as LUNA16's does."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import lungrt
from lungrt.errors import InvalidArgument, Io
from lungrt.phantom import Phantom, chest
from lungrt.phantom.luna16 import Luna16Folder, luna16_folder

ANNOTATION = ["seriesuid", "coordX", "coordY", "coordZ", "diameter_mm"]
BOX = ["bboxLowX", "bboxLowY", "bboxLowZ", "bboxHighX", "bboxHighY", "bboxHighZ"]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(small_phantom: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scans with masks, the second feet-first."""
    output = tmp_path_factory.mktemp("luna") / "phantoms"
    with luna16_folder(output, masks=True) as writer:
        writer.add(small_phantom)
        writer.add(chest(seed=8, shape=(24, 96, 96), nodules=1, entry="feet-first"))
    return output


def test_layout(folder: Path, small_phantom: Phantom) -> None:
    first, second = (folder / "seriesuids.csv").read_text().splitlines()
    assert first == small_phantom.series_uid
    assert sorted(path.name for path in folder.glob("subset0/*")) == [
        f"{first}.mhd",
        f"{first}.raw",
    ]
    assert (folder / f"subset1/{second}.mhd").is_file()
    options = json.loads((folder / "phantoms.json").read_text())
    assert options[second]["entry"] == "feet-first"


def test_scans_read_back(folder: Path, small_phantom: Phantom) -> None:
    volume = lungrt.read_ct(folder / f"subset0/{small_phantom.series_uid}.mhd")
    assert np.array_equal(volume.hu, small_phantom.hu)
    assert volume.geometry == small_phantom.geometry


def test_masks_read_back(folder: Path, small_phantom: Phantom) -> None:
    uid = small_phantom.series_uid
    lungs = lungrt.read_ct(folder / f"seg-lungs-LUNA16/{uid}.mhd")
    assert np.array_equal(lungs.hu, small_phantom.lung_labels)
    assert set(np.unique(lungs.hu)) == {0, 3, 4, 5}
    nodules = lungrt.read_ct(folder / f"seg-nodules/{uid}.mhd")
    assert np.array_equal(nodules.hu, small_phantom.nodule_labels)


def test_tables_have_lunas_columns_and_the_truth(folder: Path, small_phantom: Phantom) -> None:
    annotations = rows(folder / "annotations.csv")
    assert list(annotations[0]) == ANNOTATION
    assert len(annotations) == 3
    malignancy = rows(folder / "annotations_with_malignancy.csv")
    assert list(malignancy[0]) == [*ANNOTATION, "mal_bool", "mal_details", *BOX, "len_mal_details"]
    for row, more, nodule in zip(annotations, malignancy, small_phantom.nodules, strict=False):
        assert {name: more[name] for name in ANNOTATION} == row
        center = [float(row[name]) for name in ANNOTATION[1:4]]
        assert center == list(nodule.center_mm)
        assert float(row["diameter_mm"]) == nodule.diameter_mm
        assert more["mal_bool"] == str(nodule.malignant)
        assert json.loads(more["mal_details"]) == list(nodule.ratings)
        assert int(more["len_mal_details"]) == 4
        low, high = [float(more[name]) for name in BOX[:3]], [float(more[name]) for name in BOX[3:]]
        assert all(a < b < c for a, b, c in zip(low, center, high, strict=True))


def test_malignancy_table_is_as_the_real_one(folder: Path, reference: Path) -> None:
    for name in ("annotations.csv", "annotations_with_malignancy.csv"):
        real = (reference / "luna" / name).read_text().splitlines()[0]
        assert (folder / name).read_text().splitlines()[0] == real


def test_candidates(folder: Path, small_phantom: Phantom) -> None:
    candidates = rows(folder / "candidates.csv")
    assert list(candidates[0]) == ["seriesuid", "coordX", "coordY", "coordZ", "class"]
    own = [row for row in candidates if row["seriesuid"] == small_phantom.series_uid]
    centers = {
        kind: [
            [float(row[f"coord{axis}"]) for axis in "XYZ"] for row in own if row["class"] == kind
        ]
        for kind in "01"
    }
    assert [tuple(center) for center in centers["1"]] == [
        nodule.center_mm for nodule in small_phantom.nodules
    ]
    assert len(centers["0"]) == 40
    for center in centers["0"]:
        assert small_phantom.lung[small_phantom.geometry.to_index(center, "exact")]
        for nodule in small_phantom.nodules:
            assert np.linalg.norm(np.subtract(center, nodule.center_mm)) > nodule.diameter_mm


def test_a_folder_that_is_not_empty_stays(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(Io, match="exists and is not empty"), luna16_folder(tmp_path):
        raise AssertionError("the block must not be entered")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(Io, match="is a file"), luna16_folder(file):
        raise AssertionError("the block must not be entered")
    assert file.read_text() == "mine"


def test_an_empty_folder_is_taken(tmp_path: Path, small_phantom: Phantom) -> None:
    with luna16_folder(tmp_path / "empty") as writer:
        writer.add(small_phantom)
    assert (tmp_path / "empty/annotations.csv").is_file()


def add_twice(writer: Luna16Folder, phantom: Phantom) -> None:
    writer.add(phantom)
    writer.add(phantom)


def test_nothing_is_left_of_what_failed(tmp_path: Path, small_phantom: Phantom) -> None:
    with (
        pytest.raises(InvalidArgument, match="given twice"),
        luna16_folder(tmp_path / "phantoms") as writer,
    ):
        add_twice(writer, small_phantom)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_said(
    tmp_path: Path, small_phantom: Phantom, monkeypatch: pytest.MonkeyPatch
) -> None:
    import SimpleITK

    def full(*_: object, **__: object) -> None:
        raise RuntimeError("no space left on device")

    monkeypatch.setattr(SimpleITK, "WriteImage", full)
    with pytest.raises(Io, match="the disk may be full"), luna16_folder(tmp_path / "out") as writer:
        writer.add(small_phantom)
    assert list(tmp_path.iterdir()) == []
