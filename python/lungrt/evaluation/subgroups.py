"""Detection in subgroups of nodules, such as by size, by difficulty or by agreement of readers.

The difficulty of a nodule is the ``difficulty`` of the data set if it has one. Otherwise it follows
from the mean ``subtlety`` of the readers: easy from 4, hard under 3. Otherwise a nodule of 10 mm or
more that four or more readers rated is easy, one under 6 mm is hard, and others are medium. The
agreement of readers is the range of their malignancy ratings (highest - lowest): 0 or 1 is
"agree", 2 is "differ", 3 or 4 is "contradict".
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lungrt.evaluation.confusion import FILTERED, MISSED
from lungrt.statistics import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lungrt.data.annotations import Nodule

__all__ = ["Outcome", "Subgroup", "count_subgroups"]

_SIZES_MM = (0.0, 4.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, math.inf)
_FOUR_READERS = 4


@dataclass(frozen=True)
class Outcome:
    """Result for an annotated nodule.

    Attributes
    ----------
    nodule : Nodule
    book_class : int
        Class of `lungrt.evaluation.confusion`.
    best : float or None
        Highest p(nodule) of the candidates that belong to it by the book's rule.
    hit : float or None
        Highest p(nodule) of the candidates that hit it by LUNA16's rule.
    p_malignant : float or None
        Highest p(malignant) of the candidates that belong to it and pass the nodule threshold.
    """

    nodule: Nodule
    book_class: int
    best: float | None
    hit: float | None
    p_malignant: float | None


@dataclass(frozen=True)
class Subgroup:
    """Detection in a subgroup of nodules.

    Attributes
    ----------
    group, name : str
        Such as "size" and "6 - 8 mm".
    nodules : int
        Number of nodules of the subgroup.
    proposed, found : int
        Number of nodules that have a candidate, and that have a candidate that passes the nodule
        threshold (the book's matching).
    found_interval : tuple of float
        Wilson's 95 % interval of found / nodules, which assumes independent nodules.
    found_at_1, found_at_4 : int
        Number of nodules that are found at the lowest threshold with at most 1 or 4 false positives
        per scan (LUNA16's matching).
    """

    group: str
    name: str
    nodules: int
    proposed: int
    found: int
    found_interval: tuple[float, float]
    found_at_1: int
    found_at_4: int


def count_subgroups(outcomes: Sequence[Outcome], at_1: float, at_4: float) -> list[Subgroup]:
    """Return the subgroup of all nodules and every other subgroup that has nodules.

    Parameters
    ----------
    outcomes
        Results for the nodules.
    at_1, at_4
        Thresholds with at most 1 and 4 false positives per scan.
    """
    subgroups = [_subgroup("all", "all nodules", outcomes, at_1, at_4)] if outcomes else []
    for group, (namer, order) in _GROUPS.items():
        members: dict[str, list[Outcome]] = {}
        for outcome in outcomes:
            if (name := namer(outcome.nodule)) is not None:
                members.setdefault(name, []).append(outcome)
        names = [name for name in order if name in members] or sorted(members)
        subgroups += [_subgroup(group, name, members[name], at_1, at_4) for name in names]
        if group == "size" and (large := [o for o in outcomes if o.nodule.diameter_mm >= 6]):
            subgroups.append(_subgroup(group, "6 mm or more, together", large, at_1, at_4))
    return subgroups


def _subgroup(
    group: str, name: str, members: Sequence[Outcome], at_1: float, at_4: float
) -> Subgroup:
    found = sum(outcome.book_class > FILTERED for outcome in members)
    return Subgroup(
        group,
        name,
        len(members),
        sum(outcome.book_class > MISSED for outcome in members),
        found,
        wilson_interval(found, len(members)),
        sum(outcome.hit is not None and outcome.hit >= at_1 for outcome in members),
        sum(outcome.hit is not None and outcome.hit >= at_4 for outcome in members),
    )


def _size_name(low: float, high: float) -> str:
    if low == 0:
        return f"under {high:.0f} mm"
    return f"{low:.0f} mm or more" if math.isinf(high) else f"{low:.0f} - {high:.0f} mm"


def _size(nodule: Nodule) -> str:
    edges = itertools.pairwise(_SIZES_MM)
    return next(_size_name(a, b) for a, b in edges if a <= nodule.diameter_mm < b)


def _difficulty(nodule: Nodule) -> str | None:
    if nodule.difficulty is not None:
        return nodule.difficulty
    if nodule.subtlety is not None:
        return "easy" if nodule.subtlety >= 4 else "hard" if nodule.subtlety < 3 else "medium"
    if not nodule.ratings:
        return None
    if nodule.diameter_mm < 6:
        return "hard"
    return "easy" if nodule.diameter_mm >= 10 and len(nodule.ratings) >= _FOUR_READERS else "medium"


def _readers(nodule: Nodule) -> str | None:
    count = len(nodule.ratings)
    if not count:
        return None
    if count >= _FOUR_READERS:
        return "4 readers or more"
    return "1 reader" if count == 1 else f"{count} readers"


def _agreement(nodule: Nodule) -> str | None:
    if len(nodule.ratings) < 2:
        return None
    spread = max(nodule.ratings) - min(nodule.ratings)
    return "agree" if spread < 2 else "differ" if spread < 3 else "contradict"


def _malignancy(nodule: Nodule) -> str | None:
    return None if nodule.malignant is None else "malignant" if nodule.malignant else "benign"


def _solid(nodule: Nodule) -> str | None:
    """Return the subgroup of the nodules that a detector is expected to find, or None."""
    large = nodule.density == "solid" and nodule.diameter_mm >= 6
    return "solid, 6 mm or more" if large else None


_Namer = Callable[["Nodule"], "str | None"]
_GROUPS: dict[str, tuple[_Namer, list[str]]] = {
    "size": (_size, [_size_name(a, b) for a, b in itertools.pairwise(_SIZES_MM)]),
    "truth": (_malignancy, ["benign", "malignant"]),
    "density": (lambda nodule: nodule.density, []),
    "solid": (_solid, ["solid, 6 mm or more"]),
    "shape": (lambda nodule: nodule.shape, []),
    "attachment": (lambda nodule: nodule.attachment, []),
    "difficulty": (_difficulty, ["easy", "medium", "hard"]),
    "readers": (_readers, []),
    "agreement": (_agreement, ["agree", "differ", "contradict"]),
}
