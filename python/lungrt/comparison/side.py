"""Diagnoses that are made in order to be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lungrt.comparison.diagnosis import Diagnosis, to_diagnosis

if TYPE_CHECKING:
    from collections.abc import Callable

    import lungrt
    from lungrt.comparison.settings import Settings

    Progress = Callable[[str, int, int], object]

__all__ = ["Contestant"]


class Contestant:
    """A bundle with settings, ready to diagnose.

    Parameters
    ----------
    name
        ``"A"`` or ``"B"``, for progress and messages.
    settings
        How the pipeline is opened.

    Raises
    ------
    lungrt.errors.Error
        As `lungrt.Pipeline` does.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        import lungrt

        self._name = name
        self._pipeline = lungrt.Pipeline(settings.bundle, **settings.arguments)

    def diagnose(self, volume: lungrt.CtVolume, progress: Progress | None = None) -> Diagnosis:
        """Diagnose a CT, its mask included."""
        import numpy as np

        def told(stage: str, done: int, count: int) -> None:
            if progress:
                progress(f"{self._name} {stage}", done, count)

        report = self._pipeline.run(volume, progress=told, keep_masks=True)
        assert report.masks is not None
        return to_diagnosis(report.to_dict(), self._name, np.asarray(report.masks.mask))
