"""Tables of what came back, as Markdown for the documentation and a README."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpu_check import records
from gpu_check.contents import Failure

BEGIN, END = "<!-- gpu-check:begin -->", "<!-- gpu-check:end -->"
MISSING = "-"
# Most seconds of a warm diagnosis of a CT with at most 133 slices, on an H100 or H200.
_TARGETS = {"fp32": 0.25, "tf32": 0.12, "bf16": 0.09}
_TARGET_SLICES = 133
_TIMES_EAGER = 2.0
_BAD = (
    records.FAILED,
    records.NOT_LOADED,
    records.TIMEOUT,
    records.NOT_RUN,
    records.ABSENT,
    records.STARTED,
)
_WORDS = {records.STARTED: "ended in the middle"}
_STAGES = ("transfer", "find_lungs", "segment", "group", "classify")


@dataclass
class StepResult:
    """What is known about a step: its last status, and everything that it found."""

    name: str
    status: str = MISSING
    seconds: float | None = None
    found: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)  # found several times: `eager`

    @property
    def word(self) -> str:
        """The status as tables name it."""
        return _WORDS.get(self.status, self.status)


def collect(output: Path) -> dict[str, StepResult]:
    """Return the results of all steps in their order.

    Raises
    ------
    Failure
        The folder holds no results.
    """
    if not (output / records.SUMMARY).is_file():
        raise Failure(f"{output} has no {records.SUMMARY}; name the folder given to run --output")
    steps: dict[str, StepResult] = {}
    for record in records.read(output):
        step = steps.setdefault(record["step"], StepResult(record["step"]))
        step.status = record.get("status", step.status)
        step.seconds = record.get("seconds", step.seconds)
        if "eager" in record:
            step.rows.append(record["eager"])
        step.found |= {
            name: value
            for name, value in record.items()
            if name not in ("step", "at", "status", "seconds", "eager")
        }
    return steps


def print_table(output: Path, into: Path | None, *, brief: bool) -> int:
    """Print the tables, or write them into a page between its markers.

    Raises
    ------
    Failure
        There are no results, or the page has no markers.
    """
    steps = collect(output)
    text = brief_table(steps) if brief else full_text(steps)
    if into is None:
        print(text, end="")
        return 0
    page = into.read_text(encoding="utf-8")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise Failure(f"{into} lacks the lines {BEGIN} and {END}, between which the tables go")
    into.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")
    return 0


def full_text(steps: dict[str, StepResult]) -> str:
    """Return the text with all tables."""
    parts = [
        _caption(steps),
        _ceilings(steps),
        _diagnoses(steps),
        _verdicts(steps),
        _eager(steps),
        _kernels(steps),
        _kernels_profiled(steps),
        _statuses(steps),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def brief_table(steps: dict[str, StepResult]) -> str:
    """Return the table for a README: seconds of each arithmetic beside the best eager ones."""
    rows = []
    slowest = best_eager(steps, "fp32")
    for precision in _TARGETS:
        eager = best_eager(steps, precision)
        if eager:
            rows.append((f"eager PyTorch, {precision}", eager["total_s"]))
    rows += [
        (f"lungrt, {_label(step)}", step.found["warm_s"]["median"])
        for step in _measured(steps)
        if _arguments(step)[2] == "book" or _arguments(step)[1] == "fp32"
    ]
    if not rows:
        raise Failure("the results have no times; the table of all steps says why")
    table = [("", "seconds", "times as fast")]
    for name, seconds in rows:
        ratio = f"{slowest['total_s'] / seconds:.1f}" if slowest else MISSING
        table.append((name, f"{seconds:.3f}", ratio))
    return f"{_caption(steps)}\n\n{_markdown(table)}\n"


def best_eager(steps: dict[str, StepResult], precision: str) -> dict[str, Any] | None:
    """Return the fastest row of the baseline in a precision; None if there is none."""
    rows = [
        row for row in steps.get("eager", StepResult("eager")).rows if row["precision"] == precision
    ]
    return min(rows, key=lambda row: float(row["total_s"]), default=None)


def _caption(steps: dict[str, StepResult]) -> str:
    environment = steps.get("environment", StepResult("environment")).found
    run = steps.get("run", StepResult("run")).found
    contents = run.get("contents", {})
    gpu = environment.get("gpu")
    slices = (contents.get("shape") or [MISSING])[0]
    text = f"Warm diagnoses of a CT of {slices} slices ({contents.get('ct', MISSING)}), "
    text += "without reading its file, on "
    if isinstance(gpu, dict) and environment.get("device_name", "cpu") != "cpu":
        text += f"one {gpu['name']} (driver {gpu['driver_version']}, "
    else:
        machine = environment.get("machine") or {}
        text += f"the CPU of {machine.get('cpu', 'an unknown machine')} (no GPU was used; "
    text += f"torch {environment.get('torch', MISSING)}, lungrt {contents.get('commit', MISSING)})."
    return _wrapped(text)


def _ceilings(steps: dict[str, StepResult]) -> str:
    found = steps.get("environment", StepResult("environment")).found
    if "copy_gb_s" not in found:
        return ""
    products = ", ".join(f"{name} {value:.3g}" for name, value in found["tflop_s"].items())
    text = f"Measured there: copies {found['copy_gb_s']:.4g} GB/s (read and written); "
    text += f"matrix products {products} TFLOP/s"
    if "upload_ms" in found:
        upload = found["upload_ms"]
        text += f"; upload of 70 MB {upload['pinned']:.1f} ms from pinned memory, "
        text += f"{upload['pageable']:.1f} ms from other memory"
    return _wrapped(text + ".")


def _arguments(step: StepResult) -> list[str]:
    """Return engine, precision, profile and options of a diagnosis."""
    return [*step.name.split(":")[1:], ""][:4]


def _label(step: StepResult) -> str:
    engine, precision, profile, options = _arguments(step)
    parts = [precision, profile, options, "" if engine == "torchscript" else engine]
    return ", ".join(part for part in parts if part)


def _measured(steps: dict[str, StepResult]) -> list[StepResult]:
    return [one for one in steps.values() if _is_diagnosis(one) and "warm_s" in one.found]


def _is_diagnosis(step: StepResult) -> bool:
    return step.name.startswith("diagnose:")


def _diagnoses(steps: dict[str, StepResult]) -> str:
    diagnoses = [step for step in steps.values() if _is_diagnosis(step)]
    if not diagnoses:
        return ""
    times = [
        ("", "cold s", "warm s (least - most)", *(f"{stage} ms" for stage in _STAGES), "GPU GB")
    ]
    differences = [
        ("", "mask flips", "lost", "new", "moved", "decisions changed", "largest dp", "golden")
    ]
    for step in diagnoses:
        times.append((_label(step), *_times(step)))
        differences.append((_label(step), *_differences(step)))
    return (
        f"{_markdown(times)}\n\nAgainst the CPU's fp32 (native engine):\n\n{_markdown(differences)}"
    )


def _times(step: StepResult) -> list[str]:
    found = step.found
    if "warm_s" not in found:
        cold = f"{found['cold_s']:.2f}" if "cold_s" in found else MISSING
        return [cold, f"**{step.word}**", *([MISSING] * (len(_STAGES) + 1))]
    warm, stages = found["warm_s"], found["warm_stages_s"]
    memory = found.get("gpu_memory_bytes")
    return [
        f"{found['cold_s']:.2f}",
        f"{warm['median']:.3f} ({warm['least']:.3f} - {warm['most']:.3f})",
        *(f"{1e3 * stages[stage]:.1f}" if stage in stages else MISSING for stage in _STAGES),
        f"{memory / 1e9:.2f}" if memory else MISSING,
    ]


def _differences(step: StepResult) -> list[str]:
    found = step.found.get("against_cpu")
    if found is None:
        return [f"**{step.word}**" if step.status in _BAD else MISSING, *([MISSING] * 6)]
    golden = step.found.get("golden")
    return [
        f"{found['mask_flips']} of {found['mask_voxels']}",
        str(len(found["lost"])),
        str(len(found["new"])),
        str(found["moved"]),
        f"{len(found['flips'])} of {found['candidates']}",
        f"{float(found['largest_dp']):.1e}",
        f"{golden['differing']} of {golden['voxels']}" if golden else MISSING,
    ]


def _verdicts(steps: dict[str, StepResult]) -> str:
    """Return whether the targets are met, one line for each arithmetic."""
    lines = []
    for precision, most in _TARGETS.items():
        step = steps.get(f"diagnose:torchscript:{precision}:book")
        if step is None or "warm_s" not in step.found or step.found.get("device_name") is None:
            continue
        if step.found["slices"] > _TARGET_SLICES or not _on_gpu(steps):
            continue
        seconds = step.found["warm_s"]["median"]
        met = "met" if seconds <= most else "**not met**"
        line = f"- {precision}: {seconds:.3f} s, target at most {most} s: {met}"
        if eager := best_eager(steps, precision):
            ratio = eager["total_s"] / seconds
            met = "met" if ratio >= _TIMES_EAGER else "**not met**"
            line += f"; {ratio:.2f} times as fast as the best eager {precision}, "
            line += f"target {_TIMES_EAGER:.0f}: {met}"
        lines.append(_wrapped(line, indent="  "))
    return "\n".join(lines)


def _on_gpu(steps: dict[str, StepResult]) -> bool:
    return str(steps.get("run", StepResult("run")).found.get("device", "")).startswith("cuda")


def _eager(steps: dict[str, StepResult]) -> str:
    step = steps.get("eager")
    if step is None or not step.rows:
        return ""
    stages = ("transfer", "segment", "group", "classify")
    head = ("eager PyTorch", "first s", "total s", *(f"{stage} ms" for stage in stages))
    table = [(*head, "mask flips", "largest dp")]
    for row in step.rows:
        search = ", cuDNN's search" if row["cudnn_search"] else ""
        table.append(
            (
                f"{row['precision']}, {row['layout']}{search}",
                f"{row['first_s']:.2f}",
                f"{row['total_s']:.3f}",
                *(f"{1e3 * row['stages_s'][stage]:.1f}" for stage in stages),
                str(row["mask_flips"]),
                f"{float(row['largest_dp']):.1e}",
            )
        )
    return _markdown(table)


def _kernels(steps: dict[str, StepResult]) -> str:
    """Return the benchmark of the CUDA core as it was printed, whatever its columns are."""
    text = str(steps.get("kernel_bench", StepResult("kernel_bench")).found.get("csv", ""))
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    if len(rows) < 2:
        return ""
    head = [name.replace("_", " ") for name in rows[0]]
    missing = [MISSING] * len(head)
    return _markdown([head, *([*row, *missing][: len(head)] for row in rows[1:])])


def _kernels_profiled(steps: dict[str, StepResult]) -> str:
    kernels = steps.get("profile", StepResult("profile")).found.get("kernels", [])
    if not kernels:
        return ""
    table = [("where a warm fp32 diagnosis spends its time", "ms", "calls")]
    for one in kernels[:8]:
        name = one["name"] if len(one["name"]) <= 60 else one["name"][:57] + "..."
        table.append((f"`{name}`".replace("|", "/"), f"{one['milliseconds']:.2f}", one["calls"]))
    return _markdown(table)


def _statuses(steps: dict[str, StepResult]) -> str:
    table = [("step", "status", "seconds", "why")]
    for step in steps.values():
        if step.name == "run":
            continue
        status = f"**{step.word}**" if step.status in _BAD else step.word
        why = str(step.found.get("error") or step.found.get("reason") or "")
        why = " ".join(why.split()).replace("|", "/")
        seconds = MISSING if step.seconds is None else f"{step.seconds:.1f}"
        table.append((step.name, status, seconds, why if len(why) <= 90 else why[:87] + "..."))
    return _markdown(table)


def _markdown(rows: Sequence[Sequence[object]]) -> str:
    """Return a table of a head and rows; all columns but the first are aligned to the right."""
    texts = [[str(cell) for cell in row] for row in rows]
    texts.insert(1, ["---", *["---:"] * (len(texts[0]) - 1)])
    return "\n".join(f"| {' | '.join(row)} |" for row in texts)


def _wrapped(text: str, indent: str = "") -> str:
    return "\n".join(textwrap.wrap(text, 100, subsequent_indent=indent))
