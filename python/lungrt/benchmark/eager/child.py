"""Measuring process of eager PyTorch and SciPy: ``python -m lungrt.benchmark.eager.child TASK``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lungrt.benchmark.eager import pipeline
from lungrt.benchmark.eager.networks import open_networks
from lungrt.benchmark.eager.scan import Scan, read_scan
from lungrt.benchmark.measure import Diagnosis, Task, main
from lungrt.benchmark.plan import EAGER_TUNED

__all__ = ["EagerSubject"]

_BATCH, _TUNED_BATCH = 4, 8


class EagerSubject:
    """Eager networks of a bundle, tuned or as the book runs them."""

    def __init__(self, task: Task) -> None:
        tuned = task.configuration.name == EAGER_TUNED
        torch.set_num_threads(task.configuration.threads)
        self._batch = _TUNED_BATCH if tuned else _BATCH
        self._networks = open_networks(
            Path(task.bundle),
            task.checkpoints,
            device=task.configuration.device,
            channels_last=tuned,
        )

    def read(self, ct: str, series: str | None) -> Scan:
        """Read a CT."""
        return read_scan(ct, series)

    def run(self, ct: Scan) -> Diagnosis:
        """Diagnose a CT."""
        segmentation = self._networks["segmentation"]
        began = time.perf_counter()
        probability = pipeline.segment(ct, segmentation, self._batch)
        segmented = time.perf_counter()
        eroded = pipeline.erode(probability, segmentation.entry.threshold)
        found = pipeline.find_candidates(ct, eroded)
        grouped = time.perf_counter()
        p_nodule, p_malignant = pipeline.evaluate(ct, found, self._networks, self._batch)
        done = time.perf_counter()
        seconds = {
            "segment": segmented - began,
            "group": grouped - segmented,
            "classify": done - grouped,
        }
        return Diagnosis(seconds, lambda: _outputs(ct, eroded, found, p_nodule, p_malignant))


def _outputs(
    ct: Scan,
    eroded: NDArray[np.bool_],
    found: NDArray[np.int64],
    p_nodule: NDArray[np.float32],
    p_malignant: NDArray[np.float32],
) -> dict[str, Any]:
    return {
        "shape": ct.hu.shape,
        "restricted": False,
        "mask_voxels": int(eroded.sum()),
        "candidates": [
            {
                "index": index.tolist(),
                "center_mm": ct.to_world(index).tolist(),
                "p_nodule": float(nodule),
                "p_malignant": None if np.isnan(malignant) else float(malignant),
            }
            for index, nodule, malignant in zip(found, p_nodule, p_malignant, strict=True)
        ],
    }


if __name__ == "__main__":
    main(EagerSubject)
