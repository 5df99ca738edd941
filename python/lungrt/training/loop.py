"""Loop over epochs: trains, validates, keeps the best checkpoint, and can be resumed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from lungrt.errors import InvalidArgument
from lungrt.json_text import without_undefined
from lungrt.training.files import read_resume, write_checkpoint, write_resume
from lungrt.training.scores import Predictions, Scores
from lungrt.training.session import Progress, Session

_SCORE_NAMES = {"auc": "auc", "recall": "pr/recall", "f1": "pr/f1", "loss": "loss/all"}


@dataclass(frozen=True, eq=False)
class Epoch:
    """Result of an epoch.

    Attributes
    ----------
    number : int
        Number of the epoch, from 1.
    training, validation : dict of str to float
        Scores; those of validation are empty if the epoch was not validated.
    learning_rates : dict of str to float
        Learning rate of each block.
    is_best : bool
        Whether the epoch was saved as the best one so far.
    """

    number: int
    training: Scores
    validation: Scores
    learning_rates: dict[str, float]
    is_best: bool


class Log(Protocol):
    """Log of a training, such as `lungrt.training.tensorboard.TensorBoardLog`."""

    def write_epoch(
        self,
        epoch: Epoch,
        training: Predictions | None,
        validation: Predictions | None,
        session: Session,
    ) -> None:
        """Write the results of an epoch to the log."""


@dataclass(eq=False)
class Result:
    """Result of a training.

    Attributes
    ----------
    epochs : list of Epoch
        Epochs of this run and of the run that it resumed.
    best_epoch : int or None
        Best epoch; None if nothing was validated, so that the last epoch was saved.
    best_score : float
        Score of the best epoch, or its negative loss.
    stopped_early : bool
    validation : Predictions or None
        Predictions of the last validation.
    """

    epochs: list[Epoch] = field(default_factory=list)
    best_epoch: int | None = None
    best_score: float = math.nan
    stopped_early: bool = False
    validation: Predictions | None = None

    def to_json(self) -> dict[str, Any]:
        """Return all scores of all epochs as JSON values; undefined ones are None."""
        return {
            "best_epoch": self.best_epoch,
            "best_score": self.best_score if self.best_epoch else None,
            "stopped_early": self.stopped_early,
            "epochs": [
                {
                    "number": epoch.number,
                    "training": without_undefined(epoch.training),
                    "validation": without_undefined(epoch.validation),
                    "learning_rates": epoch.learning_rates,
                }
                for epoch in self.epochs
            ],
        }


def resume_file(output: Path) -> Path:
    """Return the path of the resume file of a training."""
    return output.with_name(output.name + ".resume")


def run(
    session: Session,
    output: Path | None,
    *,
    resume: bool = False,
    log: Log | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    progress: Progress | None = None,
) -> Result:
    """Train until the last epoch, or until the validation score stops improving.

    Parameters
    ----------
    session : Session
    output : path or None
        File of the checkpoint of the best epoch, or of the last epoch if nothing is validated;
        None writes no files. ``<output>.resume`` beside it is written after each epoch.
    resume : bool
        Continue from the resume file. On the CPU with the same number of threads, the result is
        bit for bit that of a training without an interruption.
    log : Log, optional
        Log of each epoch.
    on_epoch : callable, optional
        Called after each epoch.
    progress : callable, optional
        Called after each batch with a stage, the batches done and their total number.

    Returns
    -------
    Result

    Raises
    ------
    InvalidArgument
        Early stopping is set without validation samples, the score that selects the best epoch is
        undefined on the validation samples, or the resume file has other settings.
    Io
        A file cannot be read or written.
    """
    settings = session.settings
    validates = len(session.objective.validation) > 0
    if settings.patience and not validates:
        raise InvalidArgument(
            "early stopping (patience) needs validation samples, but there are none; increase the "
            "validation share, or set patience to 0"
        )
    result, waited, done = Result(), 0, 0
    if resume:
        if output is None:
            raise InvalidArgument("resuming needs the path of the checkpoint (output)")
        state = read_resume(resume_file(output), settings.to_json())
        session.load_state(state["session"])
        result.epochs = [Epoch(**epoch) for epoch in state["epochs"]]
        result.best_epoch, result.best_score = state["best_epoch"], state["best_score"]
        waited, done = state["waited"], state["epoch"]
    for number in range(done + 1, settings.epochs + 1):
        if settings.patience and waited >= settings.patience:
            result.stopped_early = True
            break
        scores, trained = session.train_epoch(number, progress)
        validated: Scores = {}
        predictions = None
        is_best = not validates
        if validates and (number % settings.validate_every == 0 or number == settings.epochs):
            validated, predictions = session.validate(progress)
            result.validation = predictions
            score = _deciding(validated, settings.best_by)
            is_best = result.best_epoch is None or score > result.best_score
            waited = 0 if is_best else waited + 1
            if is_best:
                result.best_epoch, result.best_score = number, score
        epoch = Epoch(number, scores, validated, session.learning_rates, is_best)
        result.epochs.append(epoch)
        if output:
            if is_best:
                write_checkpoint(
                    output,
                    session.result,
                    session.optimizer,
                    epoch=number,
                    samples=session.samples_seen,
                )
            write_resume(resume_file(output), _state(session, result, number, waited))
        if log:
            log.write_epoch(epoch, trained, predictions, session)
        if on_epoch:
            on_epoch(epoch)
    return result


def _deciding(scores: Scores, best_by: str) -> float:
    """Return the score that selects the best epoch; larger is better."""
    score = scores[_SCORE_NAMES[best_by]]
    if math.isnan(score):
        raise InvalidArgument(
            f"the score {best_by} is undefined because the validation samples do not have every "
            "class; use another split, or select the best epoch by the loss (best_by loss)"
        )
    return -score if best_by == "loss" else score


def _state(session: Session, result: Result, number: int, waited: int) -> dict[str, Any]:
    return {
        "settings": session.settings.to_json(),
        "session": session.state(),
        "epoch": number,
        "waited": waited,
        "best_epoch": result.best_epoch,
        "best_score": result.best_score,
        "epochs": [vars(epoch) for epoch in result.epochs],
    }


def member_outputs(output: Path, members: int) -> Sequence[Path]:
    """Return the checkpoint files of an ensemble: ``x-1.state`` and so on, or ``x.state`` for 1."""
    if members == 1:
        return [output]
    return [output.with_name(f"{output.stem}-{n}{output.suffix}") for n in range(1, members + 1)]
