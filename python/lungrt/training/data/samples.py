"""Types of training data: a sample, and a data set of samples with access to their voxels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Triple = tuple[float, float, float]
Crop = tuple[int, int, int]

# Ratings of the LIDC's readers that can be learnt together with the class, each from 1 to 5.
TRAITS = ("subtlety", "sphericity", "margin", "lobulation", "spiculation", "texture", "malignancy")


@dataclass(frozen=True)
class Sample:
    """Nodule, or a position that looks like a nodule but is none (non-nodule).

    Attributes
    ----------
    series_uid : str
        Series of the CT.
    patient : str
        Patient, whose samples are never split between training and validation; the series if the
        patient is unknown.
    center_mm : tuple of float
        World coordinates (x, y, z) in mm, LPS.
    is_nodule : bool
    diameter_mm : float or None
        None if it was not measured.
    malignant : bool or None
        None for non-nodules and for nodules that were not rated.
    ratings : tuple of int
        Malignancy rating of each reader, 1 (highly unlikely) to 5 (highly suspicious).
    traits : mapping of str to float
        Mean ratings of the readers by trait; see `TRAITS`.
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
        """Share of readers who rated it as malignant, where a rating of 3 counts half.

        Without ratings it is `malignant` as 0 or 1, or None if that is unknown too.
        """
        if self.ratings:
            votes = [0.5 if rating == 3 else float(rating > 3) for rating in self.ratings]
            return sum(votes) / len(votes)
        return None if self.malignant is None else float(self.malignant)


@dataclass(frozen=True, eq=False)
class DataSet:
    """Data set: samples, and access to their voxels.

    Attributes
    ----------
    name : str
        Kind of the data for messages: "LUNA16", "LIDC", "folder" or "crops".
    samples : tuple of Sample
        Samples in a fixed order.
    load_crop : callable
        Takes a sample and a size, and returns the int16 Hounsfield units [slices, rows, columns]
        around the sample.
    series : mapping of str to path
        CT of each series, including series without samples; empty if the data has only crops.
    notes : tuple of str
        Messages to the user about reading the data.
    masks : mapping of str to path
        Mask file of the nodules of a series, with the CT's voxels; not every series has one.
    """

    name: str
    samples: tuple[Sample, ...]
    load_crop: Callable[[Sample, Crop], NDArray[np.int16]]
    series: Mapping[str, Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    masks: Mapping[str, Path] = field(default_factory=dict)

    def without_patients(self, patients: Iterable[str]) -> DataSet:
        """Return the data set without some patients."""
        gone = set(patients)
        kept = tuple(sample for sample in self.samples if sample.patient not in gone)
        series_gone = {s.series_uid for s in self.samples if s.patient in gone} | gone
        series = {uid: path for uid, path in self.series.items() if uid not in series_gone}
        return replace(self, samples=kept, series=series)

    def with_samples(self, more: Iterable[Sample]) -> DataSet:
        """Return the data set with additional samples at the end."""
        return replace(self, samples=(*self.samples, *more))
