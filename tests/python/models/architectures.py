"""Architectures of a user's own, imported by the tests as ``lungrt_test_architectures``."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Thresholder(nn.Module):
    """Segments by one convolution over the context."""

    def __init__(self, channels: int, *, slope: float = 1.0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 1, kernel_size=1)
        self.slope = slope

    def forward(self, images: Tensor) -> Tensor:
        return torch.sigmoid(self.slope * self.conv(images))


class Mean(nn.Module):
    """Classifies by the mean of a crop, as logits."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(1, 2)

    def forward(self, crops: Tensor) -> Tensor:
        logits: Tensor = self.head(crops.mean(dim=(2, 3, 4)))
        return logits


def not_a_module() -> int:
    return 3


constant = 3
