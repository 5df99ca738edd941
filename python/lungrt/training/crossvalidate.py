"""How well a training does on patients that it has not seen, with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.model_selection import StratifiedGroupKFold

from lungrt.errors import InvalidArgument
from lungrt.models import Checkpoint
from lungrt.training.data.balance import kind_of
from lungrt.training.data.samples import DataSet, Sample
from lungrt.training.loop import run
from lungrt.training.scores import area_under_curve
from lungrt.training.session import Progress, Session
from lungrt.training.settings import Settings

_BOOTSTRAPS = 2000
_LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A score with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Scores of nodules, each by a network that has not seen its patient.

    Attributes
    ----------
    samples : tuple of Sample
        Benign and malignant nodules, in the data's order.
    p_malignant : ndarray, shape (N,)
    auc : Interval
        Of all of them together; bootstrap over patients.
    fold_aucs : tuple of float
        Of each fold alone; several repetitions follow one another.
    diameter_auc : Interval or None
        Of the diameter alone, None where some are not known.
    """

    samples: tuple[Sample, ...]
    p_malignant: NDArray[np.float64]
    auc: Interval
    fold_aucs: tuple[float, ...]
    diameter_auc: Interval | None


def cross_validate(
    settings: Settings,
    data: DataSet,
    *,
    folds: int,
    repeats: int = 1,
    checkpoint: Checkpoint | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> CrossValidation:
    """Train malignancy on all folds but one, and judge that one; patients stay together.

    Each network is trained for all epochs and judged once, after the last: choosing the best
    epoch by the fold that it is scored on would flatter it. Of several repetitions, with other
    folds and seeds, a nodule's mean is taken.

    Raises
    ------
    InvalidArgument
        Another task, or too few patients of a class.
    """
    if settings.task != "malignancy":
        raise InvalidArgument(f"cross-validation scores malignancy, not {settings.task}")
    judged = [s for s in data.samples if s.is_nodule and kind_of(s, "malignancy") is not None]
    rest = [s for s in data.samples if not s.is_nodule]
    labels = np.array([bool(s.malignant) for s in judged])
    patients = np.array([s.patient for s in judged])
    for wanted, name in ((True, "malignant"), (False, "benign")):
        count = len(set(patients[labels == wanted]))
        if count < folds:
            raise InvalidArgument(
                f"{folds} folds need as many patients with a {name} nodule; the data has {count}"
            )
    sums = np.zeros(len(judged))
    fold_aucs = []
    for repeat in range(repeats):
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=settings.seed + repeat)
        for number, (seen, unseen) in enumerate(splitter.split(labels, labels, patients)):
            if progress:
                progress("fold", repeat * folds + number, repeats * folds)
            unseen_patients = set(patients[unseen])
            fold_settings = replace(
                settings,
                seed=settings.seed + repeat * folds + number,
                patience=0,
                validate_every=settings.epochs,
            )
            session = Session(
                fold_settings,
                data,
                [judged[i] for i in seen] + [s for s in rest if s.patient not in unseen_patients],
                [judged[i] for i in unseen],
                checkpoint=checkpoint,
                device=device,
            )
            predictions = run(session, None, progress=progress).validation
            assert predictions is not None
            sums[unseen] += predictions.positive
            fold_aucs.append(area_under_curve(labels[unseen], predictions.positive))
    means = sums / repeats
    diameters = [s.diameter_mm for s in judged]
    known = [d for d in diameters if d is not None]
    return CrossValidation(
        tuple(judged),
        means,
        auc_interval(labels, means, patients, settings.seed),
        tuple(fold_aucs),
        auc_interval(labels, np.array(known), patients, settings.seed)
        if len(known) == len(judged)
        else None,
    )


def auc_interval(
    labels: NDArray[np.bool_],
    score: NDArray[np.float64],
    patients: Sequence[str] | NDArray[np.str_],
    seed: int = 0,
) -> Interval:
    """Return the area under the ROC curve with its 95 % interval, by bootstrap over patients.

    Parameters
    ----------
    labels, score : ndarray, shape (N,)
    patients : sequence of str
        Whose each is; a patient's nodules are drawn together.
    seed : int
    """
    generator = np.random.default_rng(seed)
    names, group = np.unique(np.asarray(patients), return_inverse=True)
    members: list[NDArray[np.int64]] = [np.flatnonzero(group == g) for g in range(len(names))]
    areas: list[float] = []
    for _ in range(_BOOTSTRAPS):
        drawn = np.concatenate([members[g] for g in generator.integers(0, len(names), len(names))])
        wanted = labels[drawn]
        if wanted.any() and not wanted.all():  # a draw of one class says nothing
            areas.append(_rank_area(wanted, score[drawn]))
    tail = (1 - _LEVEL) / 2
    low, high = np.quantile(areas, [tail, 1 - tail])
    return Interval(area_under_curve(labels, score), float(low), float(high))


def _rank_area(wanted: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Return the area under the ROC curve from ranks, many times faster than its curve."""
    positives = int(wanted.sum())
    above = float(rankdata(score)[wanted].sum()) - positives * (positives + 1) / 2
    return above / (positives * (len(wanted) - positives))
