"""Progress bars on a terminal, one for each stage."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lungrt.cli.console import stderr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import TaskID

__all__ = ["progress_bars"]


@contextmanager
def progress_bars(wanted: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """Show progress bars on stderr while the block runs, if stderr is a terminal.

    Yields
    ------
    progress
        Callback for `lungrt.Pipeline.run`; None if no progress is shown.
    """
    console = stderr()
    if not (wanted and console.is_terminal):
        yield None
        return
    bars: dict[str, TaskID] = {}
    with Progress(
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        refresh_per_second=4,  # each refresh takes the GIL and processor time from the run
    ) as shown:

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                bars[stage] = shown.add_task(stage, total=total)
            shown.update(bars[stage], completed=done, total=total)

        yield progress
