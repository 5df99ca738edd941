"""Results of measuring processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = [
    "STAGES",
    "Cold",
    "Index",
    "Network",
    "Outputs",
    "Result",
    "Run",
    "Whole",
    "parse_result",
    "to_json",
]

STAGES = ("read", "segment", "group", "classify")

Index = tuple[int, int, int]


@dataclass(frozen=True)
class Outputs:
    """Candidates and probabilities of a diagnosis.

    Attributes
    ----------
    candidates : list of (slice, row, column)
        Voxels of the candidates, in pipeline order.
    judged : list of (slice, row, column)
        Voxels that were classified: the candidates, or fixed ones.
    p_nodule : list of float
        Probabilities of nodule of these voxels.
    p_malignant : list of float or None
        Their probabilities of malignancy; None if it was not computed.
    mask_voxels : int
        Number of voxels of the mask after erosion.
    restricted : bool
        Whether only the lung field was searched, not the whole volume.
    """

    candidates: list[Index]
    judged: list[Index]
    p_nodule: list[float]
    p_malignant: list[float | None]
    mask_voxels: int
    restricted: bool = False


@dataclass(frozen=True)
class Run:
    """Times of one diagnosis, in seconds.

    `total` lasts from before reading to the last probability; stages that overlap add up to more.
    `segment` includes finding the lungs, if only the lung field is searched.
    """

    read: float
    segment: float
    group: float
    classify: float
    total: float


@dataclass(frozen=True)
class Whole:
    """Result of a task of kind ``"whole"``: several diagnoses of the CT in one process.

    Attributes
    ----------
    start : float
        Seconds from the start of the process until the networks were ready.
    runs : list of Run
        Times of the diagnoses.
    peak_bytes : list of int
        Largest resident memory of the process so far, after each run.
    outputs : Outputs
        Results of the first diagnosis.
    shape : (slices, rows, columns)
        Shape of the CT.
    """

    start: float
    runs: list[Run]
    peak_bytes: list[int]
    outputs: Outputs
    shape: Index


@dataclass(frozen=True)
class Cold:
    """Result of a task of kind ``"cold"``: the small CT, diagnosed twice in a new process.

    Attributes
    ----------
    start : float
        Seconds from the start of the process until the networks were ready.
    first : float
        Seconds from the start of the process to the first result.
    again : float
        Seconds of the second diagnosis in the same process.
    """

    start: float
    first: float
    again: float


@dataclass(frozen=True)
class Network:
    """Result of a task of kind ``"network"``: ms per slice and per crop, for each repetition."""

    slice_ms: list[float]
    crop_ms: list[float]


Result = Whole | Cold | Network


def to_json(result: Result) -> dict[str, Any]:
    """Return a result in the form that `parse_result` reads."""
    return asdict(result)


def parse_result(kind: str, content: Mapping[str, Any]) -> Result:
    """Return the result of a task of the given kind."""
    if kind == "cold":
        return Cold(**content)
    if kind == "network":
        return Network(**content)
    outputs = dict(content["outputs"])
    for name in ("candidates", "judged"):
        outputs[name] = [tuple(index) for index in outputs[name]]
    return Whole(
        content["start"],
        [Run(**run) for run in content["runs"]],
        content["peak_bytes"],
        Outputs(**outputs),
        tuple(content["shape"]),
    )
