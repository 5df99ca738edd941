"""Which files of a data set say what is in its scans."""

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
PLANTED = "planted.csv"  # how the nodules of phantoms look
# Beside the scans, or where LUNA16's download and its scoring script keep them.
_PLACES = (".", "annotations", "CSVFILES", "evaluationScript/annotations")
# Files of LUNA16 that say nothing of true nodules.
_OTHERS = ("candidates.csv", "candidates_V2.csv", "sampleSubmission.csv")


@dataclass(frozen=True)
class Truth:
    """What is known to be in a data set.

    Attributes
    ----------
    nodules : list of Nodule
    excluded : dict
        Findings that count for nothing, by series.
    series : list of str or None
        Series that the data set consists of; None where no file says so.
    files : list of str
        Names of the files that were read.
    """

    nodules: list[Nodule]
    excluded: dict[str, list[ExcludedMark]] = field(default_factory=dict)
    series: list[str] | None = None
    files: list[str] = field(default_factory=list)

    def by_series(self) -> dict[str, list[Nodule]]:
        """Return the true nodules of each series that has some, in the order of the files."""
        series: dict[str, list[Nodule]] = {}
        for nodule in self.nodules:
            series.setdefault(nodule.series_uid, []).append(nodule)
        return series


def read_truth(data: Path) -> Truth:
    """Read the annotations of a data set.

    Parameters
    ----------
    data
        A CSV file of annotations, which is then the only one; or a folder as LUNA16 has it, with
        ``annotations.csv``, ``annotations_with_malignancy.csv`` or both, and perhaps
        ``annotations_excluded.csv``, ``seriesuids.csv`` and ``planted.csv``; or a folder with one
        CSV file of any other name.

    Raises
    ------
    lungrt.errors.Io
        Nothing is there, or it cannot be read.
    lungrt.errors.InvalidArgument
        No file or several could be meant, or one is malformed.
    """
    if data.is_file():
        return Truth(read_annotations(data), files=[data.name])
    if not data.is_dir():
        raise Io(f"{data}: no such file or folder; expected a data set or its annotations")
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
        raise InvalidArgument(f"{name} is there twice: {found[0]} and {found[1]}; keep one")
    return found[0] if found else None


def _only_csv(data: Path) -> Path:
    known = (EXCLUDED, SERIES, PLANTED, *_OTHERS)
    found = sorted(path for path in data.glob("*.csv") if path.name not in known)
    if len(found) == 1:
        return found[0]
    what = "holds no" if not found else f"holds {len(found)} CSV files, but no"
    raise InvalidArgument(
        f"{data}: {what} {ANNOTATIONS} or {RATINGS}; expected one of them, or a single CSV file "
        "with seriesuid,coordX,coordY,coordZ,diameter_mm"
    )
