"""Search for the annotation files of a data set, and their combined content."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lungrt.errors import InvalidArgument, Io
from lungrt.evaluation.annotations import (
    ExcludedMark,
    Nodule,
    merge_ratings,
    read_annotations,
    read_excluded,
    read_series_uids,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Truth", "read_truth"]

ANNOTATIONS = "annotations.csv"
RATINGS = "annotations_with_malignancy.csv"
EXCLUDED = "annotations_excluded.csv"
SERIES = "seriesuids.csv"
PLANTED = "planted.csv"  # appearance of the nodules of phantoms
# Beside the scans, or where LUNA16's download and its scoring script have them.
_PLACES = (".", "annotations", "CSVFILES", "evaluationScript/annotations")
# Files of LUNA16 that are not annotations.
_OTHERS = ("candidates.csv", "candidates_V2.csv", "sampleSubmission.csv")


@dataclass(frozen=True)
class Truth:
    """Annotations of a data set.

    Attributes
    ----------
    nodules : list of Nodule
    excluded : dict
        Excluded findings by series.
    series : list of str or None
        Series of the data set; None if no file lists them.
    files : list of str
        Names of the files that were read.
    """

    nodules: list[Nodule]
    excluded: dict[str, list[ExcludedMark]] = field(default_factory=dict)
    series: list[str] | None = None
    files: list[str] = field(default_factory=list)

    def by_series(self) -> dict[str, list[Nodule]]:
        """Return the nodules of each series that has any, in the order of the files."""
        series: dict[str, list[Nodule]] = {}
        for nodule in self.nodules:
            series.setdefault(nodule.series_uid, []).append(nodule)
        return series


def read_truth(data: Path) -> Truth:
    """Read the annotations of a data set.

    Parameters
    ----------
    data
        A CSV file of annotations; or a folder like LUNA16's with ``annotations.csv``,
        ``annotations_with_malignancy.csv`` or both, and optionally ``annotations_excluded.csv``,
        ``seriesuids.csv`` and ``planted.csv``; or a folder with one CSV file of any other name.

    Returns
    -------
    Truth

    Raises
    ------
    lungrt.errors.Io
        The file or folder does not exist or cannot be read.
    lungrt.errors.InvalidArgument
        The folder has no annotation file or more than one, or a file is malformed.
    """
    if data.is_file():
        return Truth(read_annotations(data), files=[data.name])
    if not data.is_dir():
        raise Io(
            f"{data}: file or folder not found; expected a data set or a CSV file of annotations"
        )
    files = {name: _find(data, name) for name in (ANNOTATIONS, RATINGS, PLANTED, EXCLUDED, SERIES)}
    first = files[ANNOTATIONS] or files[RATINGS] or _only_csv(data)
    nodules = read_annotations(first)
    read = [first]
    for more in (files[RATINGS], files[PLANTED]):
        if more and more != first:
            nodules = merge_ratings(nodules, read_annotations(more))
            read.append(more)
    excluded = files[EXCLUDED]
    series = files[SERIES]
    return Truth(
        nodules,
        read_excluded(excluded) if excluded else {},
        read_series_uids(series) if series else None,
        [path.name for path in (*read, excluded, series) if path],
    )


def _find(data: Path, name: str) -> Path | None:
    found = [path for place in _PLACES if (path := data / place / name).is_file()]
    if len(found) > 1:
        raise InvalidArgument(
            f"{name} was found twice: {found[0]} and {found[1]}; keep only one of them"
        )
    return found[0] if found else None


def _only_csv(data: Path) -> Path:
    known = (EXCLUDED, SERIES, PLANTED, *_OTHERS)
    found = sorted(path for path in data.glob("*.csv") if path.name not in known)
    if len(found) == 1:
        return found[0]
    what = f"the folder has {len(found)} CSV files, but no" if found else "the folder has no"
    raise InvalidArgument(
        f"{data}: {what} {ANNOTATIONS} or {RATINGS}; expected one of these, or a single CSV file "
        "with the columns seriesuid,coordX,coordY,coordZ,diameter_mm"
    )
