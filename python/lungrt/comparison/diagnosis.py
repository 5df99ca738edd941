"""A diagnosis as it is compared: read from a report, whoever made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lungrt.comparison.decisions import Thresholds
from lungrt.errors import InvalidArgument
from lungrt.report_file import load_report, require_report

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Diagnosis", "Mark", "read_diagnosis", "to_diagnosis"]

Index = tuple[int, int, int]
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Mark:
    """A candidate or nodule.

    Attributes
    ----------
    index : (slice, row, column)
    center_mm : (x, y, z)
    p_nodule : float
    p_malignant : float or None
        None where it is not known.
    """

    index: Index
    center_mm: Point
    p_nodule: float
    p_malignant: float | None = None


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What was found in a CT, and how.

    Attributes
    ----------
    series_uid : str
        Empty where the CT's file has none.
    shape : (slices, rows, columns)
    placing : tuple
        Origin and spacing in mm and direction: where the voxels lie.
    thresholds : Thresholds
    how : dict of str to str
        Everything that was set or used: profile, engine, precision, ...
    mask_voxels : int
        Of the mask after erosion.
    candidates, nodules : list of Mark
        As the report has them: everything that was proposed, and what is listed at the end.
    mask : ndarray of bool, (slices, rows, columns), or None
        Before erosion; reports do not hold it.
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
    """Read a report that ``lungrt diagnose --output FILE.json --candidates`` wrote.

    Raises
    ------
    lungrt.errors.Io
        The file cannot be read.
    lungrt.errors.InvalidArgument
        It is no report, or one without candidates.
    lungrt.errors.UnsupportedVersion
        It is a report of another version.
    """
    return to_diagnosis(load_report(path), str(path))


def to_diagnosis(
    content: Mapping[str, Any], name: str, mask: NDArray[np.bool_] | None = None
) -> Diagnosis:
    """Make a diagnosis of a report's content.

    Parameters
    ----------
    content
        As `lungrt.Report.to_dict` gives it.
    name
        For messages.

    Raises
    ------
    lungrt.errors.InvalidArgument, lungrt.errors.UnsupportedVersion
        As `read_diagnosis` does.
    """
    require_report(content, name)
    try:
        return _diagnosis(content, mask)
    except KeyError as error:
        raise InvalidArgument(f"{name}: is no report of lungrt: it has no {error}") from error
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"{name}: is no report of lungrt: {error}") from error


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
        candidates=[_mark(entry) for entry in content["candidates"]],
        nodules=[_mark(entry) for entry in content["nodules"]],
        mask=mask,
    )


def _mark(entry: Mapping[str, Any]) -> Mark:
    slice_index, row, column = map(int, entry["index"])
    x, y, z = map(float, entry["center_mm"])
    malignant = entry["p_malignant"]
    return Mark(
        (slice_index, row, column),
        (x, y, z),
        float(entry["p_nodule"]),
        None if malignant is None else float(malignant),
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
