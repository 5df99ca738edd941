"""Random transforms of whole batches, on the device that they lie on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from lungrt.training.settings import Settings

_ELASTIC_POINTS = 4  # control points of the deformation along each axis


@dataclass(frozen=True)
class Augmentation:
    """Draws transforms for a batch and applies them.

    Attributes
    ----------
    flip : bool
        Mirror along each axis with probability 1/2.
    rotate : bool
        Turn by any angle within the slice.
    offset : float
        Largest shift along each axis, as share of half the crop's size.
    scale : float
        Largest change of size: factors from 1 - scale to 1 + scale.
    elastic : float
        Largest displacement of a smooth deformation, as share of half the crop's size.
    noise_hu : float
        Standard deviation of Gaussian noise.
    one_a_batch : bool
        Draw one transform for all items of a batch.
    """

    flip: bool = True
    rotate: bool = True
    offset: float = 0.0
    scale: float = 0.0
    elastic: float = 0.0
    noise_hu: float = 0.0
    one_a_batch: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Augmentation:
        """Return what the settings of a training ask for."""
        book = settings.book_augmentation
        # The book's classifier code draws a shift and then does not apply it; its
        # segmentation applies one.
        shifts = settings.task == "segmentation" or not book
        return cls(
            settings.flip,
            settings.rotate,
            settings.offset if shifts else 0.0,
            settings.scale,
            settings.elastic,
            settings.noise_hu,
            one_a_batch=book,
        )

    def __call__(
        self, images: Tensor, masks: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor | None]:
        """Transform a batch; masks get the same transform as their images.

        Parameters
        ----------
        images : torch.Tensor
            Shape [N, C, H, W] or [N, C, D, H, W], Hounsfield units.
        masks : torch.Tensor or None
            Shape [N, 1, H, W], 0 and 1.
        generator : torch.Generator
            On the CPU: the same draws on every device.

        Returns
        -------
        images, masks : torch.Tensor
            Of the same shapes, linearly interpolated; what lies beyond the border repeats it.
            Masks are 0 and 1 again.
        """
        count, axes = len(images), images.ndim - 2
        matrices = self.matrices(count, axes, generator).to(images)
        grid = F.affine_grid(matrices[:, :axes], list(images.shape), align_corners=False)
        if self.elastic:
            grid = grid + self._deformation(images, generator)
        moved = _sample(images, grid)
        if self.noise_hu:
            noise = torch.randn(images.shape, generator=generator)
            moved = moved + self.noise_hu * noise.to(images)
        if masks is None:
            return moved, None
        return moved, (_sample(masks, grid) > 0.5).to(masks.dtype)

    def matrices(self, count: int, axes: int, generator: torch.Generator) -> Tensor:
        """Draw affine matrices [count, axes + 1, axes + 1] that act on (x, y[, z])."""
        drawn = 1 if self.one_a_batch else count

        def uniform(*shape: int) -> Tensor:
            return 2 * torch.rand(drawn, *shape, generator=generator) - 1

        scales = torch.ones(drawn, axes)
        if self.flip:
            scales = torch.where(uniform(axes) < 0, -1.0, 1.0)
        if self.scale:
            scales = scales * (1 + self.scale * uniform(1))
        matrices = torch.diag_embed(torch.cat([scales, torch.ones(drawn, 1)], dim=1))
        if self.offset:
            matrices[:, :axes, axes] = self.offset * uniform(axes)
        if self.rotate:
            angle = math.pi * uniform()
            turn = torch.eye(axes + 1).repeat(drawn, 1, 1)
            turn[:, 0, 0], turn[:, 0, 1] = angle.cos(), -angle.sin()
            turn[:, 1, 0], turn[:, 1, 1] = angle.sin(), angle.cos()
            matrices = matrices @ turn
        return matrices.expand(count, -1, -1)

    def _deformation(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Draw a smooth displacement [N, (D,) H, W, axes] between a few control points."""
        count, axes = len(images), images.ndim - 2
        drawn = 1 if self.one_a_batch else count
        points = 2 * torch.rand(drawn, axes, *[_ELASTIC_POINTS] * axes, generator=generator) - 1
        mode = "trilinear" if axes == 3 else "bilinear"
        field = F.interpolate(
            points.to(images), size=images.shape[2:], mode=mode, align_corners=True
        )
        moved = self.elastic * field.movedim(1, -1)
        return moved.expand(count, *[-1] * (axes + 1))


def _sample(images: Tensor, grid: Tensor) -> Tensor:
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def mix_up(images: Tensor, targets: Tensor, *, alpha: float) -> tuple[Tensor, Tensor]:
    """Blend each item of a batch with another one, and its target by the same share.

    Draws from torch's global generator, as dropout does.

    Parameters
    ----------
    images, targets : torch.Tensor
        Shape [N, ...]; targets are probabilities [N, classes].
    alpha : float
        Of the beta distribution that shares are drawn from; small values mix little.
    """
    share = torch.distributions.Beta(alpha, alpha).sample((len(images),))
    partner = torch.randperm(len(images)).to(images.device)

    def blended(values: Tensor) -> Tensor:
        weight = share.to(values).view(-1, *[1] * (values.ndim - 1))
        return weight * values + (1 - weight) * values[partner]

    return blended(images), blended(targets)
