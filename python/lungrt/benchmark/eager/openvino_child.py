"""Measuring process of OpenVINO: ``python -m lungrt.benchmark.eager.openvino_child TASK``.

OpenVINO reads the bundle's ONNX files. What is around the networks is the same Python and SciPy as
around eager PyTorch, since a user of OpenVINO would write it so. This process never imports torch.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from lungrt.benchmark.eager.subject import PythonSubject
from lungrt.benchmark.measure import Task, main
from lungrt.benchmark.plan import DEFAULT_PRECISION
from lungrt.errors import BadBundle
from lungrt.export.manifest import StageEntry, read_manifest

__all__ = ["OpenVinoNetworks", "OpenVinoSubject"]

_ONNX = "onnx"  # name of the artifact format in the manifest
_DEVICE = "CPU"
_PRECISION = "INFERENCE_PRECISION_HINT"
_NAMES = {"f32": "fp32", "bf16": "bf16", "f16": "fp16"}
# With a stream for each thread, one slice and four crops at a time were the fastest.
_SLICES_IN_STREAM, _CROPS_IN_STREAM = 1, 4


@dataclass(frozen=True, eq=False)
class OpenVinoNetworks:
    """Networks of a stage, compiled by OpenVINO; several of them are an ensemble."""

    entry: StageEntry
    members: tuple[Any, ...]
    in_stream: int  # items that a stream is given at a time

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean of the networks' probabilities: (N, 1, rows, columns) or (N, classes)."""
        outputs = [self._run(member, batch) for member in self.members]
        if len(outputs) == 1:
            return outputs[0]
        total = outputs[0]
        for output in outputs[1:]:
            total = total + output
        return total / np.float32(len(outputs))

    def _run(self, member: Any, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        # Requests that are waited for, not a queue with callbacks: at the end of the process, the
        # thread that gives a callback back and the one that waits for it can block each other.
        count = member.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        idle = [member.create_infer_request() for _ in range(count)]
        running: deque[Any] = deque()
        parts: list[NDArray[np.float32]] = []

        def finish_oldest() -> None:
            request = running.popleft()
            request.wait()
            parts.append(np.array(request.get_output_tensor().data))
            idle.append(request)

        for start in range(0, len(batch), self.in_stream):
            if not idle:
                finish_oldest()
            request = idle.pop()
            request.start_async({0: batch[start : start + self.in_stream]})
            running.append(request)
        while running:
            finish_oldest()
        output = np.concatenate(parts)
        return _probabilities(output) if self.entry.output.kind == "logits" else output


def _probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    if logits.ndim == 4:
        return (1 / (1 + np.exp(-logits))).astype(np.float32)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
    return softmax


class OpenVinoSubject(PythonSubject):
    """Networks of a bundle in OpenVINO, in fp32 or in the precision that it chooses itself."""

    def __init__(self, task: Task) -> None:
        what = task.configuration
        settings: dict[str, Any] = {
            "INFERENCE_NUM_THREADS": what.threads,
            "NUM_STREAMS": what.threads,
            "PERFORMANCE_HINT": "THROUGHPUT",
        }
        if what.precision != DEFAULT_PRECISION:
            settings[_PRECISION] = "f32"
        core = openvino.Core()
        bundle = Path(task.bundle)
        networks = {
            stage: OpenVinoNetworks(
                entry,
                tuple(
                    core.compile_model(file, _DEVICE, settings) for file in _files(bundle, entry)
                ),
                _SLICES_IN_STREAM if stage == "segmentation" else _CROPS_IN_STREAM,
            )
            for stage, entry in read_manifest(bundle).stages.items()
        }
        self._compiled = networks["segmentation"].members[0]
        threads = what.threads
        super().__init__(
            networks, slices=_SLICES_IN_STREAM * 2 * threads, crops=_CROPS_IN_STREAM * 4 * threads
        )

    def arithmetic(self) -> dict[str, str]:
        """Return the precision that OpenVINO computes in; it does not tell its instruction set."""
        name = self._compiled.get_property(_PRECISION).get_type_name()
        return {"instruction_set": "", "precision": _NAMES.get(name, name)}


def _files(bundle: Path, entry: StageEntry) -> list[str]:
    files = []
    for network in entry.networks:
        artifact = network.artifacts.get(_ONNX)
        if artifact is None:
            raise BadBundle(
                f"{bundle}: a stage has no artifact {_ONNX!r}, which OpenVINO reads; export again "
                f"with --formats {_ONNX}"
            )
        files.append(str(bundle / artifact.file))
    return files


if __name__ == "__main__":
    main(OpenVinoSubject)
