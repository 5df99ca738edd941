"""What programs in other languages print, held against the same run from Python."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lungrt


def comparable(report: str) -> dict[str, Any]:
    """Return a report without what differs from run to run."""
    content: dict[str, Any] = json.loads(report)
    del content["timings_s"]
    return content


def run_program(command: Sequence[str | Path]) -> str:
    """Return what a program printed; it must not fail."""
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def expect_diagnosis(printed: str, expected: lungrt.Report) -> None:
    """Hold a program's output against a report.

    It is a line for each nodule (world centre, probabilities, diameter, with 17 digits), a line
    ``progress STAGES``, a line ``refused STATUS TEXT`` for a null volume, then the JSON.
    """
    head, brace, json_text = printed.partition("{")
    assert comparable(brace + json_text) == comparable(expected.to_json(with_candidates=True))
    *nodules, progress, refused = head.splitlines()
    assert len(nodules) == len(expected.nodules) > 0
    for line, nodule in zip(nodules, expected.nodules, strict=True):
        malignant = float("nan") if nodule.p_malignant is None else nodule.p_malignant
        numbers = [*nodule.center_mm, nodule.p_nodule, malignant, nodule.diameter_mm]
        assert repr([float(word) for word in line.split()]) == repr(numbers)
    assert progress == "progress find lungs segment classify malignancy"
    assert refused.startswith("refused InvalidArgument lungrt_pipeline_run: volume is a null")
