"""Measuring process of the library's engines: ``python -m lungrt.benchmark.engine TASK``.

It sets up the process as the command ``lungrt`` does, and never imports torch.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lungrt.benchmark.measure import Diagnosis, Task, main

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lungrt import CtVolume, Report

__all__ = ["EngineSubject", "stage_seconds"]


class EngineSubject:
    """Bundle that was opened with one of the library's engines."""

    def __init__(self, task: Task) -> None:
        # Set before an engine's runtime is loaded, as lungrt.cli.main does.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        import lungrt
        from lungrt import _core

        _core.tune_allocator()
        what = task.configuration
        self._pipeline = lungrt.Pipeline(
            task.bundle,
            profile=what.profile,
            engine=what.name,
            device=what.device,
            precision=what.precision,
            threads=what.threads,
            engine_options=what.options,
            voxel_order=task.voxel_order,
        )
        self._allow_non_hu = task.allow_non_hu
        self._arithmetic = {"instruction_set": "", "precision": what.precision}

    def read(self, ct: str, series: str | None) -> CtVolume:
        """Read a CT."""
        import lungrt

        return lungrt.read_ct(ct, series=series)

    def run(self, ct: CtVolume) -> Diagnosis:
        """Diagnose a CT."""
        report = self._pipeline.run(ct, allow_non_hu=self._allow_non_hu)
        self._arithmetic["instruction_set"] = report.provenance.device_name
        return Diagnosis(stage_seconds(report.timings_s), lambda: self._outputs(ct, report))

    def arithmetic(self) -> dict[str, str]:
        """Return the processor's instruction set, or the GPU, and the precision."""
        return self._arithmetic

    def _outputs(self, ct: CtVolume, report: Report) -> dict[str, Any]:
        return {
            "shape": ct.shape,
            "restricted": self._pipeline.profile.region != "volume",
            "mask_voxels": report.mask_voxels,
            "candidates": [
                {
                    "index": candidate.index,
                    "center_mm": candidate.center_mm,
                    "p_nodule": candidate.p_nodule,
                    "p_malignant": candidate.p_malignant,
                }
                for candidate in report.candidates
            ],
        }


def stage_seconds(timings_s: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds of segment, group and classify from a report's timings.

    Finding the lungs is added to segment, because a benchmark has only stages that every
    configuration has, and they must add up to the total.
    """
    seconds = {stage: timings_s[stage] for stage in ("segment", "group", "classify")}
    seconds["segment"] += timings_s.get("find_lungs", 0.0)
    return seconds


if __name__ == "__main__":
    main(EngineSubject)
