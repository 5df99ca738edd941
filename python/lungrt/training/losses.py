"""What is minimised."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_LEAST = 1e-6  # probability whose logarithm is taken
_SMOOTH = 1.0  # keeps the ratio defined where nothing is marked and nothing found


def dice_loss(probability: Tensor, target: Tensor) -> Tensor:
    """Return 1 less the Dice coefficient of each image.

    Parameters
    ----------
    probability : torch.Tensor
        Shape [N, ...], from 0 to 1.
    target : torch.Tensor
        Of the same shape, 0 or 1.

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
    """Return the Dice loss of each image plus, weighted, two other parts. Shapes as `dice_loss`.

    Parameters
    ----------
    probability, target : torch.Tensor
    false_negative_weight : float
        Of the Dice loss of the marked pixels alone: it sees misses and no false alarms, so that a
        network that trades one for the other leans towards finding everything. The book's is 8.
    cross_entropy_weight : float, optional
        Of the pixels' mean cross-entropy. The Dice loss of an image without a mask is almost 1 for
        few false alarms as for many; this part tells them apart. The book has none.
    """
    missed = dice_loss(probability * target, target)
    loss = dice_loss(probability, target) + false_negative_weight * missed
    if cross_entropy_weight:
        loss = loss + cross_entropy_weight * pixel_cross_entropy(probability, target)
    return loss


def pixel_cross_entropy(probability: Tensor, target: Tensor) -> Tensor:
    """Return the mean binary cross-entropy of each image's pixels; shapes as for `dice_loss`."""
    # By hand: PyTorch's own is refused in mixed precision, even of float32.
    right = torch.where(target > 0, probability, 1 - probability)
    return -right.clamp(min=_LEAST).log().mean(tuple(range(1, probability.ndim)))


def classification_loss(logits: Tensor, target: Tensor, *, label_smoothing: float) -> Tensor:
    """Return the cross-entropy of each item.

    Parameters
    ----------
    logits : torch.Tensor
        Shape [N, classes].
    target : torch.Tensor
        Shape [N, classes]: probability of each class; hard labels are 0 and 1.
    label_smoothing : float
        Share of the target that is spread over all classes.

    Returns
    -------
    torch.Tensor
        Shape [N].
    """
    return F.cross_entropy(logits, target, reduction="none", label_smoothing=label_smoothing)


def trait_loss(predicted: Tensor, traits: Tensor) -> Tensor:
    """Return the mean squared error of each item's known traits.

    Parameters
    ----------
    predicted, traits : torch.Tensor
        Shape [N, traits]; the latter NaN where nobody rated.

    Returns
    -------
    torch.Tensor
        Shape [N]; 0 for items of which nothing is known.
    """
    known = torch.isfinite(traits)
    squares = torch.where(known, (predicted - traits.nan_to_num()) ** 2, 0.0)
    return squares.sum(dim=1) / known.sum(dim=1).clamp(min=1)
