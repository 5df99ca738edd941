"""How far an output is from the eager module's, and what that means for decisions."""

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

# What a bundle promises of every engine; fp32 engines differ by up to 4e-4 on real scans.
PROMISED = Tolerance(absolute=1e-3, decision_band=5e-4)

# Where an eager probability is smaller, errors are relative to this: a millionth more or less of
# a probability that is zero to everybody is no large error.
_SMALLEST_REFERENCE = 1e-3

_MALIGNANT = 0.5  # threshold of p_malignant in a nodule classifier of three classes


@dataclass(frozen=True)
class Comparison:
    """An output held against the eager module's, both as probabilities.

    Attributes
    ----------
    values : int
        How many were compared.
    max_absolute, mean_absolute : float
        Of the differences.
    max_relative, mean_relative : float
        Of the differences divided by the eager probability, or by 0.001 where that is smaller.
    decisions : int
        How many decisions the output makes: pixels, or crops.
    flips : int
        Decisions that are not the eager ones.
    flips_outside_band : int
        Of these, the ones whose eager probability is not within the decision band.
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
    """What became of one network in one runtime on one input.

    Exactly one of `comparison`, `problem` and `skipped` is given.

    Attributes
    ----------
    stage : str
    member : int
        Number of the network in its stage, from 0.
    runtime : str
        What ran it, e.g. ``"onnxruntime"``.
    version : str
        Of the runtime; empty if it is not here.
    tolerance : Tolerance
        What it is held to.
    input : str
        Which input, e.g. ``"golden 0"``.
    shape : tuple of int
        Of the input.
    comparison : Comparison or None
    problem : str
        Why there is nothing to compare, if the runtime failed or gave something unusable.
    skipped : str
        Why the runtime was not asked, if it is not here.
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
        """Whether it is out of tolerance; a skipped runtime is not."""
        if self.comparison is None:
            return not self.skipped
        return (
            self.comparison.max_absolute > self.tolerance.absolute
            or self.comparison.flips_outside_band > 0
        )

    def to_json(self) -> dict[str, Any]:
        """Return the row for machines."""
        return {**asdict(self), "failed": self.failed}


def replay(
    run: Run,
    golden: Golden,
    stage: StageEntry,
    row: ParityRow,
    *,
    gives_probabilities: bool = False,
) -> ParityRow:
    """Run an input and compare.

    Parameters
    ----------
    run : callable
        From input to output, both float32.
    golden : Golden
    stage : StageEntry
    row : ParityRow
        What is known so far.
    gives_probabilities : bool, optional
        Whether `run` gives probabilities although the stage's networks give logits.

    Returns
    -------
    ParityRow
        A copy of `row` with a comparison or a problem; a runtime that fails does not raise.
    """
    row = replace(row, shape=golden.input.shape)
    for values in (golden.input, golden.output):
        if found := _unusable(values):
            problem = f"has {found}, which nothing can be held against; export again"
            return replace(row, problem=problem)
    try:
        output = run(golden.input)
    # A runtime fails in any way it likes; each is a finding, and the other rows are wanted too.
    except Exception as error:
        return replace(row, problem=f"failed: {type(error).__name__}: {error}")
    if output.shape != golden.output.shape:
        expected = list(golden.output.shape)
        return replace(row, problem=f"gave shape {list(output.shape)}, expected {expected}")
    if output.dtype != np.float32:
        return replace(row, problem=f"gave {output.dtype}, expected float32")
    if found := _unusable(output):
        return replace(row, problem=f"gave {found}")
    is_logits = stage.output.kind == "logits"
    actual = probabilities(output, is_logits=is_logits and not gives_probabilities)
    eager = probabilities(golden.output, is_logits=is_logits)
    return replace(row, comparison=_compare(actual, eager, stage, row.tolerance.decision_band))


def _unusable(values: _Array) -> str:
    """What is no number among values; empty where all are."""
    count = int((~np.isfinite(values)).sum())
    return f"{count} of {values.size} values NaN or infinite" if count else ""


def probabilities(output: _Array, *, is_logits: bool) -> _Exact:
    """Return a network's output as probabilities, as the runtime understands it.

    Logits of one class are put through a sigmoid, those of several through a softmax.
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
    """Return the class of each pixel or crop, and how far its probability is from another."""
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
