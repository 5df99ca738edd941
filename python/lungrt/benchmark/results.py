"""What a process measured, as it comes back."""

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
    """What a diagnosis decided.

    Attributes
    ----------
    candidates : list of (slice, row, column)
        In pipeline order.
    judged : list of (slice, row, column)
        What was classified: the candidates, or fixed places.
    p_nodule : list of float
    p_malignant : list of float or None
        None where it was not asked.
    mask_voxels : int
        Of the mask after erosion.
    restricted : bool
        Whether only a region of the volume was looked at: the lung field.
    """

    candidates: list[Index]
    judged: list[Index]
    p_nodule: list[float]
    p_malignant: list[float | None]
    mask_voxels: int
    restricted: bool = False


@dataclass(frozen=True)
class Run:
    """Seconds of one CT.

    `total` is from before reading to the last probability; stages that overlap add up to more.
    `segment` includes finding the lungs, where only these are looked at.
    """

    read: float
    segment: float
    group: float
    classify: float
    total: float


@dataclass(frozen=True)
class Whole:
    """CTs in one process, one after another.

    Attributes
    ----------
    start : float
        Seconds from the start of the process until networks were ready.
    runs : list of Run
    peak_bytes : list of int
        Largest resident memory of the process so far, after each run.
    outputs : Outputs
        Of the first run.
    shape : (slices, rows, columns)
        Of the CT.
    """

    start: float
    runs: list[Run]
    peak_bytes: list[int]
    outputs: Outputs
    shape: Index


@dataclass(frozen=True)
class Cold:
    """A small CT in a fresh process.

    Attributes
    ----------
    start : float
        Seconds from the start of the process until networks were ready.
    first : float
        Seconds from the start of the process to the first result.
    again : float
        Seconds of the second run in the same process.
    """

    start: float
    first: float
    again: float


@dataclass(frozen=True)
class Network:
    """The networks alone, warm: milliseconds a slice and a crop, one number a repetition."""

    slice_ms: list[float]
    crop_ms: list[float]


Result = Whole | Cold | Network


def to_json(result: Result) -> dict[str, Any]:
    """Return what `parse_result` reads."""
    return asdict(result)


def parse_result(kind: str, content: Mapping[str, Any]) -> Result:
    """Read the result of a task of a kind."""
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
