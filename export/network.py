"""Loaded networks as modules of one input and one output, and how they are run in PyTorch."""

from __future__ import annotations

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


class SingleOutput(nn.Module):
    """Network that returns only the last of its outputs.

    Parameters
    ----------
    network : torch.nn.Module
        Takes one tensor and returns one, or a tuple or list of tensors.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.training = network.training

    def forward(self, x: Tensor) -> Tensor:
        """Return the last output."""
        output = self.network(x)
        last: Tensor = output[-1] if isinstance(output, (tuple, list)) else output
        return last


def channels_last(module: nn.Module) -> nn.Module:
    """Return a copy whose weights are in channels-last memory, which is fastest on a CPU.

    Inputs and outputs of the copy may still have any memory layout.
    """
    module = copy.deepcopy(module)
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.ndim in formats:
            tensor.data = tensor.data.contiguous(memory_format=formats[tensor.ndim])
    return module


def run_eager(module: nn.Module, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Run a module in PyTorch on the given batch, without changing its memory layout."""
    with torch.inference_mode():
        output: NDArray[np.float32] = module(torch.from_numpy(x)).numpy()
    return output
