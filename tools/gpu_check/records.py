"""Records of a run: one JSON object a line, appended at once, so that nothing is lost.

Every record has `step` and `at`, the seconds since 1970. Those of the runner have `status` and, at
the end of a step, `seconds`; those of the steps themselves have what they found.
"""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path
from typing import Any

SUMMARY = "summary.jsonl"
LOG = "log.txt"

STARTED = "started"
OK = "ok"
FAILED = "failed"
NOT_LOADED = "not loaded"  # a package or library that it needs cannot be loaded
TIMEOUT = "timeout"  # it was ended because it took too long
ABSENT = "absent"  # something that it needs is not on this machine
NOT_RUN = "not run"  # the time for all steps was over


def append(output: Path, step: str, **found: Any) -> None:
    """Append a record; it is on disk when this returns."""
    line = json.dumps({"step": step, "at": round(time.time(), 3), **_plain(found)})
    file = os.open(output / SUMMARY, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, line.encode() + b"\n")
        os.fsync(file)
    finally:
        os.close(file)


def read(output: Path) -> list[dict[str, Any]]:
    """Return the records of a run in their order; a line that was cut off is left out."""
    records = []
    for line in (output / SUMMARY).read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue  # the machine was taken away in the middle of a write
        if isinstance(record, dict) and "step" in record:
            records.append(record)
    return records


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
