"""Search for the annotation files of a data set, and their combined content."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lungrt.data.annotations import (
    ExcludedMark,
    Nodule,
    merge_nodules,
    read_annotations,
    read_excluded,
    same_patients,
)
from lungrt.data.csv_file import read_lines
from lungrt.data.luna16_format import (
    ANNOTATION_COLUMNS,
    ANNOTATIONS,
    CANDIDATES,
    EXCLUDED,
    PLACES,
    PLANTED,
    RATED,
    SAMPLE_SUBMISSION,
    SERIES,
    SERIES_COLUMN,
)
from lungrt.errors import InvalidArgument, Io

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Truth", "find_table", "has_annotations", "read_series_uids", "read_truth"]

# Files of LUNA16 that are not annotations.
_OTHERS = (EXCLUDED, SERIES, PLANTED, SAMPLE_SUBMISSION, *CANDIDATES)


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
        return Truth(same_patients(read_annotations(data)), files=[data.name])
    if not data.is_dir():
        raise Io(
            f"{data}: file or folder not found; expected a data set or a CSV file of annotations"
        )
    plain, rated, planted = (find_table(data, name) for name in (ANNOTATIONS, RATED, PLANTED))
    first = plain or rated or _only_csv(data)
    nodules = read_annotations(first, rated=first == rated)
    read = [first]
    for more in (rated, planted):
        if more and more != first:
            nodules = merge_nodules(nodules, read_annotations(more, rated=more == rated))
            read.append(more)
    excluded, series = (find_table(data, name) for name in (EXCLUDED, SERIES))
    return Truth(
        same_patients(nodules),
        read_excluded(excluded) if excluded else {},
        read_series_uids(series) if series else None,
        [path.name for path in (*read, excluded, series) if path],
    )


def has_annotations(data: Path) -> bool:
    """Return whether a folder has a table of annotations under one of LUNA16's names."""
    return any(find_table(data, name) for name in (ANNOTATIONS, RATED))


def find_table(data: Path, name: str) -> Path | None:
    """Return the path of a table of LUNA16 in a data set, or None if it has none.

    Raises
    ------
    lungrt.errors.InvalidArgument
        It was found in two places.
    """
    found = [path for place in PLACES if (path := data / place / name).is_file()]
    if len(found) > 1:
        raise InvalidArgument(
            f"{name} was found twice: {found[0]} and {found[1]}; keep only one of them"
        )
    return found[0] if found else None


def _only_csv(data: Path) -> Path:
    # A name that begins with a dot is a file that another process is still writing.
    found = sorted(path for path in data.glob("[!.]*.csv") if path.name not in _OTHERS)
    if len(found) == 1:
        return found[0]
    what = f"the folder has {len(found)} CSV files, but no" if found else "the folder has no"
    raise InvalidArgument(
        f"{data}: {what} {ANNOTATIONS} or {RATED}; expected one of these, or a single CSV file "
        f"with the columns {','.join(ANNOTATION_COLUMNS)}"
    )


def read_series_uids(path: Path) -> list[str]:
    """Read ``seriesuids.csv``, which has a series UID on each line; a header is optional.

    Raises
    ------
    lungrt.errors.Io
        The file cannot be read.
    lungrt.errors.InvalidArgument
        The file has no UID, a line has more than a UID, or a UID appears twice.
    """
    lines: dict[str, int] = {}
    for number, (line, (uid, *more)) in enumerate(read_lines(path)):
        if more:
            raise InvalidArgument(f"{path}, line {line}: expected only a series UID")
        if uid.lower() == SERIES_COLUMN and number == 0:
            continue
        if uid in lines:
            raise InvalidArgument(
                f"{path}, line {line}: series {uid} is already in line {lines[uid]}"
            )
        lines[uid] = line
    if not lines:
        raise InvalidArgument(f"{path}: the file has no series UID")
    return list(lines)
