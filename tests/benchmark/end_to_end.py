"""lungrt against the eager Python pipeline on one CT: interleaved, outputs compared, medians.

Each measurement is a process of its own. The eager pipeline runs as the book's code does (NCHW,
batches of 4, SciPy) with the C library's defaults; beside it stands a tuned eager pipeline
(channels-last, larger batches, an allocator that keeps its memory), so that what comes from
PyTorch's settings and what comes from lungrt can be told apart.

Example::

    python tests/benchmark/end_to_end.py --segmentation seg.state --nodule cls.state --ct FOLDER
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

CONTENDER = Path(__file__).with_name("contender.py")
STAGES = ("read", "segment", "group", "classify", "total")
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "2000000000"}
CONTENDERS: dict[str, dict[str, str]] = {  # name: environment on top of the defaults
    "eager": {},
    "eager-tuned": KEEP_MEMORY,
    "lungrt": {},
}
NAMES = {
    "eager": "eager PyTorch + SciPy, as the book runs it",
    "eager-tuned": "the same, tuned (channels-last, allocator)",
    "lungrt": "lungrt, TorchScript engine",
}


def measure(name: str, arguments: list[str]) -> dict[str, Any]:
    """Run one contender once; adds the wall time of the whole process."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "OMP_"))}
    environment |= CONTENDERS[name]
    started = time.perf_counter()
    finished = subprocess.run(
        [sys.executable, str(CONTENDER), name, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(finished.stdout)
    result["process"] = time.perf_counter() - started
    return result


def compare(result: dict[str, Any], baseline: dict[str, Any]) -> str:
    """Say whether two runs decided the same."""
    if result["indices"] != baseline["indices"]:
        ours, theirs = (set(map(tuple, r["indices"])) for r in (result, baseline))
        return f"{len(ours ^ theirs)} candidates differ"
    pairs = list(zip(result["p_nodule"], baseline["p_nodule"], strict=True))
    flips = sum((a > 0.5) != (b > 0.5) for a, b in pairs)
    largest = max((abs(a - b) for a, b in pairs), default=0.0)
    return f"same {len(pairs)} candidates, {flips} decisions differ, |dp| <= {largest:.1e}"


def table_of(results: dict[str, list[dict[str, Any]]]) -> Table:
    """Medians in seconds; ratios are of medians against the book's eager pipeline."""
    table = Table(title="Seconds, median of the rounds (min - max for the total)")
    table.add_column("")
    for column in (*STAGES, "process", "peak MB", "times faster"):
        table.add_column(column, justify="right")

    def median(name: str, key: str) -> float:
        return statistics.median(r[key] for r in results[name])

    for name, runs in results.items():
        totals = [r["total"] for r in runs]
        cells = [f"{median(name, stage):.3f}" for stage in STAGES]
        cells[-1] += f" ({min(totals):.2f} - {max(totals):.2f})"
        table.add_row(
            NAMES[name],
            *cells,
            f"{median(name, 'process'):.2f}",
            f"{max(r['peak_mb'] for r in runs):.0f}",
            f"{median('eager', 'total') / median(name, 'total'):.2f}",
        )
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--segmentation", type=Path, required=True)
    parser.add_argument("--nodule", type=Path, required=True)
    parser.add_argument("--ct", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, help="all measurements as JSON")
    options = parser.parse_args()

    console = Console(width=200 if not sys.stdout.isatty() else None)
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        subprocess.run(
            [
                *(sys.executable, "-m", "lungrt", "export", "--formats", "torchscript"),
                *("--segmentation", str(options.segmentation), "--nodule", str(options.nodule)),
                *("--output", str(bundle)),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        arguments = ["--bundle", str(bundle), "--ct", str(options.ct)]
        arguments += ["--segmentation", str(options.segmentation), "--nodule", str(options.nodule)]
        results: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTENDERS}
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("measuring", total=options.rounds * len(CONTENDERS))
            for _ in range(options.rounds):
                for name in CONTENDERS:
                    progress.update(task, description=name)
                    results[name].append(measure(name, arguments))
                    progress.advance(task)

    console.print(table_of(results))
    for name in results:
        console.print(f"{NAMES[name]}: {compare(results[name][0], results['eager'][0])}")
    scipy, ours = (
        statistics.median(run["group"] for run in results[name]) for name in ("eager", "lungrt")
    )
    console.print(
        f"candidate stage: {scipy:.3f} s with SciPy, {ours:.4f} s here, {scipy / ours:.0f}x"
    )
    console.print(
        f"{platform.processor() or platform.machine()}, {len(os.sched_getaffinity(0))} processors, "
        f"Python {platform.python_version()}, CT {options.ct.name}"
    )
    if options.output:
        options.output.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
