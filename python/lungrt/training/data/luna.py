"""LUNA16 as it is published: ten folders of CTs, and tables beside them."""

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
    """Tell whether a folder is laid out like LUNA16."""
    return (folder / ANNOTATIONS).is_file() or any(folder.glob("subset*/*.mhd"))


def read_luna16(
    folder: Path,
    *,
    cache: CropCache | None = None,
    allow_missing: bool = False,
    tables: Path | None = None,
) -> DataSet:
    """Read the lists of LUNA16 and find the CT of each series.

    Nodules are those of ``annotations_with_malignancy.csv`` where it is there, with the readers'
    ratings, and of ``annotations.csv``; non-nodules are the candidates of class 0 of
    ``candidates_V2.csv`` or ``candidates.csv``. Masks are grown from the nodules' centres, unless
    ``seg-nodules/<seriesuid>.mhd`` beside the subsets has them drawn, as those of phantoms are.

    Parameters
    ----------
    folder : path
        Holds ``subset0`` ... ``subset9`` with ``<seriesuid>.mhd`` and ``.raw``.
    cache : CropCache, optional
        Keeps crops.
    allow_missing : bool
        Leave out series whose CT is not there, as after a download of some subsets, instead of
        refusing them.
    tables : path, optional
        Folder of the tables where they do not lie beside the subsets.

    Raises
    ------
    InvalidArgument
        A table is malformed, repeats itself, or places something outside its CT; a series has no
        CT, or a CT stands in no list.
    Io
        A file cannot be read.
    """
    tables = tables or folder
    paths = find_series(folder)
    listed = read_lines(tables / SERIES) if (tables / SERIES).is_file() else None
    if listed is not None and (unlisted := sorted(set(paths) - set(listed))):
        raise InvalidArgument(
            f"{paths[unlisted[0]]}: a CT whose series is not in {tables / SERIES} ({len(unlisted)} "
            "such); remove the file, or add its series to the list"
        )
    nodules = read_nodules(tables)
    negatives, table = _read_non_nodules(tables)
    wanted = set(listed or ()) | {s.series_uid for s in (*nodules, *negatives)}
    missing = sorted(wanted - set(paths))
    if missing and not allow_missing:
        raise InvalidArgument(
            f"{folder}: {len(missing)} of {len(wanted)} series have no file subsetN/<series>.mhd, "
            f"such as {missing[0]}; download them, or allow missing ones to train on those that "
            "are here"
        )
    nodules, negatives = _of_series(nodules, paths), _of_series(negatives, paths)
    placed = {s.series_uid for s in (*nodules, *negatives)}
    extents = {uid: read_extent(paths[uid]) for uid in sorted(placed)}
    check_placement(nodules, extents, str(tables / ANNOTATIONS))
    check_placement(negatives, extents, str(table))
    notes = (f"{len(missing)} of {len(wanted)} series are not here, left out",) if missing else ()
    crops = CtCrops(paths, cache)
    masks = {path.stem: path for path in (folder / MASKS).glob("*.mhd") if path.stem in paths}
    return DataSet("LUNA16", (*nodules, *negatives), crops, paths, notes, masks)


def find_series(folder: Path) -> dict[str, Path]:
    """Return the file of every series in the subsets, in the order of their UIDs.

    Raises
    ------
    InvalidArgument
        There is none, or a series is there twice.
    Io
        A header has no voxels beside it.
    """
    paths: dict[str, Path] = {}
    for path in sorted(folder.glob("subset*/*.mhd")):
        if path.stem in paths:
            raise InvalidArgument(f"{path}: the same series as {paths[path.stem]}; remove one")
        if not any(path.with_suffix(s).is_file() for s in (".raw", ".zraw")):
            raise Io(f"{path}: the file of its voxels, {path.stem}.raw, is not beside it")
        paths[path.stem] = path
    if not paths:
        raise InvalidArgument(
            f"{folder}: no file subsetN/<series>.mhd; expected LUNA16 as it is published"
        )
    return dict(sorted(paths.items()))


def read_nodules(tables: Path) -> list[Sample]:
    """Read the nodules of both tables that name some; no CT is looked at.

    Raises
    ------
    InvalidArgument, Io
        See `read_luna16`.
    """
    judged_table = tables / MALIGNANCY
    judged = _read_judged(judged_table) if judged_table.is_file() else []
    plain_table = tables / ANNOTATIONS
    plain = _read_plain(plain_table) if plain_table.is_file() else []
    if not judged and not plain:
        raise Io(f"{tables}: neither {ANNOTATIONS} nor {MALIGNANCY} with a nodule is there")
    check_diameters(judged, str(judged_table))
    check_diameters(plain, str(plain_table))
    # Both tables name the same nodules, with coordinates that differ in the last digits.
    by_series: dict[str, list[Sample]] = {}
    for sample in judged:
        by_series.setdefault(sample.series_uid, []).append(sample)
    unjudged = [s for s in plain if not _is_among(s, by_series.get(s.series_uid, []))]
    return [*judged, *unjudged]


def _read_judged(path: Path) -> list[Sample]:
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
