"""Measuring process of the library's engines: ``python -m lungrt.benchmark.engine TASK``.

It sets up the process as the command ``lungrt`` does, and never imports torch.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from lungrt.benchmark.measure import Diagnosis, Subject, fixed_places, main
from lungrt.benchmark.results import Outputs
from lungrt.benchmark.task import Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lungrt import CtVolume, Finding, NoduleMask, Report, StageNetwork

__all__ = ["EngineSubject", "stage_seconds"]


class EngineSubject(Subject):
    """Bundle that was opened with one of the library's engines."""

    def __init__(self, task: Task) -> None:
        # Set before an engine's runtime is loaded, as lungrt.cli.main does.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        import lungrt
        from lungrt import _core

        _core.tune_allocator()
        self._settings: dict[str, Any] = {
            "engine": task.name,
            "device": task.device,
            "precision": task.precision,
            "threads": task.threads,
            "engine_options": task.options,
        }
        self._bundle = task.bundle
        self._pipeline = lungrt.Pipeline(task.bundle, profile=task.profile, **self._settings)
        self._restricted = self._pipeline.profile.region != "volume"
        self._networks: dict[str, StageNetwork] = {}

    def read(self, ct: str, series: str | None) -> CtVolume:
        """Read a CT."""
        import lungrt

        return lungrt.read_ct(ct, series=series)

    def shape(self, ct: CtVolume) -> tuple[int, int, int]:
        """Return the number of slices, rows and columns."""
        return ct.shape

    def run(self, ct: CtVolume, places: int) -> Diagnosis:
        """Diagnose a CT; if fixed voxels are to be classified, run the stages one by one.

        If the profile needs the lung field, finding it counts as part of segment. Of stages that
        are run one by one, group finds it once more.
        """
        if places == 0:
            report = self._pipeline.run(ct)
            seconds = stage_seconds(report.timings_s)
            return Diagnosis(seconds, lambda: self._outputs_of(report))
        began = time.perf_counter()
        mask = self._pipeline.segment(ct)
        segmented = time.perf_counter()
        candidates = self._pipeline.group(ct, mask)
        grouped = time.perf_counter()
        voxels = [(z, y, x) for z, y, x in fixed_places(ct.shape, places).tolist()]
        findings = self._pipeline.classify(ct, voxels)
        done = time.perf_counter()
        seconds = dict(
            zip(_TIMED, (segmented - began, grouped - segmented, done - grouped), strict=True)
        )
        found = [candidate.index for candidate in candidates]
        return Diagnosis(seconds, lambda: self._outputs(found, findings, _eroded_voxels(mask)))

    def slices(self, ct: CtVolume, numbers: range) -> NDArray[Any]:
        """Return the segmentation network's inputs for some slices."""
        import numpy as np

        return np.stack([self._pipeline.segmentation_input(ct, number) for number in numbers])

    def crops(self, ct: CtVolume, places: NDArray[Any]) -> NDArray[Any]:
        """Return the nodule classifier's inputs for some voxels."""
        import numpy as np

        return np.stack([self._pipeline.nodule_input(ct, place)[None] for place in places.tolist()])

    def probabilities(self, stage: str, inputs: NDArray[Any]) -> NDArray[Any]:
        """Run a stage's network alone."""
        import lungrt

        if stage not in self._networks:
            self._networks[stage] = lungrt.StageNetwork(self._bundle, stage, **self._settings)
        return self._networks[stage].run(inputs)

    def _outputs_of(self, report: Report) -> Outputs:
        found = [candidate.index for candidate in report.candidates]
        return self._outputs(found, report.candidates, report.mask_voxels)

    def _outputs(
        self, candidates: list[tuple[int, int, int]], findings: Sequence[Finding], mask_voxels: int
    ) -> Outputs:
        return Outputs(
            candidates,
            [finding.index for finding in findings],
            [finding.p_nodule for finding in findings],
            [finding.p_malignant for finding in findings],
            mask_voxels,
            restricted=self._restricted,
        )


_TIMED = ("segment", "group", "classify")


def stage_seconds(timings_s: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds of segment, group and classify from a report's timings.

    Finding the lungs is added to segment, because a benchmark has only stages that every
    configuration has, and they must add up to the total.
    """
    seconds = {stage: timings_s[stage] for stage in _TIMED}
    seconds["segment"] += timings_s.get("find_lungs", 0.0)
    return seconds


def _eroded_voxels(mask: NoduleMask) -> int:
    import lungrt

    return lungrt.erode(mask).count()


if __name__ == "__main__":
    main(EngineSubject)
