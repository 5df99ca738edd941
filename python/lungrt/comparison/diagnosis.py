"""Diagnosis in the form in which it is compared, read from a report, and its decisions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lungrt.errors import InvalidArgument
from lungrt.report_file import load_report, validate_report

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Diagnosis", "Mark", "Thresholds", "decide", "read_diagnosis", "to_diagnosis"]

Index = tuple[int, int, int]
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Mark:
    """Candidate or nodule.

    Attributes
    ----------
    index : (slice, row, column)
        Voxel of the centre.
    center_mm : (x, y, z)
        Centre in world coordinates, mm, LPS.
    p_nodule : float
        Probability that it is a nodule.
    p_malignant : float or None
        Probability that it is malignant; None if not known.
    """

    index: Index
    center_mm: Point
    p_nodule: float
    p_malignant: float | None = None

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> Mark:
        """Read a candidate or nodule of a report."""
        slice_index, row, column = map(int, entry["index"])
        x, y, z = map(float, entry["center_mm"])
        malignant = entry["p_malignant"]
        return cls(
            (slice_index, row, column),
            (x, y, z),
            float(entry["p_nodule"]),
            None if malignant is None else float(malignant),
        )


@dataclass(frozen=True)
class Thresholds:
    """Thresholds above which a voxel is in the mask, a candidate a nodule, a nodule malignant."""

    segmentation: float = 0.5
    nodule: float = 0.5
    malignancy: float = 0.5


def decide(p_nodule: float, p_malignant: float | None, thresholds: Thresholds) -> object:
    """Return the decision about a candidate.

    Returns
    -------
    str
        ``"no nodule"``; for a nodule ``"benign"`` or ``"malignant"``, or ``"nodule"`` if its
        probability of malignancy is not known. If `p_nodule` is NaN, an object that is not equal
        to any other decision.
    """
    if math.isnan(p_nodule):
        return object()
    if p_nodule <= thresholds.nodule:
        return "no nodule"
    if p_malignant is None:
        return "nodule"
    return "malignant" if p_malignant > thresholds.malignancy else "benign"


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Findings in a CT, and how they were obtained.

    Attributes
    ----------
    series_uid : str
        UID of the series; empty if the CT's file has none.
    shape : (slices, rows, columns)
        Shape of the volume.
    placing : tuple of float
        Geometry of the volume: origin and spacing in mm and the rows of the direction matrix.
    thresholds : Thresholds
        Thresholds of the bundle.
    how : dict of str to str
        Options and software that the diagnosis was made with: profile, engine, precision, ...
    mask_voxels : int
        Number of voxels of the mask after erosion.
    candidates, nodules : list of Mark
        The report's candidates and its nodules.
    mask : ndarray of bool, (slices, rows, columns), or None
        Mask before erosion; None if it was read from a report, because reports do not contain it.
    """

    series_uid: str
    shape: Index
    placing: tuple[float, ...]
    thresholds: Thresholds
    how: dict[str, str]
    mask_voxels: int
    candidates: list[Mark]
    nodules: list[Mark]
    mask: NDArray[np.bool_] | None = None


def read_diagnosis(path: Path) -> Diagnosis:
    """Read a report written by ``lungrt diagnose --output FILE.json --candidates``.

    Raises
    ------
    lungrt.errors.Io
        If the file cannot be read.
    lungrt.errors.InvalidArgument
        If it is not a report, or a report without candidates.
    lungrt.errors.UnsupportedVersion
        If the report has another format version.
    """
    return to_diagnosis(load_report(path), str(path))


def to_diagnosis(
    content: Mapping[str, Any], name: str, mask: NDArray[np.bool_] | None = None
) -> Diagnosis:
    """Convert the content of a report to a diagnosis.

    Parameters
    ----------
    content
        Content as returned by `lungrt.Report.to_dict`.
    name
        Name of the report in messages.
    mask
        Mask before erosion, bool (slices, rows, columns), if it is known.

    Raises
    ------
    lungrt.errors.InvalidArgument, lungrt.errors.UnsupportedVersion
        See `read_diagnosis`.
    """
    validate_report(content, name)
    try:
        return _diagnosis(content, mask)
    except KeyError as error:
        raise InvalidArgument(f"{name}: not a report of lungrt: it has no {error}") from error
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"{name}: not a report of lungrt: {error}") from error


def _diagnosis(content: Mapping[str, Any], mask: NDArray[np.bool_] | None) -> Diagnosis:
    series, options = content["series"], content["options"]
    rows = (series["origin_mm"], series["spacing_mm"], *series["direction"])
    slices, height, width = map(int, series["shape"])
    return Diagnosis(
        series_uid=str(series["uid"]),
        shape=(slices, height, width),
        placing=tuple(float(value) for row in rows for value in row),
        thresholds=Thresholds(
            segmentation=float(options["segmentation_threshold"]),
            nodule=float(options["nodule_threshold"]),
            malignancy=float(options["malignancy_threshold"]),
        ),
        how=_how(content),
        mask_voxels=int(content["counts"]["mask_voxels"]),
        candidates=[Mark.parse(entry) for entry in content["candidates"]],
        nodules=[Mark.parse(entry) for entry in content["nodules"]],
        mask=mask,
    )


def _how(content: Mapping[str, Any]) -> dict[str, str]:
    provenance = content["provenance"]
    bundle = str(provenance["bundle_sha256"])
    known = {
        "profile": content["profile"],
        "engine": content["engine"],
        "device": content["device"],
        **content["options"],
        "engine version": provenance["engine_version"],
        "device name": provenance["device_name"],
        "threads": provenance["threads"],
        "lungrt": provenance["lungrt_version"],
        "bundle": bundle[:12],
    }
    return {name: str(value) for name, value in known.items()}
