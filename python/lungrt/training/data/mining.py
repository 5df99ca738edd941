"""Hard negatives: false positives of a segmentation network as non-nodules for training."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from lungrt import Pipeline, read_ct
from lungrt.data.candidates import Marks
from lungrt.errors import InvalidArgument
from lungrt.training.data.samples import DataSet, Sample, Triple

# A candidate belongs to a nodule within this share of its diameter, as in the book's scoring.
NEAR = 0.7

Progress = Callable[[str, int, int], None]


def mine_candidates(
    bundle: Path, series: dict[str, Path], *, progress: Progress | None = None
) -> Marks:
    """Run a bundle on CTs and return all candidates.

    Returns
    -------
    dict of str to list of (tuple of float, float)
        World coordinates in mm and probability of nodule of the candidates, by series. The
        probability is 1 if the bundle has no nodule classifier.

    Raises
    ------
    lungrt.errors.Error
        The bundle or a CT cannot be read, or the run failed.
    """
    from lungrt.export.manifest import read_manifest

    pipeline = Pipeline(bundle, profile="book")
    classifies = "nodule" in read_manifest(bundle).stages
    found: Marks = {}
    for number, (uid, path) in enumerate(series.items()):
        volume = read_ct(path)
        if classifies:
            report = pipeline.run(volume)
            found[uid] = [(c.center_mm, c.p_nodule) for c in report.candidates]
        else:
            grouped = pipeline.group(volume, pipeline.segment(volume))
            found[uid] = [(c.center_mm, 1.0) for c in grouped]
        if progress:
            progress("mine", number + 1, len(series))
    return found


def hard_negatives(data: DataSet, marks: Marks, *, least_probability: float = 0.1) -> list[Sample]:
    """Return the candidates that belong to no nodule as non-nodules.

    Parameters
    ----------
    data : DataSet
        Data set with the nodules.
    marks : dict
        Candidates by series.
    least_probability : float
        Lowest probability of candidates to use, since less likely ones are easy to classify.

    Raises
    ------
    InvalidArgument
        `data` has no CT of a series.
    """
    nodules: dict[str, list[Sample]] = {}
    patients: dict[str, str] = {}
    for sample in data.samples:
        patients[sample.series_uid] = sample.patient
        if sample.is_nodule:
            nodules.setdefault(sample.series_uid, []).append(sample)
    mined = []
    for uid, candidates in marks.items():
        if uid not in data.series:
            raise InvalidArgument(
                f"there are hard negatives of series {uid}, but the {data.name} data has no CT of "
                "this series"
            )
        mined += [
            Sample(uid, patients.get(uid, uid), position, is_nodule=False)
            for position, probability in candidates
            if probability >= least_probability
            and not any(_belongs(position, nodule) for nodule in nodules.get(uid, []))
        ]
    return mined


def _belongs(position: Triple, nodule: Sample) -> bool:
    # A nodule of unknown diameter is taken to be as large as LUNA16's largest.
    diameter = nodule.diameter_mm or 30.0
    return math.dist(position, nodule.center_mm) < NEAR * diameter
