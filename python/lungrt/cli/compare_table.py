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
# A row has two lines, and so has its heading. Fits 80 columns.
_HEADINGS = (
    "CT",
    "A\nB",
    "mask\nvoxels",
    "flips",
    "candi-\ndates",
    "alone",
    "moved\nmost mm",
    "nodules",
    "changed",
    "Δp nod.\nΔp mal.",
)
_NAME_WIDTH = 14


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
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column(_HEADINGS[0], overflow="fold", max_width=_NAME_WIDTH)
    for heading in _HEADINGS[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for ct in comparison.cts:
        table.add_row(*_cells(ct))
    if len(comparison.cts) > 1:
        table.add_row(*_cells(total(comparison.cts)), style="bold")
    return table


def _cells(ct: CtDifference) -> list[str]:
    found, listed = ct.candidates, ct.nodules
    return [
        ct.name,
        "A\nB",
        _two(*_mask_voxels(ct.mask)),
        "-" if ct.mask.flips is None else f"{ct.mask.flips:,}",
        _two(found.count_a, found.count_b),
        _two(len(found.only_a), len(found.only_b)),
        f"{len(found.moved):,}\n{found.furthest_mm:.1f}" if found.moved else "0",
        _two(listed.count_a, listed.count_b),
        f"{len(found.changed):,}",
        f"{found.largest_nodule:.1e}\n"
        + (f"{found.largest_malignant:.1e}" if _has_malignancy(ct) else "-"),
    ]


def _two(a: int, b: int) -> str:
    return f"{a:,}\n{b:,}"


def _mask_voxels(mask: MaskDifference) -> tuple[int, int]:
    """Before erosion where it is known, as flips are counted; after it where it is not."""
    if mask.voxels_a is None or mask.voxels_b is None:
        return mask.eroded_a, mask.eroded_b
    return mask.voxels_a, mask.voxels_b


def _has_malignancy(ct: CtDifference) -> bool:
    return ct.candidates.malignancies > 0 or ct.nodules.malignancies > 0


def _lines(comparison: Comparison) -> Iterator[str]:
    if any(ct.mask.flips is None for ct in comparison.cts):
        yield (
            "reports hold no masks: the sizes above are after erosion; compare settings on the CT "
            "to count flips"
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
