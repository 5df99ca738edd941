"""Reader of LUNA16 as it is published: ten folders of CTs, and tables beside them."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from lungrt.errors import InvalidArgument, Io
from lungrt.training.data.cache import CropCache
from lungrt.training.data.placement import check_diameters, check_placement, read_extent
from lungrt.training.data.samples import DataSet, Sample, Triple
from lungrt.training.data.tables import Row, read_lines, read_table
from lungrt.training.data.volumes import CtCrops

_POSITION = ("coordX", "coordY", "coordZ")
ANNOTATIONS = "annotations.csv"
MALIGNANCY = "annotations_with_malignancy.csv"
CANDIDATES = ("candidates_V2.csv", "candidates.csv")
SERIES = "seriesuids.csv"
MASKS = "seg-nodules"


def is_luna16(folder: Path) -> bool:
    """Return whether a folder has the layout of LUNA16."""
    return (folder / ANNOTATIONS).is_file() or any(folder.glob("subset*/*.mhd"))


def read_luna16(
    folder: Path,
    *,
    cache: CropCache | None = None,
    allow_missing: bool = False,
    tables: Path | None = None,
) -> DataSet:
    """Read the tables of LUNA16 and find the CT of each series.

    Nodules are those of ``annotations_with_malignancy.csv`` (if it exists, with the readers'
    ratings) and of ``annotations.csv``. Non-nodules are the candidates of class 0 in
    ``candidates_V2.csv`` or ``candidates.csv``. The nodules' masks are those of
    ``seg-nodules/<seriesuid>.mhd``, which phantoms have; otherwise they are grown from the centres.

    Parameters
    ----------
    folder : path
        Folder with ``subset0`` ... ``subset9``, which have ``<seriesuid>.mhd`` and ``.raw``.
    cache : CropCache, optional
        Cache for crops.
    allow_missing : bool
        Leave out series whose CT does not exist, such as after downloading only some subsets. By
        default this is an error.
    tables : path, optional
        Folder of the tables, if they are not beside the subsets.

    Raises
    ------
    InvalidArgument
        A table is malformed, has a line twice, or has positions outside of their CT; a series has
        no CT, or a CT is not in the list of series.
    Io
        A file cannot be read.
    """
    tables = tables or folder
    paths = find_series(folder)
    listed = read_lines(tables / SERIES) if (tables / SERIES).is_file() else None
    if listed is not None and (unlisted := sorted(set(paths) - set(listed))):
        raise InvalidArgument(
            f"{paths[unlisted[0]]}: the series of this CT is not in {tables / SERIES} "
            f"({len(unlisted)} such CTs); remove the files, or add their series to the list"
        )
    nodules = read_nodules(tables)
    negatives, table = _read_non_nodules(tables)
    wanted = set(listed or ()) | {s.series_uid for s in (*nodules, *negatives)}
    missing = sorted(wanted - set(paths))
    if missing and not allow_missing:
        raise InvalidArgument(
            f"{folder}: {len(missing)} of {len(wanted)} series have no file subsetN/<series>.mhd, "
            f"such as {missing[0]}; download them, or leave them out with --allow-missing"
        )
    nodules, negatives = _of_series(nodules, paths), _of_series(negatives, paths)
    placed = {s.series_uid for s in (*nodules, *negatives)}
    extents = {uid: read_extent(paths[uid]) for uid in sorted(placed)}
    check_placement(nodules, extents, str(tables / ANNOTATIONS))
    check_placement(negatives, extents, str(table))
    notes = (
        (f"{len(missing)} of {len(wanted)} series were left out because their CTs are missing",)
        if missing
        else ()
    )
    crops = CtCrops(paths, cache)
    masks = {path.stem: path for path in (folder / MASKS).glob("*.mhd") if path.stem in paths}
    return DataSet("LUNA16", (*nodules, *negatives), crops, paths, notes, masks)


def find_series(folder: Path) -> dict[str, Path]:
    """Return the file of every series in the subsets, sorted by UID.

    Raises
    ------
    InvalidArgument
        There are no files, or a series was found twice.
    Io
        The voxel file of a header is missing.
    """
    paths: dict[str, Path] = {}
    for path in sorted(folder.glob("subset*/*.mhd")):
        if path.stem in paths:
            raise InvalidArgument(
                f"{path}: this is the same series as {paths[path.stem]}; remove one of them"
            )
        if not any(path.with_suffix(s).is_file() for s in (".raw", ".zraw")):
            raise Io(f"{path}: data file {path.stem}.raw not found beside this header")
        paths[path.stem] = path
    if not paths:
        raise InvalidArgument(
            f"{folder}: no file subsetN/<series>.mhd found; expected LUNA16 as it is published"
        )
    return dict(sorted(paths.items()))


def read_nodules(tables: Path) -> list[Sample]:
    """Read the nodules of both tables of annotations, without reading the CTs.

    Raises
    ------
    InvalidArgument, Io
        See `read_luna16`.
    """
    rated_table = tables / MALIGNANCY
    rated = _read_rated(rated_table) if rated_table.is_file() else []
    plain_table = tables / ANNOTATIONS
    plain = _read_plain(plain_table) if plain_table.is_file() else []
    if not rated and not plain:
        raise Io(f"{tables}: found no {ANNOTATIONS} or {MALIGNANCY} with at least one nodule")
    check_diameters(rated, str(rated_table))
    check_diameters(plain, str(plain_table))
    # Both tables have the same nodules, but their coordinates differ in the last digits.
    by_series: dict[str, list[Sample]] = {}
    for sample in rated:
        by_series.setdefault(sample.series_uid, []).append(sample)
    unrated = [s for s in plain if not _is_among(s, by_series.get(s.series_uid, []))]
    return [*rated, *unrated]


def _read_rated(path: Path) -> list[Sample]:
    columns = ("seriesuid", *_POSITION, "diameter_mm", "mal_bool", "mal_details")
    rows = read_table(path, columns, once=("seriesuid", *_POSITION))
    return [
        Sample(
            series_uid=row.text("seriesuid"),
            patient=row.text("seriesuid"),
            center_mm=_position(row),
            is_nodule=True,
            diameter_mm=row.number("diameter_mm"),
            malignant=row.flag("mal_bool"),
            ratings=_ratings(row),
        )
        for row in rows
    ]


def _read_plain(path: Path) -> list[Sample]:
    columns = ("seriesuid", *_POSITION, "diameter_mm")
    rows = read_table(path, columns, once=("seriesuid", *_POSITION))
    return [
        Sample(
            series_uid=row.text("seriesuid"),
            patient=row.text("seriesuid"),
            center_mm=_position(row),
            is_nodule=True,
            diameter_mm=row.number("diameter_mm"),
        )
        for row in rows
    ]


def _read_non_nodules(tables: Path) -> tuple[list[Sample], Path]:
    path = next((tables / name for name in CANDIDATES if (tables / name).is_file()), None)
    if path is None:
        return [], tables / CANDIDATES[0]
    rows = read_table(path, ("seriesuid", *_POSITION, "class"), once=("seriesuid", *_POSITION))
    samples = [
        Sample(row.text("seriesuid"), row.text("seriesuid"), _position(row), is_nodule=False)
        for row in rows
        if not row.flag("class")
    ]
    return samples, path


def _position(row: Row) -> Triple:
    return (row.number("coordX"), row.number("coordY"), row.number("coordZ"))


def _ratings(row: Row) -> tuple[int, ...]:
    text = row.values["mal_details"]
    try:
        ratings = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        ratings = None
    if not isinstance(ratings, list) or not all(r in (1, 2, 3, 4, 5) for r in ratings):
        raise InvalidArgument(
            f"{row.where}: mal_details is {text!r}; expected the readers' ratings, such as "
            "[4, 2, 4, 2], each from 1 to 5"
        )
    return tuple(ratings)


def _is_among(sample: Sample, others: Sequence[Sample]) -> bool:
    return any(
        math.dist(sample.center_mm, other.center_mm) < (sample.diameter_mm or 0) / 2
        for other in others
    )


def _of_series(samples: Iterable[Sample], series: Iterable[str]) -> list[Sample]:
    here = set(series)
    return [sample for sample in samples if sample.series_uid in here]
