"""How a comparison looks on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from lungrt.comparison.differences import total

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from lungrt.comparison.diagnosis import Mark
    from lungrt.comparison.differences import CtDifference, MaskDifference, Pair
    from lungrt.comparison.document import Comparison

__all__ = ["print_comparison"]

_MOST = 20  # lines of a list: the rest stands in the output file
_HEADINGS = (
    "CT",
    "mask flips",
    "candidates\nA / B",
    "only in\nA / B",
    "moved\n(most mm)",
    "nodules\nA / B",
    "decisions\nchanged",
    "largest change\np nodule",
    "largest change\np malignant",
)


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Print what was compared, a line a CT, and each decision that is another."""
    console.print(f"A: {comparison.a}\nB: {comparison.b}", soft_wrap=True)
    for name, (ours, theirs) in comparison.changed_settings().items():
        console.print(f"  {name}: {ours} -> {theirs}", soft_wrap=True)
    console.print(_table(comparison))
    for line in _lines(comparison):
        console.print(line, soft_wrap=True)
    for one in comparison.not_compared:
        console.print(f"not compared: {one.name}: {one.why}", soft_wrap=True, style="yellow")
    console.print(
        "the same decisions" if comparison.same_decisions else "OTHER DECISIONS",
        style="bold",
    )


def _table(comparison: Comparison) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for number, heading in enumerate(_HEADINGS):
        table.add_column(heading, justify="right" if number else "left", overflow="fold")
    for ct in comparison.cts:
        table.add_row(*_cells(ct))
    if len(comparison.cts) > 1:
        table.add_section()
        table.add_row(*_cells(total(comparison.cts)), style="bold")
    return table


def _cells(ct: CtDifference) -> list[str]:
    found = ct.candidates
    moved = f" ({found.furthest_mm:.1f})" if found.moved else ""
    return [
        ct.name,
        _mask(ct.mask),
        f"{found.count_a:,} / {found.count_b:,}",
        f"{len(found.only_a):,} / {len(found.only_b):,}",
        f"{len(found.moved):,}{moved}",
        f"{ct.nodules.count_a:,} / {ct.nodules.count_b:,}",
        f"{len(found.changed):,}",
        f"{found.largest_nodule:.1e}",
        f"{found.largest_malignant:.1e}" if _has_malignancy(ct) else "-",
    ]


def _mask(mask: MaskDifference) -> str:
    if mask.flips is None:  # reports hold counts alone
        return f"sizes {mask.eroded_a:,} / {mask.eroded_b:,}"
    return f"{mask.flips:,} of {max(mask.voxels_a or 0, mask.voxels_b or 0):,}"


def _has_malignancy(ct: CtDifference) -> bool:
    return ct.candidates.malignancies > 0 or ct.nodules.malignancies > 0


def _lines(comparison: Comparison) -> Iterator[str]:
    if any(ct.mask.flips is None for ct in comparison.cts):
        yield (
            "reports hold no masks: only their sizes after erosion are compared; run settings to "
            "count flips"
        )
    lines = [
        f"{ct.name}: {line}" if len(comparison.cts) > 1 else line
        for ct in comparison.cts
        for line in _decisions(ct)
    ]
    yield from lines[:_MOST]
    if len(lines) > _MOST:
        yield f"... and {len(lines) - _MOST} more; --output FILE lists all"


def _decisions(ct: CtDifference) -> Iterator[str]:
    """A line for each mark of which something else was decided, or that only one lists."""
    told_a, told_b = set(), set()
    for noun, one in (("candidate", ct.candidates), ("nodule", ct.nodules)):
        for pair in one.changed:
            if pair.a.index in told_a and pair.b.index in told_b:
                continue
            told_a.add(pair.a.index)
            told_b.add(pair.b.index)
            yield (
                f"{noun} at {_place(pair.a)}{_moved(pair)}: {pair.decision_a} -> "
                f"{pair.decision_b}, {_probabilities(pair.a)} -> {_probabilities(pair.b)}"
            )
    for side, marks, told in (("A", ct.nodules.only_a, told_a), ("B", ct.nodules.only_b, told_b)):
        for mark in marks:
            if mark.index not in told:
                yield f"nodule in {side} alone at {_place(mark)}: {_probabilities(mark)}"


def _place(mark: Mark) -> str:
    x, y, z = mark.center_mm
    return f"({x:.1f}, {y:.1f}, {z:.1f}) mm, voxel {mark.index}"


def _moved(pair: Pair) -> str:
    return f", moved by {pair.distance_mm:.1f} mm" if pair.moved else ""


def _probabilities(mark: Mark) -> str:
    malignant = "" if mark.p_malignant is None else f" (malignant {mark.p_malignant:.4f})"
    return f"p {mark.p_nodule:.4f}{malignant}"
