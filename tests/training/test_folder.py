from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lungrt.errors import InvalidArgument, Io
from lungrt.training.data import DataSet, open_data

from .conftest import BENIGN_INDEX, MALIGNANT_INDEX, world

HEADER = "ct,x,y,z,diameter_mm,nodule,malignant,ratings,patient"
BENIGN, MALIGNANT = (
    "{:.2f},{:.2f},{:.2f}".format(*world(i)) for i in (BENIGN_INDEX, MALIGNANT_INDEX)
)

Read = Callable[..., DataSet]


@pytest.fixture
def read(luna_folder: Path, tmp_path: Path) -> Read:
    """Read a table of two CTs."""

    def make(*lines: str, header: str = HEADER) -> DataSet:
        folder = tmp_path / "cts"
        shutil.copytree(luna_folder / "subset0", folder, dirs_exist_ok=True)
        (folder / "nodules.csv").write_text("\n".join([header, *lines]) + "\n")
        return open_data(folder)

    return make


def test_all_columns(read: Read) -> None:
    data = read(
        f"1.2.0.mhd,{BENIGN},4,1,0,2 1 2,anna",
        f"1.2.0.mhd,{MALIGNANT},,0,,,anna",
        "1.2.1.mhd,,,,,,,,berta",
    )
    assert data.name == "folder"
    assert list(data.series) == ["1.2.0.mhd", "1.2.1.mhd"]
    nodule, other = data.samples
    assert (nodule.patient, nodule.malignant, nodule.ratings) == ("anna", False, (2, 1, 2))
    assert (other.is_nodule, other.malignant, other.diameter_mm) == (False, None, None)
    assert data.load_crop(nodule, (4, 4, 4)).max() > 0


def test_few_columns(read: Read) -> None:
    (sample,) = read(f"1.2.0.mhd,{BENIGN}", header="ct,x,y,z").samples
    assert sample.is_nodule
    assert sample.patient == "1.2.0.mhd"


@pytest.mark.parametrize(
    ("lines", "error", "message"),
    [
        ([f"1.2.9.mhd,{BENIGN},4,1,0,,"], Io, r"line 2: .*1\.2\.9\.mhd not found"),
        ([f"../x.mhd,{BENIGN},4,1,0,,"], InvalidArgument, "is outside of"),
        ([f"1.2.0.mhd,{BENIGN},4,1,0,2;3,"], InvalidArgument, "expected numbers from 1 to 5"),
        ([f"1.2.0.mhd,{BENIGN},4,yes,0,,"], InvalidArgument, "nodule is 'yes'"),
        (["1.2.0.mhd,1,2,,4,1,0,,"], InvalidArgument, "z is ''; expected a finite number"),
        (["1.2.0.mhd,0,0,0,4,1,0,,"], InvalidArgument, "1 of 1 positions lie outside"),
        (
            [f"1.2.0.mhd,{BENIGN},4,1,0,,a", f"1.2.0.mhd,{MALIGNANT},4,1,0,,b"],
            InvalidArgument,
            "is b, but an earlier line says a",
        ),
        (
            [f"1.2.0.mhd,{BENIGN},4,1,0,,", f"1.2.0.mhd,{BENIGN},5,1,0,,"],
            InvalidArgument,
            "line 3: this line repeats",
        ),
    ],
)
def test_malformed_tables_are_named(
    read: Read, lines: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        read(*lines)


def test_dicom_folder(tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    import SimpleITK

    from .conftest import small_chest

    writer = SimpleITK.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    image = SimpleITK.GetImageFromArray(small_chest(0)[:4])
    image.SetSpacing((1.0, 1.0, 2.0))
    folder = tmp_path / "ct"
    folder.mkdir()
    tags = {
        "0008|0060": "CT",
        "0020|000e": "1.2.3",
        "0020|000d": "1.2",
        "0028|1052": "0",
        "0028|1053": "1",
    }
    for number in range(4):
        piece = image[:, :, number]
        for tag, value in tags.items():
            piece.SetMetaData(tag, value)
        piece.SetMetaData("0020|0032", f"0\\0\\{2 * number}")
        piece.SetMetaData("0020|0037", "1\\0\\0\\0\\1\\0")
        piece.SetMetaData("0020|0013", str(number))
        piece.SetMetaData("0008|0018", f"1.2.3.{number + 1}")
        writer.SetFileName(str(folder / f"{number}.dcm"))
        writer.Execute(piece)
    assert pydicom.dcmread(folder / "0.dcm").Modality == "CT"
    (tmp_path / "nodules.csv").write_text("ct,x,y,z\nct,12,12,4\n")
    data = open_data(tmp_path)
    assert data.load_crop(data.samples[0], (2, 4, 4)).shape == (2, 4, 4)
