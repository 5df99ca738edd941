"""Result of a comparison, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from lungrt.comparison.differences import CtDifference, ListDifference, Pair, total
from lungrt.json_text import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lungrt.comparison.diagnosis import Mark

__all__ = ["CSV_COLUMNS", "Comparison", "NotCompared"]

FORMAT_VERSION = 1
CSV_COLUMNS = (
    "ct",
    "list",  # candidates or nodules
    "difference",  # only_a, only_b, moved, changed, moved and changed
    "distance_mm",
    *(
        f"{side}_{what}"
        for side in "ab"
        for what in (
            *("slice", "row", "column", "coordX", "coordY", "coordZ"),
            *("p_nodule", "p_malignant", "decision"),
        )
    ),
)


@dataclass(frozen=True)
class NotCompared:
    """A CT that could not be compared, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Comparison:
    """Differences between A and B on all CTs.

    Attributes
    ----------
    a, b : str
        What was compared, as the user wrote it.
    how_a, how_b : dict of str to str
        How the diagnoses of the first CT were made; see `Diagnosis.how`.
    within_mm : float
        Largest distance at which two marks were taken for the same one.
    cts : sequence of CtDifference
        Differences on each CT.
    not_compared : sequence of NotCompared
        CTs that could not be compared.
    """

    a: str
    b: str
    how_a: Mapping[str, str]
    how_b: Mapping[str, str]
    within_mm: float
    cts: Sequence[CtDifference]
    not_compared: Sequence[NotCompared] = field(default_factory=list)

    @property
    def same_decisions(self) -> bool:
        """Whether A and B found the same marks and made the same decisions on all CTs."""
        return all(ct.same_decisions for ct in self.cts)

    def changed_settings(self) -> dict[str, tuple[str, str]]:
        """Options and software that differ between A and B, as (value of A, value of B)."""
        names = list(dict.fromkeys((*self.how_a, *self.how_b)))
        both = {name: (self.how_a.get(name, "-"), self.how_b.get(name, "-")) for name in names}
        return {name: values for name, values in both.items() if values[0] != values[1]}

    def to_json(self) -> str:
        """Return all differences as JSON text."""
        return json_text(
            {
                "format_version": FORMAT_VERSION,
                "a": {"given": self.a, "made_with": dict(self.how_a)},
                "b": {"given": self.b, "made_with": dict(self.how_b)},
                "within_mm": self.within_mm,
                "same_decisions": self.same_decisions,
                "cts": [_ct(ct) for ct in self.cts],
                "total": _counts(total(self.cts)),
                "not_compared": [asdict(one) for one in self.not_compared],
            }
        )

    def to_csv(self) -> str:
        """Return CSV text with one line for each difference."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for ct in self.cts:
            for name, one in (("candidates", ct.candidates), ("nodules", ct.nodules)):
                writer.writerows((ct.name, name, *row) for row in _rows(one))
        return text.getvalue()


def _ct(ct: CtDifference) -> dict[str, Any]:
    content = _counts(ct)
    for name, one in (("candidates", ct.candidates), ("nodules", ct.nodules)):
        content[name]["listed"] = {
            "only_a": [_mark(mark) for mark in one.only_a],
            "only_b": [_mark(mark) for mark in one.only_b],
            "moved": [_pair(pair) for pair in one.moved],
            "changed": [_pair(pair) for pair in one.changed],
        }
    return content


def _counts(ct: CtDifference) -> dict[str, Any]:
    return {
        "name": ct.name,
        "same_decisions": ct.same_decisions,
        "mask": asdict(ct.mask),
        "candidates": _list_counts(ct.candidates),
        "nodules": _list_counts(ct.nodules),
    }


def _list_counts(one: ListDifference) -> dict[str, Any]:
    return {
        "count_a": one.count_a,
        "count_b": one.count_b,
        "only_a": len(one.only_a),
        "only_b": len(one.only_b),
        "moved": len(one.moved),
        "changed": len(one.changed),
        "furthest_mm": one.furthest_mm,
        "largest_change_p_nodule": one.largest_nodule,
        "largest_change_p_malignant": one.largest_malignant,
    }


def _mark(mark: Mark) -> dict[str, Any]:
    return {
        "index": mark.index,
        "center_mm": mark.center_mm,
        "p_nodule": mark.p_nodule,
        "p_malignant": mark.p_malignant,
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "a": _mark(pair.a) | {"decision": _decision(pair.decision_a)},
        "b": _mark(pair.b) | {"decision": _decision(pair.decision_b)},
        "distance_mm": pair.distance_mm,
    }


def _decision(decision: object) -> str:
    return decision if isinstance(decision, str) else "not a number"


def _rows(one: ListDifference) -> Iterator[tuple[object, ...]]:
    nothing = ("",) * 9
    for mark in one.only_a:
        yield ("only_a", "", *_cells(mark, ""), *nothing)
    for mark in one.only_b:
        yield ("only_b", "", *nothing, *_cells(mark, ""))
    pairs = {id(pair): pair for pair in (*one.moved, *one.changed)}
    for pair in pairs.values():
        what = " and ".join(
            word for word, so in (("moved", pair.moved), ("changed", pair.changed)) if so
        )
        yield (
            what,
            pair.distance_mm,
            *_cells(pair.a, _decision(pair.decision_a)),
            *_cells(pair.b, _decision(pair.decision_b)),
        )


def _cells(mark: Mark, decision: str) -> tuple[object, ...]:
    malignant = "" if mark.p_malignant is None else mark.p_malignant
    return (*mark.index, *mark.center_mm, mark.p_nodule, malignant, decision)
