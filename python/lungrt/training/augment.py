"""Random transforms of whole batches, computed on the device of the batch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from lungrt.training.settings import Settings


@dataclass(frozen=True)
class Augmentation:
    """Random augmentation of a batch.

    Attributes
    ----------
    flip : bool
        Mirror along each axis with probability 1/2.
    rotate : bool
        Rotate by a random angle within the slice.
    offset : float
        Largest shift along each axis, as a share of half the crop's size.
    scale : float
        Largest change of size: factors are between 1 - scale and 1 + scale.
    noise_hu : float
        Standard deviation of Gaussian noise in Hounsfield units.
    """

    flip: bool = True
    rotate: bool = True
    offset: float = 0.0
    scale: float = 0.0
    noise_hu: float = 0.0

    @classmethod
    def of(cls, settings: Settings) -> Augmentation:
        """Return the augmentation that the settings of a training define."""
        return cls(
            settings.flip, settings.rotate, settings.offset, settings.scale, settings.noise_hu
        )

    def __call__(
        self, images: Tensor, masks: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor | None]:
        """Transform a batch; masks get the same transform as their images.

        Parameters
        ----------
        images : torch.Tensor
            Float [N, C, H, W] or [N, C, D, H, W]; Hounsfield units.
        masks : torch.Tensor or None
            Float [N, 1, H, W]; 0 or 1.
        generator : torch.Generator
            Generator on the CPU, so that every device gets the same random numbers.

        Returns
        -------
        images, masks : torch.Tensor
            Tensors of the same shapes, linearly interpolated, with border values repeated outside.
            Masks are 0 or 1.
        """
        count, axes = len(images), images.ndim - 2
        matrices = self.matrices(count, axes, generator).to(images)
        grid = F.affine_grid(matrices[:, :axes], list(images.shape), align_corners=False)
        moved = _sample(images, grid)
        if self.noise_hu:
            noise = torch.randn(images.shape, generator=generator)
            moved = moved + self.noise_hu * noise.to(images)
        if masks is None:
            return moved, None
        return moved, (_sample(masks, grid) > 0.5).to(masks.dtype)

    def matrices(self, count: int, axes: int, generator: torch.Generator) -> Tensor:
        """Return random affine matrices [count, axes + 1, axes + 1] that act on (x, y[, z])."""

        def uniform(*shape: int) -> Tensor:
            return 2 * torch.rand(count, *shape, generator=generator) - 1

        scales = torch.ones(count, axes)
        if self.flip:
            scales = torch.where(uniform(axes) < 0, -1.0, 1.0)
        if self.scale:
            scales = scales * (1 + self.scale * uniform(1))
        matrices = torch.diag_embed(torch.cat([scales, torch.ones(count, 1)], dim=1))
        if self.offset:
            matrices[:, :axes, axes] = self.offset * uniform(axes)
        if self.rotate:
            angle = math.pi * uniform()
            turn = torch.eye(axes + 1).repeat(count, 1, 1)
            turn[:, 0, 0], turn[:, 0, 1] = angle.cos(), -angle.sin()
            turn[:, 1, 0], turn[:, 1, 1] = angle.sin(), angle.cos()
            matrices = matrices @ turn
        return matrices


def _sample(images: Tensor, grid: Tensor) -> Tensor:
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def mix_up(images: Tensor, targets: Tensor, *, alpha: float) -> tuple[Tensor, Tensor]:
    """Blend each item of a batch with another item, and their targets by the same share.

    The random numbers come from torch's global generator, as for dropout.

    Parameters
    ----------
    images : torch.Tensor
        Shape [N, ...].
    targets : torch.Tensor
        Probabilities [N, classes].
    alpha : float
        Parameter of the beta distribution of the shares; small values blend little.
    """
    share = torch.distributions.Beta(alpha, alpha).sample((len(images),))
    partner = torch.randperm(len(images)).to(images.device)

    def blended(values: Tensor) -> Tensor:
        weight = share.to(values).view(-1, *[1] * (values.ndim - 1))
        return weight * values + (1 - weight) * values[partner]

    return blended(images), blended(targets)
