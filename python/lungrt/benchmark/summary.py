"""Summary of the measurements of each configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lungrt.benchmark.configuration import EAGER
from lungrt.benchmark.results import STAGES, Cold, Network, Whole
from lungrt.benchmark.run import COMMAND
from lungrt.benchmark.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lungrt.benchmark.run import Record

__all__ = ["Summary", "summarize"]


@dataclass(frozen=True)
class Summary:
    """Times and memory of a configuration; None for what was not measured.

    Attributes
    ----------
    record : Record
        The configuration and its measurements.
    start : Spread or None
        Seconds from the start of a process until the networks are ready.
    stages : dict of str to Spread
        Seconds of read, segment, group and classify, for the first diagnosis in a process.
    total, warm : Spread or None
        Seconds from file to probabilities, for the first diagnosis in a process and for later ones.
    ratio : float or None
        Speed-up: median `total` of eager PyTorch as the book runs it, in the same group, divided by
        the median `total` of this configuration.
    peak_bytes : int or None
        Peak memory of a process after its first diagnosis; the largest of all rounds.
    peak_bytes_warm : int or None
        Peak memory of a process after all its diagnoses; the largest of all rounds.
    cold_first, cold, warm_small : Spread or None
        Seconds from the start of a process to the result of the small CT, for the first process of
        the benchmark and for later ones; and seconds of the second diagnosis in these processes.
    command : Spread or None
        Seconds of the whole command ``lungrt diagnose`` on the small CT.
    slice_ms, crop_ms : Spread or None
        Milliseconds of the segmentation network per slice, and of the nodule classifier per crop.
    """

    record: Record
    start: Spread | None
    stages: dict[str, Spread]
    total: Spread | None
    warm: Spread | None
    ratio: float | None
    peak_bytes: int | None
    peak_bytes_warm: int | None
    cold_first: Spread | None
    cold: Spread | None
    warm_small: Spread | None
    command: Spread | None
    slice_ms: Spread | None
    crop_ms: Spread | None

    @property
    def title(self) -> str:
        """Title of the configuration."""
        return self.record.configuration.title


def summarize(records: Sequence[Record]) -> list[Summary]:
    """Return a summary of each record, in their order."""
    totals = {
        record.configuration.group: _total(record)
        for record in records
        if record.configuration.name == EAGER
    }
    return [_summary(record, totals.get(record.configuration.group)) for record in records]


def _total(record: Record) -> Spread | None:
    return Spread.of(whole.runs[0].total for whole in _wholes(record))


def _wholes(record: Record) -> list[Whole]:
    return [m.result for m in record.measurements if isinstance(m.result, Whole)]


def _summary(record: Record, baseline: Spread | None) -> Summary:
    wholes = _wholes(record)
    cold = [(m.round, m.result) for m in record.measurements if isinstance(m.result, Cold)]
    networks = [m.result for m in record.measurements if isinstance(m.result, Network)]
    total = _total(record)
    stages = {
        stage: spread
        for stage in STAGES
        if (spread := Spread.of(getattr(whole.runs[0], stage) for whole in wholes))
    }
    return Summary(
        record=record,
        start=Spread.of(whole.start for whole in wholes),
        stages=stages,
        total=total,
        warm=Spread.of(run.total for whole in wholes for run in whole.runs[1:]),
        ratio=baseline.median / total.median if baseline and total else None,
        peak_bytes=max((whole.peak_bytes[0] for whole in wholes), default=None),
        peak_bytes_warm=max((whole.peak_bytes[-1] for whole in wholes), default=None),
        cold_first=Spread.of(result.first for number, result in cold if number == 0),
        cold=Spread.of(result.first for number, result in cold if number > 0),
        warm_small=Spread.of(result.again for _, result in cold),
        command=Spread.of(
            m.result
            for m in record.measurements
            if m.kind == COMMAND and isinstance(m.result, float)
        ),
        slice_ms=Spread.of(value for result in networks for value in result.slice_ms),
        crop_ms=Spread.of(value for result in networks for value in result.crop_ms),
    )
