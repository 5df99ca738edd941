"""Losses that the training minimises."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_LEAST = 1e-6  # smallest probability in a logarithm
_SMOOTH = 1.0  # keeps the ratio defined if no pixel is marked or found


def dice_loss(probability: Tensor, target: Tensor) -> Tensor:
    """Return 1 minus the Dice coefficient of each image.

    Parameters
    ----------
    probability : torch.Tensor
        Shape [N, ...], from 0 to 1.
    target : torch.Tensor
        Tensor of the same shape, 0 or 1.

    Returns
    -------
    torch.Tensor
        Shape [N], from 0 (equal) to almost 1.
    """
    axes = tuple(range(1, probability.ndim))
    both = (probability * target).sum(axes)
    all_of_both = probability.sum(axes) + target.sum(axes)
    return 1 - (2 * both + _SMOOTH) / (all_of_both + _SMOOTH)


def segmentation_loss(
    probability: Tensor,
    target: Tensor,
    *,
    false_negative_weight: float,
    cross_entropy_weight: float = 0.0,
) -> Tensor:
    """Return the Dice loss of each image plus two other weighted losses.

    Parameters
    ----------
    probability, target : torch.Tensor
        As for `dice_loss`.
    false_negative_weight : float
        Weight of the Dice loss of the marked pixels alone. It counts missed pixels and no false
        positives, so that the network finds rather too much than too little. The book uses 8.
    cross_entropy_weight : float, optional
        Weight of the mean cross-entropy of the pixels. The Dice loss of an image without a mask is
        almost 1 for few false positives as for many; the cross-entropy differs. The book uses 0.

    Returns
    -------
    torch.Tensor
        Shape [N].
    """
    missed = dice_loss(probability * target, target)
    loss = dice_loss(probability, target) + false_negative_weight * missed
    if cross_entropy_weight:
        loss = loss + cross_entropy_weight * pixel_cross_entropy(probability, target)
    return loss


def pixel_cross_entropy(probability: Tensor, target: Tensor) -> Tensor:
    """Return the mean binary cross-entropy of each image's pixels; shapes as for `dice_loss`."""
    # PyTorch refuses its own binary cross-entropy in mixed precision, even for float32 tensors.
    right = torch.where(target > 0, probability, 1 - probability)
    return -right.clamp(min=_LEAST).log().mean(tuple(range(1, probability.ndim)))


def classification_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Return the cross-entropy of each item.

    Parameters
    ----------
    logits : torch.Tensor
        Shape [N, classes].
    target : torch.Tensor
        Shape [N, classes]: probability of each class; hard labels are 0 and 1.

    Returns
    -------
    torch.Tensor
        Shape [N].
    """
    return F.cross_entropy(logits, target, reduction="none")


def trait_loss(predicted: Tensor, traits: Tensor) -> Tensor:
    """Return the mean squared error of each item's known traits.

    Parameters
    ----------
    predicted, traits : torch.Tensor
        Shape [N, traits]; unknown traits are NaN.

    Returns
    -------
    torch.Tensor
        Shape [N]; 0 for items without known traits.
    """
    known = torch.isfinite(traits)
    squares = torch.where(known, (predicted - traits.nan_to_num()) ** 2, 0.0)
    return squares.sum(dim=1) / known.sum(dim=1).clamp(min=1)
