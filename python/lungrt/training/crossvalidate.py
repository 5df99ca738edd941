"""Cross-validation over patients: the AUC of malignancy on unseen patients, with an interval."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from lungrt.errors import InvalidArgument
from lungrt.models import Checkpoint
from lungrt.statistics import percentile_interval, resampled_aucs
from lungrt.training.data.balance import kind_of
from lungrt.training.data.samples import DataSet, Sample
from lungrt.training.loop import run
from lungrt.training.scores import area_under_curve
from lungrt.training.session import Progress, Session
from lungrt.training.settings import Settings

_BOOTSTRAPS = 2000


@dataclass(frozen=True)
class Interval:
    """Score with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Predictions for nodules, each by a network that was not trained on its patient.

    Attributes
    ----------
    samples : tuple of Sample
        Benign and malignant nodules, in the data's order.
    p_malignant : ndarray, shape (N,)
        Predicted probability of malignancy.
    auc : Interval
        AUC of all nodules together, with a bootstrap interval over patients.
    fold_aucs : tuple of float
        AUC of each fold.
    diameter_auc : Interval or None
        AUC of the diameter alone; None if a diameter is unknown.
    """

    samples: tuple[Sample, ...]
    p_malignant: NDArray[np.float64]
    auc: Interval
    fold_aucs: tuple[float, ...]
    diameter_auc: Interval | None

    def to_json(self) -> dict[str, Any]:
        """Return the scores and the prediction for each nodule as JSON values."""
        return {
            "auc": vars(self.auc),
            "fold_aucs": list(self.fold_aucs),
            "diameter_auc": vars(self.diameter_auc) if self.diameter_auc else None,
            "nodules": [
                {
                    "series": sample.series_uid,
                    "patient": sample.patient,
                    "malignant": sample.malignant,
                    "diameter_mm": sample.diameter_mm,
                    "p_malignant": float(p),
                }
                for sample, p in zip(self.samples, self.p_malignant, strict=True)
            ],
        }


def cross_validate(
    settings: Settings,
    data: DataSet,
    *,
    folds: int,
    checkpoint: Checkpoint | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> CrossValidation:
    """Cross-validate the task malignancy in folds of patients.

    Each network is trained for all epochs on the other folds and evaluated on its fold once, after
    the last epoch: choosing the best epoch by the fold would bias the score.

    Parameters
    ----------
    settings : Settings
    data : DataSet
    folds : int
        Number of folds; all nodules of a patient are in the same fold.
    checkpoint : Checkpoint, optional
        Checkpoint to fine-tune.
    device : str, optional
        As for `lungrt.training.session.Session`.
    progress : callable, optional
        Called with a stage, the number of steps done and the total number of steps.

    Returns
    -------
    CrossValidation

    Raises
    ------
    InvalidArgument
        The task is not malignancy, or there are too few patients of a class.
    """
    if settings.task != "malignancy":
        raise InvalidArgument(
            f"cross-validation is available for the task malignancy only, not for {settings.task}"
        )
    scored = [s for s in data.samples if s.is_nodule and kind_of(s, "malignancy") is not None]
    rest = [s for s in data.samples if not s.is_nodule]
    labels = np.array([bool(s.malignant) for s in scored])
    patients = np.array([s.patient for s in scored])
    for wanted, name in ((True, "malignant"), (False, "benign")):
        count = len(set(patients[labels == wanted]))
        if count < folds:
            raise InvalidArgument(
                f"{folds} folds need at least {folds} patients with a {name} nodule, but the data "
                f"has {count}"
            )
    p_malignant = np.zeros(len(scored))
    fold_aucs = []
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=settings.seed)
    for number, (seen, unseen) in enumerate(splitter.split(labels, labels, patients)):
        if progress:
            progress("fold", number, folds)
        unseen_patients = set(patients[unseen])
        session = Session(
            replace(
                settings,
                seed=settings.seed + number,
                patience=0,
                validate_every=settings.epochs,
            ),
            data,
            [scored[i] for i in seen] + [s for s in rest if s.patient not in unseen_patients],
            [scored[i] for i in unseen],
            checkpoint=checkpoint,
            device=device,
        )
        predictions = run(session, None, progress=progress).validation
        assert predictions is not None
        p_malignant[unseen] = predictions.positive
        fold_aucs.append(area_under_curve(labels[unseen], predictions.positive))
    diameters = [s.diameter_mm for s in scored]
    known = [d for d in diameters if d is not None]
    return CrossValidation(
        tuple(scored),
        p_malignant,
        _auc(labels, p_malignant, patients, settings.seed),
        tuple(fold_aucs),
        _auc(labels, np.array(known), patients, settings.seed)
        if len(known) == len(scored)
        else None,
    )


def _auc(
    labels: NDArray[np.bool_], score: NDArray[np.floating], patients: NDArray[np.str_], seed: int
) -> Interval:
    """Return the area under the ROC curve with its 95 % interval, by bootstrap over patients."""
    (drawn,) = resampled_aucs(labels, [score], patients, bootstraps=_BOOTSTRAPS, seed=seed)
    bounds = percentile_interval(drawn)
    assert bounds is not None, "each class has two patients or more, which most resamples contain"
    return Interval(area_under_curve(labels, score), *bounds)
