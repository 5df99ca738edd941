from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lungrt.errors import InvalidArgument, Io
from lungrt.training.data import DataSet, open_data
from lungrt.training.data.reader_crops import SPACING_MM, resampled

HEADER = "Filename,lobulation,sphericity,margin,texture,malignancy,spiculation,subtlety"
LABELS = f"{HEADER}\n0_nod1_ann0,3,3,3,5,5,4,5\n7_nod2_ann0,1,5,1,1,3,1,2\n"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write two crops, changed as asked."""

    def make(labels: str = LABELS, **arrays: Any) -> Path:
        hu = np.full((2, 51, 51, 51), -800, np.int16)
        mask = np.zeros(hu.shape, np.uint8)
        mask[:, 20:30, 20:30, 20:30] = 1
        names = np.array(["0_nod1_ann0", "7_nod2_ann0"])
        known = {"hu": hu, "mask": mask, "name": names, **arrays}
        np.savez(tmp_path / "crops.npz", **{k: v for k, v in known.items() if v is not None})
        (tmp_path / "labels.csv").write_text(labels)
        return tmp_path

    return make


def test_ratings_and_diameter(write: Write) -> None:
    first, second = open_data(write()).samples
    assert (first.patient, first.malignant, first.ratings) == ("0", True, (5,))
    assert (second.patient, second.malignant) == ("7", None)
    assert first.diameter_mm == pytest.approx((6000 / np.pi) ** (1 / 3))
    assert first.traits["spiculation"] == 4


def test_axes_of_a_crop() -> None:
    y, x, z = np.meshgrid(*[np.arange(51, dtype=float)] * 3, indexing="ij")
    for values, axis, sign in ((z, 0, -1), (y, 1, 1), (x, 2, 1)):
        crop = resampled((10 * values).astype(np.int16), (32, 48, 48)).astype(float)
        middle = [16, 24, 24]
        line = np.moveaxis(crop, axis, 0)[(slice(None), *middle[1:])]
        steps = np.diff(line) / 10
        assert steps == pytest.approx(sign * SPACING_MM[axis], abs=0.11)
        # The crop's middle is the cube's.
        assert (line[0] + line[-1]) / 2 == pytest.approx(250, abs=1)


def test_crop_larger_than_the_cube_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="expected at most 34 x 72 x 72"):
        resampled(np.zeros((51, 51, 51), np.int16), (48, 48, 48))
    assert resampled(np.zeros((51, 51, 51), np.int16), (34, 72, 72)).shape == (34, 72, 72)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"hu": None}, Io, "expected hu, mask and name"),
        ({"hu": np.zeros((2, 51, 51, 50), np.int16)}, InvalidArgument, "hu has shape"),
        ({"hu": np.zeros((2, 51, 51, 51), np.float32)}, InvalidArgument, "hu is float32"),
        ({"name": np.array(["0_nod1_ann0"])}, InvalidArgument, r"name has shape \[1\]"),
        (
            {"labels": LABELS.replace("7_nod2", "8_nod2")},
            InvalidArgument,
            "do not have the same crops",
        ),
        ({"labels": LABELS.replace("1,5,1,1,3", "1,5,1,1,6")}, InvalidArgument, "malignancy 6"),
        ({"labels": LABELS.split("\n", 1)[1]}, InvalidArgument, "header is missing"),
    ],
)
def test_malformed_crops_are_named(
    write: Write, change: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        open_data(write(**change))


def test_damaged_file_and_odd_name_are_named(write: Write) -> None:
    folder = write(LABELS.replace("7_nod2_ann0", "seven"), name=np.array(["0_nod1_ann0", "seven"]))
    with pytest.raises(InvalidArgument, match="name 'seven'; expected PATIENT_nodK_annM"):
        open_data(folder)
    (folder / "crops.npz").write_bytes(b"nothing")
    with pytest.raises(Io, match=r"crops\.npz: cannot read the arrays"):
        open_data(folder)


@pytest.fixture(scope="session")
def real(reference: Path) -> DataSet:
    return open_data(reference / "crops")


def test_real_crops(real: DataSet) -> None:
    judged = [sample for sample in real.samples if sample.malignant is not None]
    assert len(real.samples) == 134
    assert (len(judged), sum(bool(s.malignant) for s in judged)) == (93, 67)
    assert len({sample.patient for sample in real.samples}) == 134


def test_real_crop_has_its_nodule_in_the_middle(real: DataSet) -> None:
    hu = real.load_crop(real.samples[0], (32, 48, 48))
    assert hu.dtype == np.int16
    assert hu.min() >= -1200
    assert hu.max() <= 400
    assert hu[14:18, 20:28, 20:28].mean() > -100


def test_real_crop_lies_as_in_its_ct(real: DataSet, reference: Path) -> None:
    """Patient 0 is LIDC-IDRI-0001: the axes of both agree, and no other orientation fits better."""
    from scipy import ndimage

    from lungrt.training.data.lidc_folder import read_lidc

    data = read_lidc(reference / "ct", readers=3)
    (nodule,) = (sample for sample in data.samples if sample.is_nodule)
    ct = data.load_crop(nodule, (20, 48, 48)).clip(-1000, 400).astype(float)
    # 20 slices of 2.5 mm to 32 of 1.5 mm, about the same 48 to 50 mm.
    ct = ndimage.zoom(ct, (32 / 20 * (50 / 48), 1, 1), order=1)[:32]
    crop = real.load_crop(real.samples[0], (32, 48, 48)).clip(-1000, 400).astype(float)

    def likeness(candidate: np.ndarray[Any, Any]) -> float:
        best = -1.0
        for shift in np.ndindex(5, 5, 5):
            moved = np.roll(candidate, [s - 2 for s in shift], axis=(0, 1, 2))
            best = max(best, float(np.corrcoef(moved.ravel(), ct.ravel())[0, 1]))
        return best

    right = likeness(crop)
    assert right > 0.7
    for other in (crop[::-1], crop[:, ::-1], crop[:, :, ::-1], crop.swapaxes(1, 2)):
        assert likeness(other) < right
