"""The loop of epochs: train, validate, keep the best, be able to go on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from lungrt.errors import InvalidArgument
from lungrt.training.files import read_resume, write_checkpoint, write_resume
from lungrt.training.scores import Predictions, Scores
from lungrt.training.session import Progress, Session

_SCORE_NAMES = {"auc": "auc", "recall": "pr/recall", "f1": "pr/f1", "loss": "loss/all"}


@dataclass(frozen=True, eq=False)
class Epoch:
    """What is known after an epoch.

    Attributes
    ----------
    number : int
        From 1.
    training, validation : dict of str to float
        Scores; the latter empty where it was not validated.
    learning_rates : dict of str to float
        By block.
    is_best : bool
        It was saved as the best so far.
    """

    number: int
    training: Scores
    validation: Scores
    learning_rates: dict[str, float]
    is_best: bool


class Log(Protocol):
    """Takes down what happens, such as `lungrt.training.tensorboard.TensorBoardLog`."""

    def take(
        self,
        epoch: Epoch,
        training: Predictions | None,
        validation: Predictions | None,
        session: Session,
    ) -> None:
        """Take down an epoch."""


@dataclass(eq=False)
class Result:
    """What came out.

    Attributes
    ----------
    epochs : list of Epoch
        Those of this run and, when resumed, those before it.
    best_epoch : int or None
        None where nothing was validated; then the last epoch was saved.
    best_score : float
    stopped_early : bool
    validation : Predictions or None
        Of the last validation.
    """

    epochs: list[Epoch] = field(default_factory=list)
    best_epoch: int | None = None
    best_score: float = math.nan
    stopped_early: bool = False
    validation: Predictions | None = None


def resume_file(output: Path) -> Path:
    """Return where a training keeps what it needs to go on."""
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
    """Train until the last epoch, or until validation gets no better.

    Parameters
    ----------
    session : Session
    output : path or None
        Checkpoint of the best epoch, or of the last one where nothing is validated; None writes
        nothing. ``<output>.resume`` beside it is written after each epoch.
    resume : bool
        Go on from there; the result is equal to the bit to a training that was never interrupted
        (on the CPU, with the same number of threads).
    log, on_epoch, progress : optional
        Told of each epoch, and of batches.

    Raises
    ------
    InvalidArgument
        Early stopping without validation; a validation part that the deciding score is undefined
        on; a resume file of other settings.
    Io
        A file cannot be read or written.
    """
    settings = session.settings
    validates = len(session.objective.validation) > 0
    if settings.patience and not validates:
        raise InvalidArgument("early stopping needs a validation part, and there is none")
    result, waited, done = Result(), 0, 0
    if resume:
        if output is None:
            raise InvalidArgument("resuming needs the checkpoint's name")
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
            log.take(epoch, trained, predictions, session)
        if on_epoch:
            on_epoch(epoch)
    return result


def _deciding(scores: Scores, best_by: str) -> float:
    """Return the score that decides, larger being better."""
    score = scores[_SCORE_NAMES[best_by]]
    if math.isnan(score):
        raise InvalidArgument(
            f"the validation part does not have every class, so its {best_by} is undefined; split "
            "otherwise, or let the loss decide"
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
    """Return the checkpoints of an ensemble: ``x.state`` alone, or ``x-1.state`` and so on."""
    if members == 1:
        return [output]
    return [output.with_name(f"{output.stem}-{n}{output.suffix}") for n in range(1, members + 1)]
