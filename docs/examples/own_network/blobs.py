"""A segmentation network of your own: takes a slice with its neighbours, returns logits."""

from __future__ import annotations

from torch import Tensor, nn


class BlobFinder(nn.Module):
    """Three convolutions with a receptive field of 7 x 7 pixels.

    Parameters
    ----------
    context_slices
        Number of neighbouring slices on each side, stacked as channels.
    width
        Number of channels of the hidden layers.
    """

    def __init__(self, context_slices: int, width: int = 8) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(2 * context_slices + 1, width, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, kernel_size=3, padding=2, dilation=2),
            nn.ReLU(),
            nn.Conv2d(width, 1, kernel_size=1),
        )

    def forward(self, slices: Tensor) -> Tensor:
        """Return logits [N, 1, H, W] of float32 [N, 2 * context_slices + 1, H, W]."""
        logits: Tensor = self.layers(slices)
        return logits
