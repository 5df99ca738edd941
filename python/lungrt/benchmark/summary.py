"""From measurements to the numbers that are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lungrt.benchmark.campaign import COMMAND
from lungrt.benchmark.contender import EAGER
from lungrt.benchmark.results import STAGES, Cold, Network, Whole
from lungrt.benchmark.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lungrt.benchmark.campaign import Record

__all__ = ["Summary", "summarize"]


@dataclass(frozen=True)
class Summary:
    """A contender's numbers; None for what was not measured.

    Attributes
    ----------
    record : Record
    start : Spread or None
        Seconds from the start of a process to open networks, on the large CT.
    stages : dict of str to Spread
        Seconds of read, segment, group and classify, of the first CT of a process.
    total, warm : Spread or None
        Seconds from file to probabilities: the first CT of a process, and later ones.
    ratio : float or None
        How many times faster than eager PyTorch as the book runs it, of the same group: of the
        medians of `total`.
    peak_bytes : int or None
        Largest of all rounds, with one CT a process.
    peak_bytes_warm : int or None
        The same when a process has done all its CTs.
    cold_first, cold, warm_small : Spread or None
        Seconds from the start of a process to the result of the small CT: of the first process of
        the benchmark, of later ones; and of the second run in these processes.
    command : Spread or None
        Seconds of ``lungrt diagnose`` on the small CT, the whole process.
    slice_ms, crop_ms : Spread or None
        The networks alone.
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
        """The contender's."""
        return self.record.contender.title


def summarize(records: Sequence[Record]) -> list[Summary]:
    """Return a summary of each record, in their order."""
    totals = {
        record.contender.group: _total(record)
        for record in records
        if record.contender.name == EAGER
    }
    return [_summary(record, totals.get(record.contender.group)) for record in records]


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
