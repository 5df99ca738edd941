"""TensorBoard log of a training: scores, curves, histograms, pictures and learning rates."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from lungrt.errors import Io
from lungrt.training.figures import BINS, grey, overlay, roc_figure
from lungrt.training.loop import Epoch
from lungrt.training.objectives import probabilities_of_any_size
from lungrt.training.scores import THRESHOLD, Predictions, Scores
from lungrt.training.session import Session

_SHOWN = 8  # crops or slices per epoch


class TensorBoardLog:
    """Log with two TensorBoard runs, ``training`` and ``validation``.

    Parameters
    ----------
    folder : path
        Folder for ``tensorboard --logdir``. The log of a training that is resumed is continued;
        epochs that are trained again replace the earlier ones.

    Raises
    ------
    Io
        The folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, SummaryWriter] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Io(f"{folder}: cannot write to this folder ({error.strerror})") from error

    def __enter__(self) -> TensorBoardLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for writer in self._writers.values():
            writer.close()

    def write_epoch(
        self,
        epoch: Epoch,
        training: Predictions | None,
        validation: Predictions | None,
        session: Session,
    ) -> None:
        """Write the results of an epoch."""
        number = epoch.number
        if not self._writers:
            for part in ("training", "validation"):
                self._writers[part] = SummaryWriter(str(self._folder / part), purge_step=number)
        for block, rate in epoch.learning_rates.items():
            self._writers["training"].add_scalar(f"learning_rate/{block}", rate, number)
        self._write_scores("training", epoch.training, number)
        self._write_scores("validation", epoch.validation, number)
        if training:
            self._write_predictions("training", training, number)
        if validation:
            self._write_predictions("validation", validation, number)
        if epoch.validation:
            self._write_pictures(session, number)
        for writer in self._writers.values():
            writer.flush()

    def _write_scores(self, part: str, scores: Scores, number: int) -> None:
        for name, value in scores.items():
            if np.isfinite(value):
                self._writers[part].add_scalar(name, value, number)

    def _write_predictions(self, part: str, predictions: Predictions, number: int) -> None:
        writer = self._writers[part]
        wanted, positive = predictions.is_positive, predictions.positive
        for name, members in (("label_neg", ~wanted), ("label_pos", wanted)):
            if members.any():
                writer.add_histogram(name, positive[members], number, bins=BINS.tolist())
        writer.add_pr_curve("pr", wanted.astype(np.int64), positive, number)
        # close=True would use pyplot, which does not manage this figure.
        writer.add_figure("roc", roc_figure(predictions), number, close=False)

    def _write_pictures(self, session: Session, number: int) -> None:
        items = session.objective.validation
        count = len(items)
        chosen = np.linspace(0, count - 1, min(_SHOWN, count)).astype(int)
        writer = self._writers["validation"]
        if session.settings.task != "segmentation":
            crops = [items[int(i)][0][0] for i in chosen]
            middles = np.stack([grey(crop[len(crop) // 2].numpy()) for crop in crops])
            writer.add_images("crops", middles[:, None], number)
            return
        for place, index in enumerate(chosen):
            hu, mask = items[int(index)]
            with torch.no_grad():
                out = probabilities_of_any_size(session.result, hu[None].to(session.device))
            picture = overlay(
                hu[len(hu) // 2].numpy(),
                (out[0, 0].cpu() > THRESHOLD).numpy(),
                (mask[0] > THRESHOLD).numpy(),
            )
            writer.add_image(f"slices/{place}", picture, number)
