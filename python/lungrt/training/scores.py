"""Scores of predictions."""

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
    """Predictions of a classifier with the true labels.

    Attributes
    ----------
    probabilities : ndarray, shape (N, classes)
    labels : ndarray of int, shape (N,)
        Index of the true class of each item.
    losses : ndarray, shape (N,)
    classes : tuple of str
    """

    probabilities: NDArray[np.float32]
    labels: NDArray[np.int64]
    losses: NDArray[np.float32]
    classes: tuple[str, ...]

    @property
    def positive(self) -> NDArray[np.float32]:
        """Probability of the last class, the positive one."""
        return self.probabilities[:, -1]

    @property
    def is_positive(self) -> NDArray[np.bool_]:
        """Whether the last class is the true one."""
        is_last: NDArray[np.bool_] = self.labels == len(self.classes) - 1
        return is_last


def classification_scores(predictions: Predictions) -> Scores:
    """Return losses and accuracies by class, precision, recall, F1 and AUC of the last class.

    Scores that are undefined because a class is missing are NaN.
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
    """Return the loss, precision, recall, F1 and percentages of the marked pixels.

    Parameters
    ----------
    losses : sequence of float
        Loss of each image.
    tp, fp, fn : float
        Numbers of true-positive, false-positive and false-negative pixels.
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
    """Return precision, recall and F1, their harmonic mean; undefined ones are NaN."""
    return {
        "pr/precision": _ratio(tp, tp + fp),
        "pr/recall": _ratio(tp, tp + fn),
        "pr/f1": _ratio(2 * tp, 2 * tp + fp + fn),
    }


def area_under_curve(wanted: NDArray[np.bool_], score: NDArray[np.floating]) -> float:
    """Return the area under the ROC curve; NaN if a class is missing."""
    if wanted.all() or not wanted.any():
        return float("nan")
    return float(roc_auc_score(wanted, score))


def _mean(values: NDArray[np.float32] | NDArray[np.float64] | NDArray[np.bool_]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
