"""Whether other programs took processor time from a measurement.

The kernel's counters are read before and after: what all programs used of the processors on which
this process may run, less what this process and its finished children used, is what others took.
Time that the host of a virtual machine gave to others ("steal"), and time for which a limit of the
control group stopped this process ("throttled"), is taken as well.
"""

from __future__ import annotations

import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "LARGEST_SHARE",
    "SAMPLE_S",
    "Contention",
    "Reading",
    "contention_between",
    "read_counters",
    "sample_contention",
]

LARGEST_SHARE = 0.05
"""Largest share of the processors' time that others may take from a measurement.

A program that keeps one of two processors busy takes 0.50.
"""

SAMPLE_S = 1.0
"""Seconds for which the machine is watched before a benchmark."""

# The counters have steps of 10 ms on each processor, so less than this may be rounding.
_LEAST_S = 0.1
_BUSY = (0, 1, 2, 5, 6)  # user, nice, system, irq, softirq: columns of /proc/stat
_STEAL = 7
_TICKS = os.sysconf("SC_CLK_TCK")
_PROC, _CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Reading:
    """Counters at one moment, in seconds since any fixed moment.

    Attributes
    ----------
    at_s : float
        The time.
    busy_s, stolen_s : float or None
        Processor time of all programs, and time that the host kept for others, on the processors
        of this process; None if the kernel does not tell.
    own_s : float
        Processor time of this process and of its finished children.
    throttled_s : float
        Time for which the control group stopped this process, on all processors together.
    processors : int
        Number of processors on which this process may run.
    """

    at_s: float
    busy_s: float | None
    stolen_s: float | None
    own_s: float
    throttled_s: float
    processors: int


@dataclass(frozen=True)
class Contention:
    """What others took between two readings.

    Attributes
    ----------
    elapsed_s : float
        Seconds between the readings.
    others_s, stolen_s, throttled_s : float or None
        Processor time of other programs, time that the host kept, and time stopped by the control
        group; None if the kernel does not tell.
    share : float or None
        Their sum as a share of the time of all processors; None if unknown.
    """

    elapsed_s: float
    others_s: float | None
    stolen_s: float | None
    throttled_s: float
    share: float | None

    @property
    def contended(self) -> bool:
        """Whether others took more than a quiet machine's programs do."""
        taken = sum(value or 0.0 for value in (self.others_s, self.stolen_s, self.throttled_s))
        return self.share is not None and self.share > LARGEST_SHARE and taken > _LEAST_S

    def describe(self) -> str:
        """Return one sentence part: what was taken, and by whom."""
        if self.share is None:
            return "this system does not tell what other programs take"
        parts = {
            "other programs": self.others_s,
            "the host of this virtual machine": self.stolen_s,
            "the limit of the control group": self.throttled_s,
        }
        who = ", ".join(f"{name} {value:.2f} s" for name, value in parts.items() if value)
        return f"{self.share:.0%} of the processors' time in {self.elapsed_s:.1f} s ({who})"


def contention_between(before: Reading, after: Reading) -> Contention:
    """Return what others took between two readings."""
    elapsed = after.at_s - before.at_s
    throttled = after.throttled_s - before.throttled_s
    known = None not in (before.busy_s, before.stolen_s, after.busy_s, after.stolen_s)
    if not known or elapsed <= 0:
        return Contention(elapsed, None, None, throttled, None)
    assert before.busy_s is not None, "checked above"
    assert after.busy_s is not None, "checked above"
    assert before.stolen_s is not None, "checked above"
    assert after.stolen_s is not None, "checked above"
    own = after.own_s - before.own_s
    # Rounding can make this process's own time exceed that of all.
    others = max(0.0, after.busy_s - before.busy_s - own)
    stolen = max(0.0, after.stolen_s - before.stolen_s)
    share = (others + stolen + throttled) / (elapsed * after.processors)
    return Contention(elapsed, others, stolen, throttled, share)


def sample_contention(seconds: float = SAMPLE_S) -> Contention:
    """Watch the machine for some seconds, in which this process sleeps."""
    before = read_counters()
    time.sleep(seconds)
    return contention_between(before, read_counters())


def read_counters(proc: Path = _PROC, cgroups: Path = _CGROUPS) -> Reading:
    """Read the kernel's counters.

    Parameters
    ----------
    proc, cgroups : pathlib.Path
        Folders of the kernel's files.
    """
    processors = os.sched_getaffinity(0)
    columns = _columns(_text(proc / "stat"), processors)
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    counted = bool(columns) and any(any(row) for row in columns)  # some sandboxes show only zeros
    return Reading(
        at_s=time.monotonic(),
        busy_s=_seconds(columns, _BUSY) if counted else None,
        stolen_s=_seconds(columns, (_STEAL,)) if counted else None,
        own_s=sum(usage.ru_utime + usage.ru_stime for usage in own),
        throttled_s=_throttled(proc, cgroups),
        processors=len(processors),
    )


def _columns(stat: str, processors: Iterable[int]) -> list[list[int]]:
    wanted = {f"cpu{number}" for number in processors}
    rows = (line.split() for line in stat.splitlines())
    return [[int(value) for value in row[1:]] for row in rows if row and row[0] in wanted]


def _seconds(columns: list[list[int]], which: tuple[int, ...]) -> float:
    ticks = sum(row[column] for row in columns for column in which if column < len(row))
    return ticks / _TICKS


def _throttled(proc: Path, cgroups: Path) -> float:
    """Return the seconds of throttling in the counters of this process's control group."""
    for line in _text(proc / "self" / "cgroup").splitlines():
        _, controllers, group = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        for folder in (cgroups, cgroups / "unified", cgroups / "cpu"):
            counters = dict(
                entry.split(None, 1)
                for entry in _text(folder / group.lstrip("/") / "cpu.stat").splitlines()
            )
            if "throttled_usec" in counters:
                return int(counters["throttled_usec"]) / 1e6
            if "throttled_time" in counters:  # version 1, in nanoseconds
                return int(counters["throttled_time"]) / 1e9
    return 0.0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:  # not available on this system
        return ""
