"""JSON report of ``lungrt train``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lungrt.training.crossvalidate import CrossValidation
    from lungrt.training.loop import Result

__all__ = ["cross_validation_json", "result_json"]


def cross_validation_json(scored: CrossValidation) -> dict[str, Any]:
    """Return the scores with their intervals, and the prediction for each nodule."""
    baseline = scored.diameter_auc
    return {
        "auc": vars(scored.auc),
        "fold_aucs": list(scored.fold_aucs),
        "diameter_auc": vars(baseline) if baseline else None,
        "nodules": [
            {
                "series": sample.series_uid,
                "patient": sample.patient,
                "malignant": sample.malignant,
                "diameter_mm": sample.diameter_mm,
                "p_malignant": float(p),
            }
            for sample, p in zip(scored.samples, scored.p_malignant, strict=True)
        ],
    }


def result_json(result: Result) -> dict[str, Any]:
    """Return all scores of all epochs; undefined ones are null."""

    def finite(scores: dict[str, float]) -> dict[str, float | None]:
        return {name: None if math.isnan(value) else value for name, value in scores.items()}

    return {
        "best_epoch": result.best_epoch,
        "best_score": result.best_score if result.best_epoch else None,
        "stopped_early": result.stopped_early,
        "epochs": [
            {
                "number": epoch.number,
                "training": finite(epoch.training),
                "validation": finite(epoch.validation),
                "learning_rates": epoch.learning_rates,
            }
            for epoch in result.epochs
        ],
    }
