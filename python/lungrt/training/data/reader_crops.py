"""Reader of isotropic crops of LIDC nodules with the ratings of one reader.

``crops.npz`` has ``hu``, int16 [N, 51, 51, 51] with axes (y, x, z), z flipped, at 1 mm, clipped to
-1200 .. 400 HU; ``mask`` of the same shape; and ``name``, ``PATIENT_nodK_annM``. ``labels.csv`` has
a line with ratings from 1 to 5 for each name.

The classifiers are trained on crops in a scanner's voxels: 32 x 48 x 48 voxels of about 0.7 mm
within the slice and 1.25 to 2.5 mm between slices. The cubes are therefore resampled around their
centre at `SPACING_MM`, 1.5 x 0.7 x 0.7 mm. Such a crop of 48 x 33.6 x 33.6 mm fits into the 51 mm
cube. With the cube's own voxels, nodules would appear at two thirds of their size. Densities above
400 HU (calcification, bone) are not in the data.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lungrt.data.csv_file import Row, read_rows, unique
from lungrt.errors import InvalidArgument, Io
from lungrt.training.data.samples import TRAITS, Crop, DataSet, Sample

SPACING_MM = (1.5, 0.7, 0.7)  # slices, rows, columns
_ARRAYS = "crops.npz"
_TABLE = "labels.csv"
_NAME = re.compile(r"(\d+)_nod\d+_ann\d+")

BENIGN, MALIGNANT = (1, 2), (4, 5)  # 3 is indeterminate and is left out


def is_reader_crops(folder: Path) -> bool:
    """Return whether a folder has ``crops.npz`` and ``labels.csv``."""
    return (folder / _ARRAYS).is_file() and (folder / _TABLE).is_file()


def read_reader_crops(folder: Path) -> DataSet:
    """Read all crops into memory.

    `Sample.center_mm` has the number of the crop, and `Sample.diameter_mm` is the diameter of a
    sphere with the mask's volume. `Sample.malignant` is None for nodules with a rating of 3.

    Raises
    ------
    Io
        A file cannot be read.
    InvalidArgument
        An array has another shape or type, the table does not fit the arrays, or a rating is
        invalid.
    """
    hu, mask, names = _arrays(folder / _ARRAYS)
    rows = read_rows(folder / _TABLE, ("Filename", *TRAITS))
    by_name = {row.text("Filename"): row for row in unique(rows, lambda row: row.text("Filename"))}
    if different := sorted(set(by_name) ^ set(names)):
        raise InvalidArgument(
            f"{folder}: {_TABLE} and {_ARRAYS} do not have the same crops: {different[0]} is in "
            "only one of them"
        )
    samples = tuple(
        _sample(by_name[name], name, number, int(mask[number].sum()))
        for number, name in enumerate(names)
    )

    @lru_cache(maxsize=len(samples))  # 0.15 MB each, needed in every epoch
    def cut(number: int, crop: Crop) -> NDArray[np.int16]:
        return resampled(hu[number], crop)

    def load(sample: Sample, crop: Crop) -> NDArray[np.int16]:
        return cut(int(sample.center_mm[0]), crop)

    left_out = sum(sample.malignant is None for sample in samples)
    notes = (
        f"{left_out} of {len(samples)} nodules have the rating 3, neither benign nor malignant",
    )
    return DataSet("crops", samples, load, {}, notes)


def resampled(cube: NDArray[np.int16], crop: Crop) -> NDArray[np.int16]:
    """Resample a crop at `SPACING_MM` from a 1 mm cube with axes (y, x, z), z flipped.

    Returns
    -------
    ndarray of int16
        Crop [slices, rows, columns], linearly interpolated.

    Raises
    ------
    InvalidArgument
        The crop is larger than the cube.
    """
    volume = cube.transpose(2, 0, 1)[::-1]
    axes = []
    for size, spacing, available in zip(crop, SPACING_MM, volume.shape, strict=True):
        positions = (np.arange(size) - (size - 1) / 2) * spacing + (available - 1) / 2
        if positions[0] < 0:
            raise InvalidArgument(
                f"a crop of {list(crop)} voxels of {list(SPACING_MM)} mm is larger than the cubes "
                f"of {available} mm in this data; expected at most 34 x 72 x 72 voxels"
            )
        axes.append(positions)
    grid = np.meshgrid(*axes, indexing="ij")
    values = ndimage.map_coordinates(volume.astype(np.float32), grid, order=1, mode="nearest")
    rounded: NDArray[np.int16] = np.rint(values).astype(np.int16)
    return rounded


def _arrays(path: Path) -> tuple[NDArray[np.int16], NDArray[np.uint8], list[str]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            hu, mask, names = (file[key] for key in ("hu", "mask", "name"))
    except (OSError, ValueError, KeyError) as error:
        raise Io(f"{path}: cannot read the arrays ({error}); expected hu, mask and name") from error
    if hu.ndim != 4 or len(set(hu.shape[1:])) != 1 or hu.shape != mask.shape:
        raise InvalidArgument(
            f"{path}: hu has shape {list(hu.shape)} and mask has {list(mask.shape)}; expected "
            "[N, 51, 51, 51] for both"
        )
    if hu.dtype != np.int16 or names.shape != (len(hu),):
        raise InvalidArgument(
            f"{path}: hu is {hu.dtype} and name has shape {list(names.shape)}; expected int16 and "
            f"[{len(hu)}]"
        )
    return hu, mask, [str(name) for name in names]


def _sample(row: Row, name: str, number: int, mask_mm3: int) -> Sample:
    match = _NAME.fullmatch(name)
    if match is None:
        row.refuse(f"name {name!r}; expected PATIENT_nodK_annM")
    traits = {trait: row.number(trait) for trait in TRAITS}
    if wrong := [f"{t} {v:g}" for t, v in traits.items() if v not in (1, 2, 3, 4, 5)]:
        row.refuse(f"{', '.join(wrong)}; expected ratings from 1 to 5")
    rating = int(traits["malignancy"])
    return Sample(
        series_uid=name,
        patient=match[1],
        center_mm=(float(number), 0.0, 0.0),
        is_nodule=True,
        diameter_mm=(6 * mask_mm3 / np.pi) ** (1 / 3) or None,
        malignant=None if rating not in BENIGN + MALIGNANT else rating in MALIGNANT,
        ratings=(rating,),
        traits=traits,
    )
