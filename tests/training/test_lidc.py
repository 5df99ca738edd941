from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import lungrt
from lungrt.errors import BadVolume, InvalidArgument, Io
from lungrt.training.data import open_data
from lungrt.training.data.lidc import Contour, Outline, group_nodules, nodule_mask, parse_lidc
from lungrt.training.data.lidc_folder import read_lidc

READING = """<?xml version="1.0"?>
<LidcReadMessage xmlns="http://www.nih.gov">
<ResponseHeader><SeriesInstanceUid>1.2.3</SeriesInstanceUid></ResponseHeader>
<readingSession>
 <unblindedReadNodule><noduleID>big</noduleID>
  <characteristics><malignancy>4</malignancy><texture>5</texture></characteristics>
  <roi><imageZposition>2.0</imageZposition><inclusion>TRUE</inclusion>
   {square}
  </roi>
 </unblindedReadNodule>
 <unblindedReadNodule><noduleID>small</noduleID>
  <roi><imageZposition>4.0</imageZposition><inclusion>TRUE</inclusion>
   <edgeMap><xCoord>3</xCoord><yCoord>3</yCoord></edgeMap>
  </roi>
 </unblindedReadNodule>
 <nonNodule><nonNoduleID>x</nonNoduleID><imageZposition>0.0</imageZposition>
  <locus><xCoord>7</xCoord><yCoord>5</yCoord></locus></nonNodule>
</readingSession>
<readingSession>
 <unblindedReadNodule><noduleID>1</noduleID>
  <characteristics><malignancy>1</malignancy></characteristics>
  <roi><imageZposition>2.0</imageZposition><inclusion>TRUE</inclusion>
   {square}
  </roi>
 </unblindedReadNodule>
</readingSession>
</LidcReadMessage>
"""
CORNERS = ((5, 10), (15, 10), (15, 16), (5, 16))
SQUARE = "".join(f"<edgeMap><xCoord>{x}</xCoord><yCoord>{y}</yCoord></edgeMap>" for x, y in CORNERS)


@pytest.fixture
def reading(tmp_path: Path) -> Path:
    path = tmp_path / "reading.xml"
    path.write_text(READING.format(square=SQUARE))
    return path


@pytest.fixture
def ct() -> lungrt.CtVolume:
    geometry = lungrt.Geometry((100.0, 200.0, 0.0), (0.5, 0.5, 2.0))
    return lungrt.CtVolume(np.zeros((4, 30, 20), np.int16), geometry, series_uid="1.2.3")


def test_readers_nodules_and_marks(reading: Path) -> None:
    found = parse_lidc(reading)
    assert (found.series_uid, found.readers) == ("1.2.3", 2)
    assert [outline.name for outline in found.outlines] == ["big", "small", "1"]
    assert found.outlines[0].ratings == {"malignancy": 4, "texture": 5}
    assert found.outlines[1].ratings == {}
    assert found.non_nodules == ((7, 5, 0.0),)


def test_readers_of_one_nodule_are_joined(reading: Path, ct: lungrt.CtVolume) -> None:
    (nodule,) = group_nodules(parse_lidc(reading), ct.geometry)
    assert nodule.ratings == (4, 1)
    assert nodule.malignant is False
    assert nodule.soft_malignancy == 0.5
    assert nodule.center_mm == pytest.approx((105.0, 206.5, 2.0))
    # 10 x 6 pixels of 0.5 mm.
    assert nodule.diameter_mm == pytest.approx(2 * np.sqrt(60 * 0.25 / np.pi))
    assert nodule.traits == {"malignancy": 2.5, "texture": 5.0}


def test_contours_lie_outside_of_the_nodule(reading: Path, ct: lungrt.CtVolume) -> None:
    mask = nodule_mask(parse_lidc(reading).outlines[0], ct)
    expected = np.zeros(ct.shape, bool)
    expected[1, 11:16, 6:15] = True
    assert np.array_equal(mask, expected)


def test_exclusion_is_cut_out(ct: lungrt.CtVolume) -> None:
    hole = ((8, 12), (12, 12), (12, 14), (8, 14))
    outline = Outline(0, "ring", {}, (Contour(2.0, CORNERS, True), Contour(2.0, hole, False)))
    mask = nodule_mask(outline, ct)
    assert mask.sum() == 5 * 9 - 3
    assert not mask[1, 13, 9:12].any()


def test_single_point_is_its_pixel(reading: Path, ct: lungrt.CtVolume) -> None:
    mask = nodule_mask(parse_lidc(reading).outlines[1], ct)
    assert np.argwhere(mask).tolist() == [[2, 3, 3]]


@pytest.mark.parametrize("contour", [Contour(3.0, CORNERS, True), Contour(2.0, ((50, 3),), True)])
def test_contour_of_another_ct_is_named(contour: Contour, ct: lungrt.CtVolume) -> None:
    with pytest.raises(BadVolume, match="may belong to another series"):
        nodule_mask(Outline(0, "n", {}, (contour,)), ct)


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        ("</LidcReadMessage>", "", Io, "cannot read the file as XML"),
        ("LidcReadMessage", "IdriReadMessage", InvalidArgument, "expected LidcReadMessage"),
        ("<SeriesInstanceUid>1.2.3", "<SeriesInstanceUid>", InvalidArgument, "SeriesInstanceUid"),
        ("<malignancy>4", "<malignancy>9", InvalidArgument, "malignancy is '9'"),
        ("<xCoord>5", "<xCoord>five", InvalidArgument, "expected a number"),
        (SQUARE, "", InvalidArgument, "has no edgeMap"),
        ("roi>", "no>", InvalidArgument, "has no roi"),
    ],
)
def test_malformed_readings_are_named(
    reading: Path, old: str, new: str, error: type[Exception], message: str
) -> None:
    text = reading.read_text()
    assert old in text
    reading.write_text(text.replace(old, new))
    with pytest.raises(error, match=message):
        parse_lidc(reading)


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xml"
    path.write_text('<!DOCTYPE x [<!ENTITY a "ha">]><LidcReadMessage>&a;</LidcReadMessage>')
    with pytest.raises(Io, match="declares entities or a DTD"):
        parse_lidc(path)
    with pytest.raises(Io, match="cannot read the file as XML"):
        parse_lidc(tmp_path / "none.xml")


def test_readings_of_a_real_ct(reference: Path) -> None:
    data = read_lidc(reference / "ct", readers=3)
    nodules = [sample for sample in data.samples if sample.is_nodule]
    (nodule,) = nodules
    assert nodule.ratings == (5, 5, 5, 4)
    assert nodule.malignant is True
    # What LUNA16 made of the same readings: (56.2, 86.3, -115.9), 23.4 mm.
    assert nodule.center_mm == pytest.approx((56.2, 86.3, -115.9), abs=0.5)
    assert nodule.diameter_mm == pytest.approx(23.4, abs=2)
    assert len(data.samples) - 1 == 13
    crop = data.load_crop(nodule, (32, 48, 48))
    assert crop[16, 20:28, 20:28].mean() > -100


def test_outlines_of_a_real_ct_are_tissue(reference: Path) -> None:
    reading = parse_lidc(reference / "ct/LIDC-IDRI-0001.xml")
    volume = lungrt.read_ct(reference / "ct/LIDC-IDRI-0001")
    rated = [outline for outline in reading.outlines if outline.ratings]
    assert len(rated) == 4
    for outline in rated:
        mask = nodule_mask(outline, volume)
        volume_mm3 = mask.sum() * volume.geometry.voxel_volume_mm3
        assert 21 < (6 / np.pi * volume_mm3) ** (1 / 3) < 25
        assert np.median(volume.hu[mask]) > -100


def test_reading_beside_another_ct_is_named(
    reading: Path, luna_folder: Path, monkeypatch: pytest.MonkeyPatch, ct: lungrt.CtVolume
) -> None:
    monkeypatch.setattr("lungrt.training.data.lidc_folder.read_ct", lambda place: ct)
    folder = reading.parent
    assert len(open_data(folder).samples) == 2
    shutil.copy(reading, folder / "again.xml")
    with pytest.raises(InvalidArgument, match=r"a second reading of series 1\.2\.3"):
        open_data(folder)
    (folder / "again.xml").unlink()
    text = reading.read_text()
    reading.write_text(text.replace("<xCoord>7", "<xCoord>70"))
    with pytest.raises(InvalidArgument, match=r"the non-nodule at pixel \(70, 5\)"):
        open_data(folder)
    reading.write_text(text.replace("1.2.3<", "1.2.4<"))
    with pytest.raises(InvalidArgument, match=r"a reading of series 1\.2\.4, but"):
        open_data(folder)
