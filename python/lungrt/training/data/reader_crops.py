"""Isotropic crops of LIDC nodules with the ratings of one reader.

``crops.npz`` holds ``hu`` (N, 51, 51, 51) int16 with axes (y, x, z), z flipped, at 1 mm, clipped to
-1200 .. 400 HU; ``mask`` of the same shape; and ``name``, ``PATIENT_nodK_annM``. ``labels.csv`` has
a line with ratings from 1 to 5 for each name.

A classifier was trained on crops of a scanner's grid, 32 x 48 x 48 voxels of about 0.7 mm within
the slice and 1.25 to 2.5 mm between slices. So a crop is read at `SPACING_MM`, 1.5 x 0.7 x 0.7 mm,
around its middle: 48 x 33.6 x 33.6 mm, which the 51 mm cube contains whole, in voxels of the shape
that the network knows. Taking the cube's own voxels would show every nodule at two thirds of its
size. Densities above 400 HU (calcification, bone) are lost in the data itself.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lungrt.errors import InvalidArgument, Io
from lungrt.training.data.samples import TRAITS, Crop, DataSet, Sample
from lungrt.training.data.tables import Row, read_table

SPACING_MM = (1.5, 0.7, 0.7)  # slices, rows, columns
_ARRAYS = "crops.npz"
_TABLE = "labels.csv"
_NAME = re.compile(r"(\d+)_nod\d+_ann\d+")

BENIGN, MALIGNANT = (1, 2), (4, 5)  # 3 is left out: the reader could not tell


def is_reader_crops(folder: Path) -> bool:
    """Tell whether a folder holds such crops."""
    return (folder / _ARRAYS).is_file() and (folder / _TABLE).is_file()


def read_reader_crops(folder: Path) -> DataSet:
    """Read the crops; the whole set lies in memory.

    `Sample.center_mm` is the number of the crop, `Sample.diameter_mm` that of a sphere with the
    mask's volume. Nodules rated 3 are samples without a `malignant`.

    Raises
    ------
    Io
        A file cannot be read.
    InvalidArgument
        An array is missing or has another shape, the table does not fit it, or a rating is none.
    """
    hu, mask, names = _arrays(folder / _ARRAYS)
    rows = read_table(folder / _TABLE, ("Filename", *TRAITS), once=("Filename",))
    by_name = {row.text("Filename"): row for row in rows}
    if different := sorted(set(by_name) ^ set(names)):
        raise InvalidArgument(
            f"{folder}: {_TABLE} and {_ARRAYS} name different crops, such as {different[0]}"
        )
    samples = tuple(
        _sample(by_name[name], name, number, int(mask[number].sum()))
        for number, name in enumerate(names)
    )

    @lru_cache(maxsize=len(samples))  # 0.15 MB each, drawn again and again
    def cut(number: int, crop: Crop) -> NDArray[np.int16]:
        return resampled(hu[number], crop)

    def load(sample: Sample, crop: Crop) -> NDArray[np.int16]:
        return cut(int(sample.center_mm[0]), crop)

    left_out = sum(sample.malignant is None for sample in samples)
    notes = (f"{left_out} of {len(samples)} nodules are rated 3, neither benign nor malignant",)
    return DataSet("crops", samples, load, {}, notes)


def resampled(cube: NDArray[np.int16], crop: Crop) -> NDArray[np.int16]:
    """Cut a crop of `SPACING_MM` out of a 1 mm cube of axes (y, x, z), z flipped.

    Returns
    -------
    ndarray of int16
        (slices, rows, columns), linearly interpolated.

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
                f"a crop of {list(crop)} voxels of {list(SPACING_MM)} mm is larger than these "
                f"crops of {available} mm; expected at most 34 x 72 x 72"
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
        raise Io(f"{path}: cannot be read ({error}); expected arrays hu, mask and name") from error
    if hu.ndim != 4 or len(set(hu.shape[1:])) != 1 or hu.shape != mask.shape:
        raise InvalidArgument(
            f"{path}: hu has shape {list(hu.shape)} and mask {list(mask.shape)}; expected "
            "[N, 51, 51, 51] each"
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
        raise InvalidArgument(f"{row.where}: {name!r} is no name PATIENT_nodK_annM")
    traits = {trait: row.number(trait) for trait in TRAITS}
    if wrong := [f"{t} {v:g}" for t, v in traits.items() if v not in (1, 2, 3, 4, 5)]:
        raise InvalidArgument(f"{row.where}: {', '.join(wrong)}; expected ratings from 1 to 5")
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
