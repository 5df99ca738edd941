"""Terminal output of a comparison."""

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

_MOST = 20  # decisions that are listed; the output file has all
# Rows have two lines: A and B, or a count and a distance. The table fits 80 columns.
_HEADINGS = (
    "CT",
    "A\nB",
    "mask\nvoxels",
    "voxels\ndiffer",
    "candi-\ndates",
    "not in\nother",
    "moved\nmax mm",
    "nodules",
    "decision\nchanged",
    "nodule\nmalig.\nmax Δp",
)
_NAME_WIDTH = 12


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Print what was compared, a table with a row for each CT, and the changed decisions."""
    console.print(f"A: {comparison.a}\nB: {comparison.b}", soft_wrap=True)
    for name, (ours, theirs) in comparison.changed_settings().items():
        console.print(f"  {name}: {ours} -> {theirs}", soft_wrap=True)
    console.print(_table(comparison))
    console.print(_legend(comparison), style="dim")
    for line in _lines(comparison):
        console.print(line, soft_wrap=True)
    for one in comparison.not_compared:
        console.print(f"not compared: {one.name}: {one.why}", soft_wrap=True, style="yellow")
    same = comparison.same_decisions
    console.print(f"A and B make {'the same' if same else 'DIFFERENT'} decisions.", style="bold")


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


def _legend(comparison: Comparison) -> str:
    return (
        "voxels differ: set in the mask of A or B only. not in other: candidates without a "
        f"counterpart within {comparison.within_mm:g} mm. moved: counterparts at different voxels, "
        "and their largest distance. decision changed: counterparts that A and B classify "
        "differently. max Δp: largest change of the probabilities of nodule and malignancy."
    )


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
    """Sizes of the masks: before erosion like the flips, or after it if masks are not known."""
    if mask.voxels_a is None or mask.voxels_b is None:
        return mask.eroded_a, mask.eroded_b
    return mask.voxels_a, mask.voxels_b


def _has_malignancy(ct: CtDifference) -> bool:
    return ct.candidates.malignancies > 0 or ct.nodules.malignancies > 0


def _lines(comparison: Comparison) -> Iterator[str]:
    if any(ct.mask.flips is None for ct in comparison.cts):
        yield (
            "Reports contain no masks: mask voxels are counted after erosion, and how many differ "
            "is not known. To count them, compare settings with --ct."
        )
    lines = [
        f"{ct.name}: {line}" if len(comparison.cts) > 1 else line
        for ct in comparison.cts
        for line in _decisions(ct)
    ]
    yield from lines[:_MOST]
    if len(lines) > _MOST:
        yield f"... and {len(lines) - _MOST} more; write all of them with --output FILE"


def _decisions(ct: CtDifference) -> Iterator[str]:
    """Yield a line for each mark that A and B decide differently or that only one lists."""
    listed_a, listed_b = set(), set()
    for noun, one in (("candidate", ct.candidates), ("nodule", ct.nodules)):
        for pair in one.changed:
            if pair.a.index in listed_a and pair.b.index in listed_b:
                continue
            listed_a.add(pair.a.index)
            listed_b.add(pair.b.index)
            yield (
                f"{noun} at {_place(pair.a)}{_moved(pair)}: {pair.decision_a} -> "
                f"{pair.decision_b}, {_probabilities(pair.a)} -> {_probabilities(pair.b)}"
            )
    only = (("A", ct.nodules.only_a, listed_a), ("B", ct.nodules.only_b, listed_b))
    for side, marks, listed in only:
        for mark in marks:
            if mark.index not in listed:
                yield f"nodule only in {side} at {_place(mark)}: {_probabilities(mark)}"


def _place(mark: Mark) -> str:
    x, y, z = mark.center_mm
    return f"({x:.1f}, {y:.1f}, {z:.1f}) mm, voxel {mark.index}"


def _moved(pair: Pair) -> str:
    return f", moved by {pair.distance_mm:.1f} mm" if pair.moved else ""


def _probabilities(mark: Mark) -> str:
    malignant = "" if mark.p_malignant is None else f" (malignant {mark.p_malignant:.4f})"
    return f"p {mark.p_nodule:.4f}{malignant}"
