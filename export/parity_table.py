"""Parity rows as a table: a line for each network and runtime, and one for each failure."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from itertools import groupby

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from lungrt.export.parity import Comparison, ParityRow


def parity_table(rows: Sequence[ParityRow]) -> RenderableType:
    """Return a table to print with rich.

    A line combines all inputs of a network in a runtime: the largest difference, the mean over all
    values, and the total number of flips.
    """
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0)
    table.add_column("network", overflow="fold")
    table.add_column("runtime", overflow="fold")
    for heading in ("max abs", "mean abs", "max rel", "mean rel", "flips"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for _, members in groupby(rows, key=lambda row: (row.stage, row.member, row.runtime)):
        table.add_row(*_line(list(members), several=_is_ensemble(rows)))
    notes = [f"inputs of {stage}: {_shapes(rows, stage)}" for stage in _stages(rows)]
    notes += dict.fromkeys(
        f"tolerance: difference of a probability at most {t.absolute:g}, flips only within "
        f"{t.decision_band:g} of the threshold"
        for t in (row.tolerance for row in rows)
    )
    if ran := dict.fromkeys(f"{row.runtime} ({row.version})" for row in rows if not row.skipped):
        notes.append("runtimes: " + ", ".join(ran))
    notes += dict.fromkeys(f"{row.runtime} skipped: {row.skipped}" for row in rows if row.skipped)
    failures = [Text(f"{_input(row)}: {_reason(row)}", "red") for row in rows if row.failed]
    return Group(table, *map(Text, notes), *failures)


def parity_text(rows: Sequence[ParityRow]) -> str:
    """Return the table of `parity_table` as plain text."""
    text = io.StringIO()
    Console(file=text, width=120, color_system=None).print(parity_table(rows), soft_wrap=True)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines() if line.strip())


def _stages(rows: Iterable[ParityRow]) -> list[str]:
    return list(dict.fromkeys(row.stage for row in rows if not row.skipped))


def _is_ensemble(rows: Iterable[ParityRow]) -> bool:
    return any(row.member > 0 for row in rows)


def _line(rows: list[ParityRow], *, several: bool) -> list[str | Text]:
    first = rows[0]
    name = f"{first.stage} {first.member}" if several else first.stage
    if first.skipped:
        return [name, first.runtime, *[""] * 5, Text("skipped", "yellow")]
    failed = sum(row.failed for row in rows)
    verdict = Text(f"{failed} failed", "bold red") if failed else Text("ok", "green")
    compared = [row.comparison for row in rows if row.comparison]
    return [name, first.runtime, *_numbers(compared), verdict]


def _numbers(compared: list[Comparison]) -> list[str]:
    if not compared:
        return ["-"] * 5
    values = sum(c.values for c in compared)
    return [
        f"{max(c.max_absolute for c in compared):.1e}",
        f"{sum(c.mean_absolute * c.values for c in compared) / values:.1e}",
        f"{max(c.max_relative for c in compared):.1e}",
        f"{sum(c.mean_relative * c.values for c in compared) / values:.1e}",
        f"{sum(c.flips for c in compared)} of {sum(c.decisions for c in compared)}",
    ]


def _shapes(rows: Iterable[ParityRow], stage: str) -> str:
    """Return the number and shapes of a stage's inputs: "7 of shape 1-8 x 7 x 32-128 x 36-160"."""
    shapes = {row.input: row.shape for row in rows if row.stage == stage and not row.skipped}
    return f"{len(shapes)} of shape " + " x ".join(
        f"{min(axis)}" if min(axis) == max(axis) else f"{min(axis)}-{max(axis)}"
        for axis in zip(*shapes.values(), strict=True)
    )


def _input(row: ParityRow) -> str:
    shape = " x ".join(map(str, row.shape))
    return f"{row.stage} {row.member}, {row.runtime}, {row.input} ({shape})"


def _reason(row: ParityRow) -> str:
    c = row.comparison
    if c is None:
        return row.problem
    return (
        f"probabilities differ from eager PyTorch by up to {c.max_absolute:.2g}, allowed "
        f"{row.tolerance.absolute:g}; {c.flips} of {c.decisions} decisions flip, "
        f"{c.flips_outside_band} of them farther than {row.tolerance.decision_band:g} from the "
        "threshold"
    )
