"""Comparison of a runtime's output with the eager module's: differences and changed decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lungrt import _core
from lungrt.export.goldens import Golden
from lungrt.export.manifest import StageEntry, Tolerance

_Array = NDArray[np.float32]

Run = Callable[[_Array], _Array]

# Tolerance that a bundle states for every engine; fp32 engines differ by up to 4e-4 on real scans.
PROMISED = Tolerance(absolute=1e-3, decision_band=5e-4)


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
    failed : bool
        Whether the runtime failed or is out of tolerance; False if it was skipped.
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
    failed: bool = False

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> ParityRow:
        """Return the row for a result of the C++ library."""
        found = values["comparison"]
        return cls(
            **{
                **values,
                "tolerance": Tolerance(**values["tolerance"]),
                "comparison": None if found is None else Comparison(**found),
            }
        )

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return asdict(self)


def replay(run: Run, golden: Golden, stage: StageEntry, row: ParityRow) -> ParityRow:
    """Run a golden's input and compare the output with the golden's.

    Parameters
    ----------
    run : callable
        Takes an input and returns an output, both float32.
    golden : Golden
    stage : StageEntry
    row : ParityRow
        Row to complete. Its tolerance counts, not the stage's.

    Returns
    -------
    ParityRow
        Copy of `row` with a comparison, or with a problem if the runtime failed.
    """
    found = ParityRow.of(
        _core.replay(run, golden.input, golden.output, _rule(stage, row.tolerance))
    )
    return replace(
        row,
        shape=found.shape,
        comparison=found.comparison,
        problem=found.problem,
        failed=found.failed,
    )


def largest_difference(one: _Array, other: _Array, stage: StageEntry) -> float:
    """Return the largest difference between two outputs of a stage's network, as probabilities.

    Raises
    ------
    InvalidArgument
        The outputs differ in shape, or values are NaN or infinite.
    """
    found = _core.compare(one, other, _rule(stage, PROMISED))
    return Comparison(**found).max_absolute


def _rule(stage: StageEntry, tolerance: Tolerance) -> _core.ComparisonRule:
    return _core.ComparisonRule(
        classes=len(stage.classes),
        logits=stage.output.kind == "logits",
        threshold=stage.threshold,
        absolute=tolerance.absolute,
        decision_band=tolerance.decision_band,
    )
