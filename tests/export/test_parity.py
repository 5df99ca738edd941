"""Rows of parity: how they are made of an output, and their table.

tests/cpp/core/bundle/test_comparison.cpp tests the numbers and decisions themselves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lungrt import _core
from lungrt.errors import InvalidArgument
from lungrt.export.goldens import Golden
from lungrt.export.manifest import InputEntry, OutputEntry, StageEntry, Tolerance
from lungrt.export.parity import Comparison, ParityRow, largest_difference, replay
from lungrt.export.parity_table import parity_text

BAND = 5e-4
TOLERANCE = Tolerance(1e-3, BAND)
ROW = ParityRow("nodule", 0, "torch", "2.13.0", TOLERANCE, "golden 0", (1, 2, 3))

CLASSES = {
    1: ("nodule",),
    2: ("non-nodule", "nodule"),
    3: ("non-nodule", "benign", "malignant"),
}


def _stage(classes: int, kind: str = "probability", threshold: float = 0.5) -> StageEntry:
    entry = InputEntry((-1000, 1000), 1, 0, crop=(1, 1, 1))
    return StageEntry(entry, OutputEntry(kind), CLASSES[classes], threshold, {}, [])


def _golden(output: object) -> Golden:
    return Golden(np.zeros((1, 1), np.float32), np.asarray(output, np.float32))


def _replay(actual: object, eager: object, stage: StageEntry, row: ParityRow = ROW) -> ParityRow:
    output = np.asarray(actual, np.float32)
    return replay(lambda x: output, _golden(eager), stage, row)


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_logits_become_probabilities_as_torch_makes_them(classes: int) -> None:
    logits = 30 * torch.randn(50, classes, generator=torch.Generator().manual_seed(0))
    expected = torch.sigmoid(logits) if classes == 1 else torch.softmax(logits, dim=1)
    rule = _core.ComparisonRule(
        classes=classes, logits=True, threshold=0.5, absolute=1e-3, decision_band=BAND
    )
    found = _core.compare(expected.numpy(), logits.numpy(), rule, gives_probabilities=True)
    assert found["values"] == 50 * classes
    assert found["max_absolute"] < 1e-6
    assert found["flips"] == 0


def test_the_row_is_completed() -> None:
    row = _replay([[0.25], [0.75], [0.45]], [[0.25], [0.75], [0.55]], _stage(1))
    assert row.comparison is not None
    assert row.comparison.values == row.comparison.decisions == 3
    assert row.comparison.max_absolute == pytest.approx(0.1, rel=1e-6)
    assert (row.comparison.flips, row.comparison.flips_outside_band) == (1, 1)
    assert (row.stage, row.runtime, row.input, row.shape) == ("nodule", "torch", "golden 0", (1, 1))
    assert row.failed
    assert row.to_json()["failed"] is True


def test_the_stage_says_how_to_compare() -> None:
    flips = _replay([[0.31]], [[0.29]], _stage(1, threshold=0.3)).comparison
    assert flips is not None
    assert flips.flips == 1
    logits = _replay([[20.0]], [[25.0]], _stage(1, "logits"))
    assert not logits.failed


def test_the_tolerance_is_that_of_the_row() -> None:
    strict = replace(ROW, tolerance=Tolerance(1e-5, BAND))
    for row, failed in ((ROW, False), (strict, True)):
        assert _replay([[0.2501]], [[0.25]], _stage(1), row).failed is failed


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        (np.zeros((1, 2), np.float32), "output shape [1, 2], expected [2, 1]"),
        (np.zeros((2, 1)), "failed: output type float64, expected float32"),
        ([[0.0], [0.0]], "failed: output is a list, expected a float32 array"),
        (np.full((2, 1), np.nan, np.float32), "the output has 2 of 2 values NaN or infinite"),
    ],
)
def test_an_output_that_cannot_be_compared(output: Any, problem: str) -> None:
    row = replay(lambda x: output, _golden([[0.0], [0.0]]), _stage(1), ROW)
    assert row.problem == problem
    assert row.failed


def test_what_ends_the_program_is_no_problem_of_the_runtime() -> None:
    def interrupted(x: NDArray[np.float32]) -> NDArray[np.float32]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(interrupted, _golden([[0.0]]), _stage(1), ROW)


def test_the_largest_difference() -> None:
    one, other = (np.asarray([[p], [0.5]], np.float32) for p in (0.2, 0.3))
    assert largest_difference(one, other, _stage(1)) == pytest.approx(0.1, rel=1e-6)
    with pytest.raises(InvalidArgument, match="outputs cannot be compared: their shapes are"):
        largest_difference(one, other[:1], _stage(1))


class TestTable:
    GOOD = Comparison(10, 1e-5, 1e-6, 1e-4, 1e-5, 10, 0, 0)
    WORSE = Comparison(30, 3e-5, 5e-6, 2e-4, 3e-5, 30, 1, 0)

    def test_a_line_sums_up(self) -> None:
        rows = [
            replace(ROW, comparison=self.GOOD, shape=(1, 1, 8)),
            replace(ROW, comparison=self.WORSE, shape=(4, 1, 6), input="golden 1"),
        ]
        text = parity_text(rows)
        (line,) = (line for line in text.splitlines() if line.startswith("nodule"))
        expected = "nodule torch 3.0e-05 4.0e-06 2.0e-04 2.5e-05 1 of 40 ok"
        assert " ".join(line.split()) == expected
        assert text.splitlines()[-3:] == [
            "inputs of nodule: 2 of shape 1-4 x 1 x 6-8",
            "tolerance: difference of a probability at most 0.001, flips only within 0.0005 of the "
            "threshold",
            "runtimes: torch (2.13.0)",
        ]

    def test_failures_are_told_one_by_one(self) -> None:
        bad = replace(self.GOOD, max_absolute=0.25, flips=2, flips_outside_band=1)
        rows = [
            replace(ROW, comparison=self.GOOD),
            replace(ROW, comparison=bad, input="golden 1", failed=True),
            replace(ROW, problem="failed: no", input="golden 2", failed=True),
        ]
        text = parity_text(rows)
        assert "2 failed" in text
        assert text.splitlines()[-2:] == [
            "nodule 0, torch, golden 1 (1 x 2 x 3): probabilities differ from eager PyTorch by up "
            "to 0.25, allowed 0.001; 2 of 10 decisions flip, 1 of them farther than 0.0005 from "
            "the threshold",
            "nodule 0, torch, golden 2 (1 x 2 x 3): failed: no",
        ]

    def test_members_and_runtimes_that_are_skipped(self) -> None:
        rows = [
            replace(ROW, comparison=self.GOOD),
            replace(ROW, comparison=self.GOOD, member=1),
            replace(ROW, skipped="it is not installed", runtime="onnxruntime", version=""),
        ]
        text = parity_text(rows)
        assert "\nnodule 0 " in text
        assert "\nnodule 1 " in text
        assert text.splitlines()[-1] == "onnxruntime skipped: it is not installed"
