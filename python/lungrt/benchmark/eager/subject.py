"""A diagnosis in Python whose networks are run by any library."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lungrt.benchmark.eager import pipeline
from lungrt.benchmark.eager.scan import Scan, read_scan
from lungrt.benchmark.measure import Diagnosis

__all__ = ["PythonSubject"]


class PythonSubject:
    """Networks of a bundle with the book's pre- and post-processing around them.

    Parameters
    ----------
    networks : mapping of str to StageNetwork
        The networks of each stage.
    slices, crops : int
        How many slices, and how many crops, a network is given at a time.
    """

    def __init__(
        self, networks: Mapping[str, pipeline.StageNetwork], *, slices: int, crops: int
    ) -> None:
        self._networks = networks
        self._slices, self._crops = slices, crops

    def read(self, ct: str, series: str | None) -> Scan:
        """Read a CT."""
        return read_scan(ct, series)

    def run(self, ct: Scan) -> Diagnosis:
        """Diagnose a CT."""
        segmentation = self._networks["segmentation"]
        began = time.perf_counter()
        probability = pipeline.segment(ct, segmentation, self._slices)
        segmented = time.perf_counter()
        eroded = pipeline.erode(probability, segmentation.entry.threshold)
        found = pipeline.find_candidates(ct, eroded)
        grouped = time.perf_counter()
        p_nodule, p_malignant = pipeline.evaluate(ct, found, self._networks, self._crops)
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
