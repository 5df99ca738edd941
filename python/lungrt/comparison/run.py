"""A whole comparison: CT by CT, going on if one of several cannot be compared."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from lungrt.comparison.diagnosis import read_diagnosis, to_diagnosis
from lungrt.comparison.differences import CtDifference, compare
from lungrt.comparison.document import Comparison, NotCompared
from lungrt.comparison.inputs import find_reports
from lungrt.errors import Error, InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import lungrt
    from lungrt.comparison.diagnosis import Diagnosis
    from lungrt.comparison.inputs import Settings

    Progress = Callable[[str, int, int], object]

__all__ = ["compare_reports", "compare_settings"]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Ct = TypeVar("Ct", bound=_Named)


def compare_reports(a: Path, b: Path, within_mm: float) -> Comparison:
    """Compare two reports, or the reports of the same names in two folders.

    Parameters
    ----------
    a, b
        Two report files or two folders.
    within_mm
        See `lungrt.comparison.matching.match`.

    Raises
    ------
    lungrt.errors.Error
        If the only pair of reports, or every pair of several, cannot be compared.
    """
    pairs, alone = find_reports(a, b)
    results = _Results(within_mm, len(pairs) + len(alone) > 1)
    for ours, theirs in pairs:
        results.add(ours.name, functools.partial(_read_both, ours, theirs))
    results.not_compared += [
        NotCompared(path.name, f"it exists only in {path.parent}") for path in alone
    ]
    return results.comparison(str(a), str(b))


def compare_settings(
    a: Settings,
    b: Settings,
    cts: Sequence[Ct],
    read: Callable[[Ct], lungrt.CtVolume],
    within_mm: float,
    progress: Progress | None = None,
) -> Comparison:
    """Diagnose CTs with two settings and compare the results.

    Parameters
    ----------
    a, b
        The settings.
    cts
        The CTs: anything with a name, such as paths.
    read
        Function that reads one of them.
    within_mm
        See `lungrt.comparison.matching.match`.
    progress
        Called with the name of the step ("CTs", "A segment", ...), how much of it is done, and how
        much there is in total.

    Raises
    ------
    lungrt.errors.Error
        If a pipeline cannot be opened, or if the only CT, or every CT of several, cannot be
        compared.
    """
    import lungrt

    ours, theirs = (lungrt.Pipeline(side.bundle, **side.pipeline) for side in (a, b))
    results = _Results(within_mm, len(cts) > 1)

    def diagnose_both(ct: Ct) -> tuple[Diagnosis, Diagnosis]:
        volume = read(ct)
        return (
            _diagnose("A", ours, a.limits, volume, progress),
            _diagnose("B", theirs, b.limits, volume, progress),
        )

    for done, ct in enumerate(cts):
        if progress and len(cts) > 1:
            progress("CTs", done, len(cts))
        results.add(ct.name, functools.partial(diagnose_both, ct))
    return results.comparison(a.text, b.text)


def _read_both(a: Path, b: Path) -> tuple[Diagnosis, Diagnosis]:
    return read_diagnosis(a), read_diagnosis(b)


def _diagnose(
    side: str,
    pipeline: lungrt.Pipeline,
    limits: dict[str, Any],
    volume: lungrt.CtVolume,
    progress: Progress | None,
) -> Diagnosis:
    """Diagnose a CT with the pipeline of side A or B, and keep its mask."""

    def report_progress(stage: str, done: int, count: int) -> None:
        if progress:
            progress(f"{side} {stage}", done, count)

    report = pipeline.run(volume, progress=report_progress, keep_masks=True, **limits)
    assert report.masks is not None, "masks were asked for"
    return to_diagnosis(report.to_dict(), side, np.asarray(report.masks.mask))


class _Results:
    """Results of the CTs that were compared so far."""

    def __init__(self, within_mm: float, several: bool) -> None:
        self._within_mm = within_mm
        self._several = several
        self._how: tuple[dict[str, str], dict[str, str]] | None = None
        self._cts: list[CtDifference] = []
        self.not_compared: list[NotCompared] = []

    def add(self, name: str, diagnoses: Callable[[], tuple[Diagnosis, Diagnosis]]) -> None:
        try:
            ours, theirs = diagnoses()
            found = compare(name, ours, theirs, within_mm=self._within_mm)
        except Error as error:
            if not self._several:
                raise
            self.not_compared.append(NotCompared(name, str(error)))
            return
        self._how = self._how or (ours.how, theirs.how)
        self._cts.append(found)

    def comparison(self, a: str, b: str) -> Comparison:
        if self._how is None:
            lines = [f"  {one.name}: {one.why}" for one in self.not_compared]
            raise InvalidArgument("nothing could be compared\n" + "\n".join(lines))
        return Comparison(a, b, *self._how, self._within_mm, self._cts, self.not_compared)
