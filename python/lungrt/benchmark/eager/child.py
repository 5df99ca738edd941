"""Measuring process of eager PyTorch and SciPy: ``python -m lungrt.benchmark.eager.child TASK``."""

from __future__ import annotations

from pathlib import Path

import torch

from lungrt.benchmark.eager.networks import open_networks
from lungrt.benchmark.eager.subject import PythonSubject
from lungrt.benchmark.measure import Task, main
from lungrt.benchmark.plan import EAGER_TUNED

__all__ = ["EagerSubject"]

_BATCH, _TUNED_BATCH = 4, 8


class EagerSubject(PythonSubject):
    """Eager networks of a bundle, tuned or as the book runs them."""

    def __init__(self, task: Task) -> None:
        tuned = task.configuration.name == EAGER_TUNED
        batch = _TUNED_BATCH if tuned else _BATCH
        torch.set_num_threads(task.configuration.threads)
        self._device = task.configuration.device
        networks = open_networks(
            Path(task.bundle), task.checkpoints, device=self._device, channels_last=tuned
        )
        super().__init__(networks, slices=batch, crops=batch)

    def arithmetic(self) -> dict[str, str]:
        """Return the instruction set of PyTorch's kernels, or the GPU, and the precision."""
        cuda = self._device.startswith("cuda")
        return {
            "instruction_set": torch.cuda.get_device_name(self._device)
            if cuda
            else torch.backends.cpu.get_cpu_capability(),
            "precision": "fp32",
        }


if __name__ == "__main__":
    main(EagerSubject)
