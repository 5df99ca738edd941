"""Measuring process of eager PyTorch and SciPy: ``python -m lungrt.benchmark.eager.child TASK``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lungrt.benchmark.configuration import EAGER_TUNED
from lungrt.benchmark.eager import pipeline
from lungrt.benchmark.eager.networks import open_networks
from lungrt.benchmark.eager.scan import Scan, read_scan
from lungrt.benchmark.measure import Diagnosis, Subject, fixed_places, main
from lungrt.benchmark.results import Outputs
from lungrt.benchmark.task import Task

__all__ = ["EagerSubject"]

_BATCH, _TUNED_BATCH = 4, 8


class EagerSubject(Subject):
    """Eager networks of a bundle, tuned or as the book runs them."""

    def __init__(self, task: Task) -> None:
        tuned = task.name == EAGER_TUNED
        torch.set_num_threads(task.threads)
        self._batch = _TUNED_BATCH if tuned else _BATCH
        self._networks = open_networks(
            Path(task.bundle), task.checkpoints, device=task.device, channels_last=tuned
        )

    def read(self, ct: str, series: str | None) -> Scan:
        """Read a CT."""
        return read_scan(ct, series)

    def shape(self, ct: Scan) -> tuple[int, int, int]:
        """Return the number of slices, rows and columns."""
        slices, rows, columns = ct.hu.shape
        return slices, rows, columns

    def run(self, ct: Scan, places: int) -> Diagnosis:
        """Diagnose a CT."""
        segmentation = self._networks["segmentation"]
        began = time.perf_counter()
        probability = pipeline.segment(ct, segmentation, self._batch)
        segmented = time.perf_counter()
        eroded = pipeline.erode(probability, segmentation.entry.threshold)
        found = pipeline.find_candidates(ct, eroded)
        grouped = time.perf_counter()
        classified = fixed_places(self.shape(ct), places) if places else found
        p_nodule, p_malignant = pipeline.evaluate(ct, classified, self._networks, self._batch)
        done = time.perf_counter()

        def outputs() -> Outputs:
            return Outputs(
                _voxels(found),
                _voxels(classified),
                p_nodule.tolist(),
                [None if np.isnan(p) else float(p) for p in p_malignant],
                int(eroded.sum()),
            )

        seconds = {
            "segment": segmented - began,
            "group": grouped - segmented,
            "classify": done - grouped,
        }
        return Diagnosis(seconds, outputs)

    def slices(self, ct: Scan, numbers: range) -> NDArray[Any]:
        """Return the segmentation network's inputs for some slices."""
        contract = self._networks["segmentation"].entry.input
        return pipeline.stack(ct.hu, list(numbers), contract)

    def crops(self, ct: Scan, places: NDArray[Any]) -> NDArray[Any]:
        """Return the nodule classifier's inputs for some voxels."""
        return pipeline.crops(ct.hu, places, self._networks["nodule"].entry.input)

    def probabilities(self, stage: str, inputs: NDArray[Any]) -> NDArray[Any]:
        """Run a stage's network alone."""
        network, step = self._networks[stage], self._batch
        return np.concatenate([network(inputs[i : i + step]) for i in range(0, len(inputs), step)])


def _voxels(indices: NDArray[Any]) -> list[tuple[int, int, int]]:
    return [(z, y, x) for z, y, x in indices.tolist()]


if __name__ == "__main__":
    main(EagerSubject)
