"""All CTs, one after the other: one that cannot be compared does not cost the others."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from lungrt.comparison.diagnosis import read_diagnosis
from lungrt.comparison.differences import CtDifference, compare
from lungrt.comparison.document import Comparison, NotCompared
from lungrt.comparison.run import Contestant
from lungrt.comparison.scans import find_reports
from lungrt.errors import Error, InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import lungrt
    from lungrt.comparison.diagnosis import Diagnosis
    from lungrt.comparison.run import Progress
    from lungrt.comparison.settings import Settings

__all__ = ["compare_reports", "compare_settings"]


def compare_reports(a: Path, b: Path, within_mm: float) -> Comparison:
    """Compare two reports, or two folders of reports of the same names.

    Raises
    ------
    lungrt.errors.Error
        The one pair of reports cannot be compared, or none of several can.
    """
    pairs, alone = find_reports(a, b)
    collected = _Collected(within_mm, len(pairs) + len(alone) > 1)
    for ours, theirs in pairs:
        collected.add(ours.name, functools.partial(_read_both, ours, theirs))
    collected.not_compared += [
        NotCompared(path.name, f"only {path.parent} has it") for path in alone
    ]
    return collected.comparison(str(a), str(b))


def compare_settings(
    a: Settings,
    b: Settings,
    cts: Sequence[Path],
    read: Callable[[Path], lungrt.CtVolume],
    within_mm: float,
    progress: Progress | None = None,
) -> Comparison:
    """Diagnose CTs in two ways and compare what was found.

    Parameters
    ----------
    read
        Reads a CT.
    progress
        Called with what is done ("CTs", "A segment", ...) and how much of how much.

    Raises
    ------
    lungrt.errors.Error
        The settings cannot be had, the one CT cannot be compared, or none of several can.
    """
    ours, theirs = Contestant("A", a), Contestant("B", b)
    collected = _Collected(within_mm, len(cts) > 1)

    def diagnose_both(ct: Path) -> tuple[Diagnosis, Diagnosis]:
        volume = read(ct)
        return ours.diagnose(volume, progress), theirs.diagnose(volume, progress)

    for done, ct in enumerate(cts):
        if progress and len(cts) > 1:
            progress("CTs", done, len(cts))
        collected.add(ct.name, functools.partial(diagnose_both, ct))
    return collected.comparison(a.text, b.text)


def _read_both(a: Path, b: Path) -> tuple[Diagnosis, Diagnosis]:
    return read_diagnosis(a), read_diagnosis(b)


class _Collected:
    """What was compared so far."""

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
