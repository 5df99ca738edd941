"""Comparison of a runtime's output with the eager module's: differences and changed decisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lungrt.export.goldens import Golden
from lungrt.export.manifest import StageEntry, Tolerance

_Array = NDArray[np.float32]
_Exact = NDArray[np.float64]

Run = Callable[[_Array], _Array]

# Tolerance that a bundle states for every engine; fp32 engines differ by up to 4e-4 on real scans.
PROMISED = Tolerance(absolute=1e-3, decision_band=5e-4)

# Smallest reference of relative differences: a difference of 1e-6 between probabilities that are
# practically zero must not count as a large one.
_SMALLEST_REFERENCE = 1e-3

_MALIGNANT = 0.5  # threshold of p_malignant in a nodule classifier of three classes


@dataclass(frozen=True)
class Comparison:
    """Differences between two outputs as probabilities, a runtime's and the eager module's.

    Attributes
    ----------
    values : int
        Number of values that were compared.
    max_absolute, mean_absolute : float
        Largest and mean difference.
    max_relative, mean_relative : float
        Largest and mean relative difference. A difference is divided by the eager probability, or
        by 0.001 where that probability is smaller.
    decisions : int
        Number of decisions: one for each pixel of a slice, or for each crop.
    flips : int
        Number of decisions that differ from the eager ones.
    flips_outside_band : int
        Number of flips whose eager probability lies outside of the decision band.
    """

    values: int
    max_absolute: float
    mean_absolute: float
    max_relative: float
    mean_relative: float
    decisions: int
    flips: int
    flips_outside_band: int


@dataclass(frozen=True)
class ParityRow:
    """Result of one network in one runtime on one input.

    Exactly one of `comparison`, `problem` and `skipped` is given.

    Attributes
    ----------
    stage : str
    member : int
        Number of the network in its stage, from 0.
    runtime : str
        Name of the runtime, such as ``"onnxruntime"``.
    version : str
        Version of the runtime; empty if it is not installed.
    tolerance : Tolerance
        Largest difference that is accepted.
    input : str
        Name of the input, such as ``"golden 0"``.
    shape : tuple of int
        Shape of the input.
    comparison : Comparison or None
    problem : str
        Reason why nothing could be compared, if the runtime failed or its output is unusable.
    skipped : str
        Reason why the runtime was not run, if it is not installed.
    """

    stage: str
    member: int
    runtime: str
    version: str
    tolerance: Tolerance
    input: str = ""
    shape: tuple[int, ...] = ()
    comparison: Comparison | None = None
    problem: str = ""
    skipped: str = ""

    @property
    def failed(self) -> bool:
        """Whether the runtime failed or is out of tolerance; False if it was skipped."""
        if self.comparison is None:
            return not self.skipped
        return (
            self.comparison.max_absolute > self.tolerance.absolute
            or self.comparison.flips_outside_band > 0
        )

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {**asdict(self), "failed": self.failed}


def replay(
    run: Run,
    golden: Golden,
    stage: StageEntry,
    row: ParityRow,
    *,
    gives_probabilities: bool = False,
) -> ParityRow:
    """Run a golden's input and compare the output with the golden's.

    Parameters
    ----------
    run : callable
        Takes an input and returns an output, both float32.
    golden : Golden
    stage : StageEntry
    row : ParityRow
        Row to complete.
    gives_probabilities : bool, optional
        Whether `run` returns probabilities although the stage's networks return logits.

    Returns
    -------
    ParityRow
        Copy of `row` with a comparison, or with a problem if the runtime failed.
    """
    row = replace(row, shape=golden.input.shape)
    for values in (golden.input, golden.output):
        if found := _unusable(values):
            problem = f"the golden has {found}, so nothing can be compared; export the bundle again"
            return replace(row, problem=problem)
    try:
        output = run(golden.input)
    # A runtime may raise any exception. It is recorded, since the other rows are still wanted.
    except Exception as error:
        return replace(row, problem=f"failed: {type(error).__name__}: {error}")
    if output.shape != golden.output.shape:
        problem = f"output shape {list(output.shape)}, expected {list(golden.output.shape)}"
        return replace(row, problem=problem)
    if output.dtype != np.float32:
        return replace(row, problem=f"output type {output.dtype}, expected float32")
    if found := _unusable(output):
        return replace(row, problem=f"the output has {found}")
    is_logits = stage.output.kind == "logits"
    actual = probabilities(output, is_logits=is_logits and not gives_probabilities)
    eager = probabilities(golden.output, is_logits=is_logits)
    return replace(row, comparison=_compare(actual, eager, stage, row.tolerance.decision_band))


def _unusable(values: _Array) -> str:
    """Return how many values are NaN or infinite, as text; empty if all are finite."""
    count = int((~np.isfinite(values)).sum())
    return f"{count} of {values.size} values NaN or infinite" if count else ""


def probabilities(output: _Array, *, is_logits: bool) -> _Exact:
    """Return a network's output as probabilities.

    Logits become probabilities by a sigmoid if there is one class, else by a softmax, as in the
    C++ engines.
    """
    exact = output.astype(np.float64)
    if not is_logits:
        return exact
    if exact.shape[1] == 1:
        return np.asarray(0.5 * (1 + np.tanh(exact / 2)))  # the sigmoid, without overflow
    powers = np.exp(exact - exact.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _compare(actual: _Exact, eager: _Exact, stage: StageEntry, band: float) -> Comparison:
    absolute = np.abs(actual - eager)
    relative = absolute / np.maximum(np.abs(eager), _SMALLEST_REFERENCE)
    decision, _ = _decide(actual, stage)
    eager_decision, margin = _decide(eager, stage)
    flips = decision != eager_decision
    return Comparison(
        actual.size,
        float(absolute.max()),
        float(absolute.mean()),
        float(relative.max()),
        float(relative.mean()),
        flips.size,
        int(flips.sum()),
        int((flips & (margin > band)).sum()),
    )


def _decide(p: _Exact, stage: StageEntry) -> tuple[NDArray[np.int64], _Exact]:
    """Return the class of each pixel or crop, and the distance of its probability to a change."""
    if len(stage.classes) < 3:
        score = p[:, -1]  # nodule, or malignant
        return (score > stage.threshold).astype(np.int64), np.abs(score - stage.threshold)
    p_nodule = 1 - p[:, 0]
    p_malignant = p[:, 2] / np.maximum(p_nodule, np.finfo(np.float64).tiny)
    is_nodule = p_nodule > stage.threshold
    decision = np.where(is_nodule, 1 + (p_malignant > _MALIGNANT), 0)
    margin = np.abs(p_nodule - stage.threshold)
    nearest = np.minimum(margin, np.abs(p_malignant - _MALIGNANT))
    return decision, np.where(is_nodule, nearest, margin)
