"""One input, one output: what of a loaded network is exported, and what it is held to."""

from __future__ import annotations

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


class SingleOutput(nn.Module):
    """A network reduced to the output that counts: of several, the last.

    Parameters
    ----------
    network : torch.nn.Module
        Takes one tensor; gives one, or a tuple of them.
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
    """Return a copy whose convolutions work in the layout that CPUs are fastest in.

    The copy still takes and gives tensors of any layout, with the same meaning.
    """
    module = copy.deepcopy(module)
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.ndim in formats:
            tensor.data = tensor.data.contiguous(memory_format=formats[tensor.ndim])
    return module


def run_eager(module: nn.Module, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Run a module in PyTorch, with the batch and layout as given."""
    with torch.inference_mode():
        output: NDArray[np.float32] = module(torch.from_numpy(x)).numpy()
    return output
