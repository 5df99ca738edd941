"""One side of a comparison of settings, which diagnoses the CTs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lungrt.comparison.diagnosis import Diagnosis, to_diagnosis

if TYPE_CHECKING:
    from collections.abc import Callable

    import lungrt
    from lungrt.comparison.settings import Settings

    Progress = Callable[[str, int, int], object]

__all__ = ["Side"]


class Side:
    """Side A or B of a comparison: a pipeline that was opened with its settings.

    Parameters
    ----------
    name
        ``"A"`` or ``"B"``, used in progress and messages.
    settings
        Bundle and arguments of the pipeline.

    Raises
    ------
    lungrt.errors.Error
        The same errors as `lungrt.Pipeline` raises.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        import lungrt

        self._name = name
        self._pipeline = lungrt.Pipeline(settings.bundle, **settings.arguments)

    def diagnose(self, volume: lungrt.CtVolume, progress: Progress | None = None) -> Diagnosis:
        """Diagnose a CT and keep its mask."""
        import numpy as np

        def report_progress(stage: str, done: int, count: int) -> None:
            if progress:
                progress(f"{self._name} {stage}", done, count)

        report = self._pipeline.run(volume, progress=report_progress, keep_masks=True)
        assert report.masks is not None
        return to_diagnosis(report.to_dict(), self._name, np.asarray(report.masks.mask))
