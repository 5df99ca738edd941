"""What one item of training data is, and a set of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Triple = tuple[float, float, float]
Crop = tuple[int, int, int]

# Ratings of the LIDC's readers that may be learnt beside the class, each from 1 to 5.
TRAITS = ("subtlety", "sphericity", "margin", "lobulation", "spiculation", "texture", "malignancy")


@dataclass(frozen=True)
class Sample:
    """A nodule, or a place that looks like one and is none.

    Attributes
    ----------
    series_uid : str
        Series that it lies in.
    patient : str
        Whose it is: what must not be on both sides of a split. The series where nothing is known.
    center_mm : tuple of float
        World position (x, y, z) in mm, LPS.
    is_nodule : bool
    diameter_mm : float or None
        None where nobody measured it.
    malignant : bool or None
        None for non-nodules, and for nodules that nobody judged.
    ratings : tuple of int
        Malignancy as each reader saw it, 1 (highly unlikely) to 5 (highly suspicious).
    traits : mapping of str to float
        Mean ratings of the readers by name, see `TRAITS`.
    """

    series_uid: str
    patient: str
    center_mm: Triple
    is_nodule: bool
    diameter_mm: float | None = None
    malignant: bool | None = None
    ratings: tuple[int, ...] = ()
    traits: Mapping[str, float] = field(default_factory=dict, compare=False)

    @property
    def soft_malignancy(self) -> float | None:
        """Share of readers who saw it as malignant; a rating of 3 counts half to either side.

        The ratings where there are any, `malignant` otherwise, None where neither is known.
        """
        if self.ratings:
            votes = [0.5 if rating == 3 else float(rating > 3) for rating in self.ratings]
            return sum(votes) / len(votes)
        return None if self.malignant is None else float(self.malignant)


@dataclass(frozen=True, eq=False)
class DataSet:
    """Samples and the way to their voxels.

    Attributes
    ----------
    name : str
        What kind of data it is, for people: "LUNA16", "folder" or "crops".
    samples : tuple of Sample
        In a fixed order.
    load_crop : callable
        Gives the int16 Hounsfield units (slices, rows, columns) around a sample in a size.
    series : mapping of str to path
        Where the CT of each series lies, those without a sample included; empty where there are
        crops alone.
    notes : tuple of str
        What a person should know of how it was read.
    masks : mapping of str to path
        Drawn masks of the nodules of a series, where there are any: an image in the CT's voxels.
    """

    name: str
    samples: tuple[Sample, ...]
    load_crop: Callable[[Sample, Crop], NDArray[np.int16]]
    series: Mapping[str, Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    masks: Mapping[str, Path] = field(default_factory=dict)

    def without_patients(self, patients: Iterable[str]) -> DataSet:
        """Return the set less some patients."""
        gone = set(patients)
        kept = tuple(sample for sample in self.samples if sample.patient not in gone)
        series_gone = {s.series_uid for s in self.samples if s.patient in gone} | gone
        series = {uid: path for uid, path in self.series.items() if uid not in series_gone}
        return replace(self, samples=kept, series=series)

    def with_samples(self, more: Iterable[Sample]) -> DataSet:
        """Return the set with further samples after its own."""
        return replace(self, samples=(*self.samples, *more))
