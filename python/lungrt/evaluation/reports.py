"""Reader of the reports that `lungrt.Report.to_json` writes; their content is validated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lungrt.data.placement import Extent
from lungrt.errors import InvalidArgument, Io
from lungrt.report_file import load_report, validate_report

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Marks", "ScanReport", "parse_report", "read_report", "read_reports"]


@dataclass(frozen=True)
class Marks:
    """Marks of a report, in its order.

    Attributes
    ----------
    center_mm : ndarray of float64, shape (marks, 3)
        World coordinates (x, y, z) in mm, LPS.
    p_nodule, p_malignant, diameter_mm : ndarray of float64, shape (marks,)
        Probabilities and diameters in mm; `p_malignant` is NaN if it was not computed.
    """

    center_mm: NDArray[np.float64]
    p_nodule: NDArray[np.float64]
    p_malignant: NDArray[np.float64]
    diameter_mm: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.p_nodule)


@dataclass(frozen=True)
class ScanReport:
    """Part of a report that is needed to score it.

    Attributes
    ----------
    name : str
        Name of the file.
    series_uid : str
    shape : tuple of int
        Slices, rows, columns.
    spacing_mm, origin_mm : tuple of float
        (x, y, z).
    direction : tuple of tuple of float
        Direction matrix.
    nodules, candidates : Marks
        Reported nodules, and all candidates that were classified.
    has_malignancy : bool
        Whether the pipeline has a malignancy model or computed p(malignant).
    setup : dict of str to str
        Bundle, profile and options, which must be the same for all reports of an evaluation.
    nodule_threshold, malignancy_threshold : float
    """

    name: str
    series_uid: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    origin_mm: tuple[float, float, float]
    direction: tuple[tuple[float, float, float], ...]
    nodules: Marks
    candidates: Marks
    has_malignancy: bool
    setup: dict[str, str]
    nodule_threshold: float
    malignancy_threshold: float

    @property
    def extent(self) -> Extent:
        """Position and size of the scan."""
        slices, rows, columns = self.shape
        return Extent(
            self.origin_mm,
            self.spacing_mm,
            np.array(self.direction, float),
            (columns, rows, slices),
        )


def read_reports(folder: Path) -> list[ScanReport]:
    """Read every ``.json`` file of a folder as a report, sorted by series.

    Raises
    ------
    lungrt.errors.Io
        The folder does not exist, or a file cannot be read.
    lungrt.errors.InvalidArgument
        The folder has no report, a report is malformed or has no candidates, or two reports belong
        to the same series.
    lungrt.errors.UnsupportedVersion
        A report has a format version that this build does not know.
    """
    if not folder.is_dir():
        raise Io(f"{folder}: folder not found; expected a folder of reports from lungrt diagnose")
    reports: dict[str, ScanReport] = {}
    # A name that begins with a dot is a file that another process is still writing.
    for path in sorted(folder.glob("[!.]*.json")):
        report = read_report(path)
        if earlier := reports.get(report.series_uid):
            raise InvalidArgument(
                f"{folder}: {earlier.name} and {report.name} are both reports of series "
                f"{report.series_uid}; keep only one of them"
            )
        reports[report.series_uid] = report
    if not reports:
        raise InvalidArgument(
            f"{folder}: the folder has no report; expected .json files from lungrt diagnose "
            "--candidates"
        )
    return [reports[uid] for uid in sorted(reports)]


def read_report(path: Path) -> ScanReport:
    """Read a report; if it has no series UID, the name of the file is its series."""
    return parse_report(load_report(path), path)


def parse_report(content: Any, path: Path) -> ScanReport:
    """Validate a report that was read from `path`."""
    validate_report(content, str(path))
    try:
        return _report(content, path)
    except KeyError as error:
        raise InvalidArgument(f"{path}: damaged report: field {error} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise InvalidArgument(f"{path}: damaged report: {error}") from error


def _report(content: dict[str, Any], path: Path) -> ScanReport:
    series = _of_kind(content["series"], dict, "series")
    options = _of_kind(content["options"], dict, "options")
    provenance = _of_kind(content["provenance"], dict, "provenance")
    slices, rows, columns = (int(n) for n in series["shape"])
    candidates = _marks(content["candidates"], "candidates")
    direction = [_triple(row, "direction") for row in series["direction"]]
    if len(direction) != 3 or abs(np.linalg.det(direction)) < 1e-6:
        raise ValueError("direction is not an invertible 3 x 3 matrix")
    spacing_mm = _triple(series["spacing_mm"], "spacing_mm")
    if min(spacing_mm) <= 0:
        raise ValueError(f"spacing_mm is {spacing_mm}, expected numbers above 0")
    return ScanReport(
        name=path.name,
        series_uid=str(series["uid"]) or path.stem,
        shape=(slices, rows, columns),
        spacing_mm=spacing_mm,
        origin_mm=_triple(series["origin_mm"], "origin_mm"),
        direction=tuple(direction),
        nodules=_marks(content["nodules"], "nodules"),
        candidates=candidates,
        has_malignancy="malignancy" in provenance["checkpoint_sha256"]
        or bool(np.isfinite(candidates.p_malignant).any()),
        setup={
            "bundle": str(provenance["bundle_sha256"]),
            "profile": str(content["profile"]),
            **{name: str(value) for name, value in options.items()},
        },
        nodule_threshold=_probability(options, "nodule_threshold", "options"),
        malignancy_threshold=_probability(options, "malignancy_threshold", "options"),
    )


def _marks(listed: Any, name: str) -> Marks:
    count = len(_of_kind(listed, list, name))
    center_mm, values = np.empty((count, 3)), np.empty((count, 3))
    for place, mark in enumerate(listed):
        where = f"{name}[{place}]"
        _of_kind(mark, dict, where)
        center_mm[place] = _triple(mark["center_mm"], f"{where}.center_mm")
        malignant = mark["p_malignant"]
        values[place] = (
            _probability(mark, "p_nodule", where),
            math.nan if malignant is None else _probability(mark, "p_malignant", where),
            _finite(mark["diameter_mm"], f"{where}.diameter_mm"),
        )
    return Marks(center_mm, values[:, 0], values[:, 1], values[:, 2])


def _of_kind(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, kind):
        expected = "a list" if kind is list else "an object"
        raise TypeError(f"{where} is {value!r}, expected {expected}")
    return value


def _probability(fields: dict[str, Any], name: str, where: str) -> float:
    value = _finite(fields[name], f"{where}.{name}")
    if not 0 <= value <= 1:
        raise ValueError(f"{where}.{name} is {value}, expected a probability from 0 to 1")
    return value


def _triple(value: Any, where: str) -> tuple[float, float, float]:
    if not isinstance(value, list) or len(value) != 3:
        raise ValueError(f"{where} is {value!r}, expected a list of three numbers")
    x, y, z = (_finite(part, where) for part in value)
    return x, y, z


def _finite(value: Any, where: str) -> float:
    # JSON has no NaN, which reports write as null.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{where} is {value!r}, expected a finite number")
    return float(value)
