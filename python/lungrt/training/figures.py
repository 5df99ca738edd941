"""Figures of a training: curves of scores, ROC, histograms, and pictures of slices."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from lungrt.training.loop import Epoch, Result
from lungrt.training.scores import Predictions

BINS: NDArray[np.float64] = np.linspace(0, 1, 51)

_LUNG_WINDOW_HU = (-1000.0, 400.0)


def roc_figure(predictions: Predictions) -> Figure:
    """Return a figure of the last class's ROC curve with its AUC."""
    figure, (axes,) = _figure(1)
    _draw_roc(axes, predictions)
    return figure


def training_figure(result: Result) -> Figure:
    """Return a figure of losses and scores by epoch, and of the last validation's curves."""
    predictions = result.validation
    figure, panels = _figure(5 if predictions else 2)
    _draw_epochs(panels[0], result.epochs, ("loss/all",))
    _draw_epochs(panels[1], result.epochs, ("auc", "pr/precision", "pr/recall", "pr/f1"))
    if predictions:
        _draw_roc(panels[2], predictions)
        _draw_precision_recall(panels[3], predictions)
        _draw_histogram(panels[4], predictions)
    return figure


def to_png(figure: Figure) -> bytes:
    """Return a figure as the content of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def grey(hu: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a slice in Hounsfield units as grey values from 0 to 1, in a lung window."""
    low, high = _LUNG_WINDOW_HU
    scaled: NDArray[np.float32] = ((hu - low) / (high - low)).clip(0, 1).astype(np.float32)
    return scaled


def overlay(
    hu: NDArray[np.float32], found: NDArray[np.bool_], wanted: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return a slice [3, H, W] with found pixels in green, missed in orange, false ones in red."""
    picture = np.repeat(grey(hu)[None] * 0.7, 3, axis=0)
    for where, colour in (
        (found & wanted, (0.1, 0.9, 0.1)),
        (~found & wanted, (1.0, 0.6, 0.0)),
        (found & ~wanted, (1.0, 0.1, 0.1)),
    ):
        tint = np.array(colour, np.float32)[:, None]
        picture[:, where] = 0.5 * picture[:, where] + 0.5 * tint
    return picture.astype(np.float32)


def _figure(count: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(4.2 * count, 4), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, [figure.add_subplot(1, count, place + 1) for place in range(count)]


def _draw_epochs(axes: Axes, epochs: Sequence[Epoch], names: Sequence[str]) -> None:
    for name in names:
        for part, style in (("training", "--"), ("validation", "-")):
            points = [
                (epoch.number, scores[name])
                for epoch in epochs
                if name in (scores := getattr(epoch, part))
            ]
            if points:
                axes.plot(*zip(*points, strict=True), style, label=f"{name} {part}")
    axes.set_xlabel("epoch")
    axes.legend(fontsize="small")


def _draw_roc(axes: Axes, predictions: Predictions) -> None:
    wanted = predictions.is_positive
    axes.plot([0, 1], [0, 1], ":", color="grey")
    if wanted.any() and not wanted.all():
        false, true, _ = roc_curve(wanted, predictions.positive)
        area = np.trapezoid(true, false)
        axes.plot(false, true, label=f"AUC {area:.3f}")
        axes.legend()
    axes.set_xlabel("false-positive rate")
    axes.set_ylabel("true-positive rate")
    axes.set_title(predictions.classes[-1])


def _draw_precision_recall(axes: Axes, predictions: Predictions) -> None:
    if predictions.is_positive.any():
        precision, recall, _ = precision_recall_curve(predictions.is_positive, predictions.positive)
        axes.step(recall, precision, where="post")
    axes.set_xlabel("recall")
    axes.set_ylabel("precision")
    axes.set_ylim(0, 1.02)


def _draw_histogram(axes: Axes, predictions: Predictions) -> None:
    for is_class, name in (
        (~predictions.is_positive, "not " + predictions.classes[-1]),
        (predictions.is_positive, predictions.classes[-1]),
    ):
        axes.hist(predictions.positive[is_class], bins=BINS.tolist(), alpha=0.6, label=name)
    axes.set_xlabel(f"p({predictions.classes[-1]})")
    axes.legend()
