"""How good predictions are, in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

Scores = dict[str, float]

THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a classifier said of some items, and what they are.

    Attributes
    ----------
    probabilities : ndarray, shape (N, classes)
    labels : ndarray of int, shape (N,)
    losses : ndarray, shape (N,)
    classes : tuple of str
    """

    probabilities: NDArray[np.float32]
    labels: NDArray[np.int64]
    losses: NDArray[np.float32]
    classes: tuple[str, ...]

    @property
    def positive(self) -> NDArray[np.float32]:
        """Probability of the last class, which is the one that matters."""
        return self.probabilities[:, -1]

    @property
    def is_positive(self) -> NDArray[np.bool_]:
        """Whether the last class is right."""
        is_last: NDArray[np.bool_] = self.labels == len(self.classes) - 1
        return is_last


def classification_scores(predictions: Predictions) -> Scores:
    """Return losses and accuracies by class, precision, recall, F1 and AUC of the last class.

    NaN where a class is not there; never an error.
    """
    predicted = predictions.probabilities.argmax(axis=1)
    right = predicted == predictions.labels
    scores = {"loss/all": _mean(predictions.losses), "correct/all": _mean(right)}
    for number, name in enumerate(predictions.classes):
        members = predictions.labels == number
        scores[f"loss/{name}"] = _mean(predictions.losses[members])
        scores[f"correct/{name}"] = _mean(right[members])
    found = predicted == len(predictions.classes) - 1
    wanted = predictions.is_positive
    scores |= precision_recall(
        int((found & wanted).sum()), int((found & ~wanted).sum()), int((~found & wanted).sum())
    )
    scores["auc"] = area_under_curve(wanted, predictions.positive)
    if len(predictions.classes) > 2:
        scores["auc_nodule"] = area_under_curve(
            predictions.labels > 0, 1 - predictions.probabilities[:, 0]
        )
    return scores


def segmentation_scores(losses: Sequence[float], tp: float, fp: float, fn: float) -> Scores:
    """Return the loss, and precision, recall, F1 and shares of all marked pixels.

    Parameters
    ----------
    losses : sequence of float
        By image.
    tp, fp, fn : float
        Pixels that were rightly marked, wrongly marked, and missed.
    """
    marked = tp + fn
    return {
        "loss/all": _mean(np.asarray(losses)),
        **precision_recall(tp, fp, fn),
        "percent_of_marked/found": _ratio(tp, marked) * 100,
        "percent_of_marked/missed": _ratio(fn, marked) * 100,
        "percent_of_marked/false": _ratio(fp, marked) * 100,
    }


def precision_recall(tp: float, fp: float, fn: float) -> Scores:
    """Return precision, recall and their harmonic mean; NaN where undefined."""
    return {
        "pr/precision": _ratio(tp, tp + fp),
        "pr/recall": _ratio(tp, tp + fn),
        "pr/f1": _ratio(2 * tp, 2 * tp + fp + fn),
    }


def area_under_curve(wanted: NDArray[np.bool_], score: NDArray[np.floating]) -> float:
    """Return the area under the ROC curve; NaN where one class is missing."""
    if wanted.all() or not wanted.any():
        return float("nan")
    return float(roc_auc_score(wanted, score))


def _mean(values: NDArray[np.float32] | NDArray[np.float64] | NDArray[np.bool_]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
