"""Train the network for some seconds; any other training that saves a state dict would do.

python train.py blobs.pt
"""

from __future__ import annotations

import sys

import torch
from blobs import BlobFinder
from torch import Tensor
from torch.nn import functional

SLICES, SIZE = 3, 64


def scene(generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return Hounsfield units [3, 64, 64] of a bright ball in lung, and its disc [1, 64, 64]."""
    z, y, x = torch.meshgrid(
        torch.arange(SLICES) - SLICES // 2, torch.arange(SIZE), torch.arange(SIZE), indexing="ij"
    )
    radius = 3 + 5 * torch.rand(1, generator=generator)
    row, column = 10 + (SIZE - 20) * torch.rand(2, generator=generator)
    ball = z**2 + (y - row) ** 2 + (x - column) ** 2 < radius**2
    hu = -850 + 60 * torch.randn(ball.shape, generator=generator)
    return torch.where(ball, hu + 880, hu), ball[SLICES // 2 :][:1].float()


def train(path: str, steps: int = 80) -> None:
    """Train on scenes and save the weights alone."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    network = BlobFinder(context_slices=SLICES // 2)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(steps):
        scenes = [scene(generator) for _ in range(8)]
        hu, truth = (torch.stack(part) for part in zip(*scenes, strict=True))
        # The same window and scale as in the contract, which the runtime will apply.
        logits = network(hu.clamp(-1000, 400) * 0.001)
        loss = functional.binary_cross_entropy_with_logits(logits, truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.save(network.state_dict(), path)


if __name__ == "__main__":
    train(sys.argv[1])
