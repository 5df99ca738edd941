"""Non-nodules that a segmentation itself takes for candidates: the hard ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path

from lungrt import Pipeline, read_ct
from lungrt.errors import InvalidArgument
from lungrt.training.data.samples import DataSet, Sample, Triple
from lungrt.training.data.tables import read_table

# A candidate belongs to a nodule within this share of its diameter, as the pipeline is scored.
NEAR = 0.7

_COLUMNS = ("seriesuid", "coordX", "coordY", "coordZ", "probability")

Marks = dict[str, list[tuple[Triple, float]]]
Progress = Callable[[str, int, int], None]


def mine_candidates(
    bundle: Path, series: dict[str, Path], *, progress: Progress | None = None
) -> Marks:
    """Run a bundle over CTs and return all of its candidates.

    Returns
    -------
    dict of str to list of (tuple of float, float)
        By series, world position in mm and probability of nodule: 1 for each candidate where the
        bundle has no nodule classifier.

    Raises
    ------
    lungrt.errors.Error
        Whatever reading the bundle or a CT raises.
    """
    from lungrt.export.manifest import read_manifest

    pipeline = Pipeline(bundle)
    judges = "nodule" in read_manifest(bundle).stages
    found: Marks = {}
    for number, (uid, path) in enumerate(series.items()):
        volume = read_ct(path)
        if judges:
            report = pipeline.run(volume)
            found[uid] = [(c.center_mm, c.p_nodule) for c in report.candidates]
        else:
            grouped = pipeline.group(volume, pipeline.segment(volume))
            found[uid] = [(c.center_mm, 1.0) for c in grouped]
        if progress:
            progress("mine", number + 1, len(series))
    return found


def read_marks(paths: Iterable[Path]) -> Marks:
    """Read candidates in LUNA16's submission format, as ``lungrt diagnose --candidates`` writes.

    Raises
    ------
    Io, InvalidArgument
        A file cannot be read or is malformed.
    """
    found: Marks = {}
    for path in paths:
        for row in read_table(path, _COLUMNS):
            position = (row.number("coordX"), row.number("coordY"), row.number("coordZ"))
            marks = found.setdefault(row.text("seriesuid"), [])
            marks.append((position, row.number("probability")))
    return found


def hard_negatives(data: DataSet, marks: Marks, *, least_probability: float = 0.1) -> list[Sample]:
    """Turn candidates that belong to no nodule into non-nodules.

    Parameters
    ----------
    data : DataSet
        Its nodules are kept clear of.
    marks : dict
        Candidates by series; those of series that `data` has no CT of are refused.
    least_probability : float
        Candidates that the classifier itself finds less likely teach it little.

    Raises
    ------
    InvalidArgument
        A series has no CT in `data`.
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
                f"hard negatives of series {uid}, of which the {data.name} data has no CT"
            )
        mined += [
            Sample(uid, patients.get(uid, uid), position, is_nodule=False)
            for position, probability in candidates
            if probability >= least_probability
            and not any(_belongs(position, nodule) for nodule in nodules.get(uid, []))
        ]
    return mined


def _belongs(position: Triple, nodule: Sample) -> bool:
    # A nodule that nobody measured is kept clear of as one of LUNA16's largest.
    diameter = nodule.diameter_mm or 30.0
    return math.dist(position, nodule.center_mm) < NEAR * diameter
