"""What the tests of the eager models share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn


@pytest.fixture
def save(tmp_path: Path) -> Callable[[object], Path]:
    """Return a function that saves an object as a checkpoint and gives its path."""

    def save_as_checkpoint(content: object) -> Path:
        path = tmp_path / "network.state"
        torch.save(content, path)
        return path

    return save_as_checkpoint


@pytest.fixture
def trained() -> Callable[[nn.Module], dict[str, Tensor]]:
    """Return a function that gives a module weights such as training leaves, and returns them."""

    def randomise(module: nn.Module) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(7)
        for name, tensor in module.state_dict().items():
            noise = torch.randn(tensor.shape, generator=generator)
            if name in ("input_batchnorm.running_var", "tail_batchnorm.running_var"):
                tensor.copy_(40_000 + 3_000 * noise)  # Hounsfield units squared
            elif name.endswith("running_var"):
                tensor.copy_(1 + noise.abs())
            elif tensor.ndim == 1:
                is_gain = name.endswith("weight")
                tensor.copy_(float(is_gain) + 0.3 * noise)
            elif tensor.ndim > 1:
                tensor.copy_(noise * (2 / tensor[0].numel()) ** 0.5)
        module.eval()
        return dict(module.state_dict())

    return randomise
