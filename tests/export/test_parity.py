"""Numbers about differences, and what they mean for decisions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lungrt.export.goldens import Golden
from lungrt.export.manifest import InputEntry, OutputEntry, StageEntry, Tolerance
from lungrt.export.parity import Comparison, ParityRow, probabilities, replay
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


def _compare(
    actual: object, eager: object, *, kind: str = "probability", threshold: float = 0.5
) -> Comparison:
    outputs = [np.asarray(values, np.float32) for values in (actual, eager)]
    stage = _stage(outputs[0].shape[1], kind, threshold)
    golden = Golden(np.zeros((1, 1), np.float32), outputs[1])
    row = replay(lambda x: outputs[0], golden, stage, ROW)
    assert row.comparison is not None, row.problem
    return row.comparison


def _pair(p: float) -> list[float]:
    return [1 - p, p]


def test_errors() -> None:
    c = _compare([[0.5], [0.25], [1e-6]], [[0.5], [0.26], [0.0]])
    assert c.values == 3
    assert c.max_absolute == pytest.approx(0.01, rel=1e-5)
    assert c.mean_absolute == pytest.approx((0.01 + 1e-6) / 3, rel=1e-4)
    assert c.max_relative == pytest.approx(0.01 / 0.26, rel=1e-5)
    assert c.mean_relative == pytest.approx((0.01 / 0.26 + 1e-6 / 1e-3) / 3, rel=1e-4)


@pytest.mark.parametrize("classes", [1, 2])
def test_flips(classes: int) -> None:
    pairs = [(0.4999, 0.5001), (0.5001, 0.4999), (0.9, 0.51), (0.2, 0.8), (0.51, 0.4994)]
    as_output = (lambda p: [p]) if classes == 1 else _pair
    c = _compare([as_output(p) for p, _ in pairs], [as_output(q) for _, q in pairs])
    assert (c.decisions, c.flips, c.flips_outside_band) == (5, 4, 2)


def test_the_threshold_itself_is_no_nodule() -> None:
    assert _compare([[0.5]], [[0.49999]]).flips == 0
    assert _compare([[0.5]], [[0.50001]]).flips == 1


def test_the_stage_sets_the_threshold() -> None:
    assert _compare([[0.31]], [[0.29]], threshold=0.3).flips == 1
    assert _compare([[0.51]], [[0.49]], threshold=0.3).flips == 0


@pytest.mark.parametrize(
    ("actual", "eager", "flips", "outside"),
    [
        ([0.4, 0.2, 0.4], [0.4, 0.2, 0.4], 0, 0),
        ([0.6, 0.1, 0.3], [0.4, 0.2, 0.4], 1, 1),  # nodule or not
        ([0.4, 0.4, 0.2], [0.4, 0.2, 0.4], 1, 1),  # malignant or not
        ([0.5001, 0.1, 0.3999], [0.4999, 0.1, 0.4001], 1, 0),
        ([0.2, 0.4001, 0.3999], [0.2, 0.3999, 0.4001], 1, 0),
        ([0.9, 0.06, 0.04], [0.9, 0.04, 0.06], 0, 0),  # malignant does not count without nodule
        ([1.0, 0.0, 0.0], [1.0, 0.0, 0.0], 0, 0),
    ],
)
def test_three_classes(actual: list[float], eager: list[float], flips: int, outside: int) -> None:
    c = _compare([actual], [eager])
    assert (c.decisions, c.flips, c.flips_outside_band) == (1, flips, outside)


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_logits_become_probabilities_as_torch_makes_them(classes: int) -> None:
    logits = 30 * torch.randn(50, classes, generator=torch.Generator().manual_seed(0))
    expected = torch.sigmoid(logits) if classes == 1 else torch.softmax(logits, dim=1)
    actual = probabilities(logits.numpy(), is_logits=True)
    np.testing.assert_allclose(actual, expected.numpy(), atol=1e-6)


def test_extreme_logits() -> None:
    for logits in ([[-1e4], [1e4]], [[-1e4, 1e4], [1e4, -1e4]]):
        p = probabilities(np.asarray(logits, np.float32), is_logits=True)
        assert p[:, -1].tolist() in ([0, 1], [1, 0])


def test_logits_are_compared_as_probabilities() -> None:
    c = _compare([[20.0]], [[25.0]], kind="logits")
    assert c.max_absolute < 1e-8
    assert _compare([[0.1]], [[-0.1]], kind="logits").flips == 1


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        ({}, False),
        ({"max_absolute": 0.0011}, True),
        ({"flips": 3}, False),
        ({"flips": 3, "flips_outside_band": 1}, True),
    ],
)
def test_what_fails(change: dict[str, float], failed: bool) -> None:
    good = Comparison(10, 1e-3, 1e-4, 0.1, 0.01, 10, 0, 0)
    row = replace(ROW, comparison=replace(good, **change))  # type: ignore[arg-type]
    assert row.failed is failed
    assert row.to_json()["failed"] is failed


def test_what_is_skipped_does_not_fail_and_what_broke_does() -> None:
    assert not replace(ROW, skipped="not here").failed
    assert replace(ROW, problem="broke").failed


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
            replace(ROW, comparison=bad, input="golden 1"),
            replace(ROW, problem="failed: no", input="golden 2"),
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


def test_an_array_of_another_shape_is_a_problem() -> None:
    golden = Golden(np.zeros((1, 1), np.float32), np.zeros((2, 1), np.float32))

    def transposed(x: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.zeros((1, 2), np.float32)

    row = replay(transposed, golden, _stage(1), ROW)
    assert row.problem == "output shape [1, 2], expected [2, 1]"
    assert row.failed
