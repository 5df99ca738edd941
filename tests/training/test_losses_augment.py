from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from lungrt.training.augment import Augmentation, mix_up
from lungrt.training.losses import (
    classification_loss,
    dice_loss,
    pixel_cross_entropy,
    segmentation_loss,
    trait_loss,
)
from lungrt.training.settings import default_settings

SEEDS = st.integers(0, 1000)


def draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def masks(seed: int) -> tuple[Tensor, Tensor]:
    generator = draw(seed)
    probability = torch.rand(3, 1, 8, 8, generator=generator)
    return probability, (torch.rand(3, 1, 8, 8, generator=generator) > 0.7).float()


@given(SEEDS)
def test_dice_loss_is_between_equal_and_disjoint(seed: int) -> None:
    probability, target = masks(seed)
    loss = dice_loss(probability, target)
    assert loss.shape == (3,)
    assert ((loss >= 0) & (loss < 1)).all()
    assert dice_loss(target, target) == pytest.approx([0, 0, 0], abs=1e-6)
    assert (dice_loss(1 - target, target) > 0.9).all()


def test_dice_loss_by_hand() -> None:
    probability, target = torch.tensor([[1.0, 1.0, 0.5, 0.0]]), torch.tensor([[1.0, 0, 1, 0]])
    assert dice_loss(probability, target).item() == pytest.approx(1 - (2 * 1.5 + 1) / (2.5 + 2 + 1))


def test_dice_loss_of_nothing_marked_and_nothing_found() -> None:
    assert dice_loss(torch.zeros(1, 4), torch.zeros(1, 4)).item() == 0


@given(SEEDS, st.floats(0, 20))
def test_misses_weigh_more_than_false_alarms(seed: int, weight: float) -> None:
    probability, target = masks(seed)
    loss = segmentation_loss(probability, target, false_negative_weight=weight)
    expected = dice_loss(probability, target) + weight * dice_loss(probability * target, target)
    assert torch.equal(loss, expected)
    everything = segmentation_loss(torch.ones_like(target), target, false_negative_weight=8)
    nothing = segmentation_loss(torch.zeros_like(target), target, false_negative_weight=8)
    assert (everything < nothing).all()


@given(SEEDS, st.floats(0.1, 20))
def test_pixels_cross_entropy_is_that_of_pytorch(seed: int, weight: float) -> None:
    probability, target = masks(seed)
    pixels = F.binary_cross_entropy(probability, target, reduction="none").flatten(1).mean(1)
    assert torch.allclose(pixel_cross_entropy(probability, target), pixels, atol=1e-5)
    plain, both = (
        segmentation_loss(
            probability, target, false_negative_weight=2, cross_entropy_weight=cross_entropy
        )
        for cross_entropy in (0.0, weight)
    )
    assert torch.allclose(both - plain, weight * pixels, rtol=1e-4, atol=1e-4)


def test_cross_entropy_of_a_certain_mistake_is_finite() -> None:
    wrong = torch.tensor([[0.0, 1.0]], requires_grad=True)
    loss = pixel_cross_entropy(wrong, torch.tensor([[1.0, 0.0]]))
    loss.sum().backward()
    assert loss.isfinite().all()
    assert wrong.grad is not None
    assert wrong.grad.isfinite().all()


def test_many_false_alarms_cost_more_than_few_where_nothing_is() -> None:
    few, many, nothing = torch.zeros(1, 10_000), torch.zeros(1, 10_000), torch.zeros(1, 10_000)
    few[0, :100], many[0, :5000] = 0.9, 0.9
    dice = [segmentation_loss(p, nothing, false_negative_weight=8).item() for p in (few, many)]
    assert dice[1] - dice[0] < 0.02
    both = [
        segmentation_loss(p, nothing, false_negative_weight=8, cross_entropy_weight=10).item()
        for p in (few, many)
    ]
    assert both[1] - both[0] > 5


def test_cross_entropy_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3.0)]])
    hard = classification_loss(logits, torch.tensor([[0.0, 1.0]]))
    assert hard.item() == pytest.approx(-math.log(0.75))
    soft = classification_loss(logits, torch.tensor([[0.25, 0.75]]))
    assert soft.item() == pytest.approx(-0.25 * math.log(0.25) - 0.75 * math.log(0.75))


def test_unknown_traits_teach_nothing() -> None:
    predicted = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    traits = torch.tensor([[0.0, math.nan], [math.nan, math.nan]])
    loss = trait_loss(predicted, traits)
    assert loss.tolist() == [1.0, 0.0]
    loss.sum().backward()
    assert predicted.grad is not None
    assert predicted.grad.tolist() == [[2.0, 0.0], [0.0, 0.0]]


STILL = Augmentation(flip=False, rotate=False)


@pytest.mark.parametrize("shape", [(2, 3, 12, 14), (2, 1, 8, 12, 12)])
def test_nothing_drawn_changes_nothing(shape: tuple[int, ...]) -> None:
    images = torch.randn(shape, generator=draw())
    moved, _ = STILL(images, None, draw())
    assert torch.allclose(moved, images, atol=1e-4)


@given(SEEDS)
@settings(max_examples=25)
def test_flips_are_flips(seed: int) -> None:
    images = torch.randn(4, 1, 6, 8, 8, generator=draw(seed))
    moved, _ = Augmentation(flip=True, rotate=False)(images, None, draw(seed))
    for image, result in zip(images[:, 0], moved[:, 0], strict=True):
        flipped = [image.flip([axis for axis in range(3) if axes >> axis & 1]) for axes in range(8)]
        assert any(torch.allclose(result, other, atol=1e-4) for other in flipped)


@given(SEEDS)
@settings(max_examples=25)
def test_rotation_is_within_the_slice(seed: int) -> None:
    """Slices that are constant stay as they are, one by one."""
    images = torch.arange(5.0).view(1, 1, 5, 1, 1).expand(1, 1, 5, 9, 9).contiguous()
    moved, _ = Augmentation(flip=False, rotate=True)(images, None, draw(seed))
    assert torch.allclose(moved, images, atol=1e-4)


def test_rotation_turns_by_every_angle() -> None:
    matrices = Augmentation(flip=False).matrices(400, 3, draw())
    turns = matrices[:, :2, :2]
    assert torch.allclose(turns @ turns.mT, torch.eye(2).expand(400, 2, 2), atol=1e-5)
    assert torch.allclose(torch.linalg.det(turns), torch.ones(400), atol=1e-5)
    angles = torch.atan2(turns[:, 1, 0], turns[:, 0, 0])
    quarters = torch.histc(angles, bins=4, min=-math.pi, max=math.pi)
    assert (quarters > 60).all()


@given(SEEDS, st.floats(0.01, 0.3), st.floats(0.01, 0.3))
def test_shift_and_scale_stay_in_their_limits(seed: int, offset: float, scale: float) -> None:
    augment = Augmentation(flip=False, rotate=False, offset=offset, scale=scale)
    matrices = augment.matrices(20, 2, draw(seed))
    assert (matrices[:, :2, 2].abs() <= offset + 1e-6).all()
    assert ((matrices[:, 0, 0] - 1).abs() <= scale + 1e-6).all()
    assert torch.equal(matrices[:, 0, 0], matrices[:, 1, 1])


@pytest.mark.parametrize(("task", "offset"), [("malignancy", 0.1), ("segmentation", 0.03)])
def test_each_item_of_a_batch_has_a_transform_of_its_own(task: str, offset: float) -> None:
    augment = Augmentation.of(default_settings(task))
    assert augment.offset == offset
    matrices = augment.matrices(8, 3, draw())
    assert len({tuple(matrix.flatten().tolist()) for matrix in matrices}) == 8


@given(SEEDS)
@settings(max_examples=15)
def test_masks_move_with_their_images(seed: int) -> None:
    augment = Augmentation(offset=0.2, scale=0.2)
    mask = torch.zeros(3, 1, 24, 24)
    mask[:, :, 6:15, 8:19] = 1
    images = mask.expand(3, 2, 24, 24) * 1000
    moved, moved_mask = augment(images, mask, draw(seed))
    assert moved_mask is not None
    assert set(moved_mask.unique().tolist()) <= {0.0, 1.0}
    assert torch.equal(moved[:, :1] > 500, moved_mask > 0)


def test_border_is_repeated() -> None:
    images = torch.full((4, 1, 8, 8, 8), -300.0)
    moved, _ = Augmentation(offset=0.5, scale=0.5)(images, None, draw())
    assert torch.allclose(moved, images, atol=1e-3)


def test_noise_has_its_width() -> None:
    augment = Augmentation(flip=False, rotate=False, noise_hu=25.0)
    moved, _ = augment(torch.zeros(4, 3, 64, 64), None, draw())
    assert moved.std().item() == pytest.approx(25, rel=0.03)


@given(SEEDS, st.floats(0.05, 2.0))
@settings(max_examples=25)
def test_mixup_blends_images_and_targets_alike(seed: int, alpha: float) -> None:
    torch.manual_seed(seed)
    targets = torch.eye(6)
    images = targets.view(6, 6, 1, 1).expand(6, 6, 2, 2).contiguous()
    mixed, mixed_targets = mix_up(images, targets, alpha=alpha)
    assert torch.allclose(mixed, mixed_targets.view(6, 6, 1, 1).expand(6, 6, 2, 2))
    assert torch.allclose(mixed_targets.sum(dim=1), torch.ones(6))
    assert ((mixed_targets > 0).sum(dim=1) <= 2).all()


def test_same_draws_from_the_same_seed() -> None:
    augment = Augmentation(offset=0.1, scale=0.1, noise_hu=10)
    images = torch.randn(2, 1, 8, 8, 8, generator=draw(1))
    assert torch.equal(augment(images, None, draw(2))[0], augment(images, None, draw(2))[0])
    assert not torch.equal(augment(images, None, draw(2))[0], augment(images, None, draw(3))[0])
