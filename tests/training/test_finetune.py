"""What is trained, what is not, and how fast."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from lungrt.errors import CheckpointMismatch, InvalidArgument
from lungrt.models import Checkpoint, load_checkpoint
from lungrt.training.averaging import Averaging, measure_batch_norms
from lungrt.training.data import DataSet
from lungrt.training.finetune import Frozen, blocks, trained_depth
from lungrt.training.loop import run
from lungrt.training.networks import TraitHead, add_dropout, make_network
from lungrt.training.session import Session
from lungrt.training.settings import Settings

from .conftest import CROP

Quick = Callable[..., Settings]


def saved(folder: Path, network: nn.Module) -> Checkpoint:
    torch.save(network.state_dict(), folder / "trained.pt")
    return load_checkpoint(folder / "trained.pt")


@pytest.fixture
def checkpoint(tmp_path: Path, quick: Quick) -> Checkpoint:
    torch.manual_seed(1)
    network = make_network(quick("nodule"))
    with torch.no_grad():
        network(torch.randn(8, 1, *CROP) * 300 - 500)
    return saved(tmp_path, network)


def test_blocks_of_both_families(quick: Quick) -> None:
    classifier = [name for name, _ in blocks(make_network(quick("nodule")))]
    assert classifier == ["tail_batchnorm", "block1", "block2", "head_linear"]
    unet = [name for name, _ in blocks(make_network(quick("segmentation")))]
    assert unet == [
        "input_batchnorm",
        "unet.down_path.0",
        "unet.down_path.1",
        "unet.up_path.0",
        "unet.last",
    ]


def test_all_but_the_last_block_is_loaded(checkpoint: Checkpoint, quick: Quick) -> None:
    torch.manual_seed(2)
    network = make_network(quick("malignancy"), checkpoint)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, checkpoint.state[name]) != name.startswith("head_linear.")


def test_three_classes_from_a_nodule_classifier(checkpoint: Checkpoint, quick: Quick) -> None:
    network = make_network(quick("three-class"), checkpoint)
    assert network.head_linear.out_features == 3


def test_widths_are_the_checkpoints(checkpoint: Checkpoint, quick: Quick) -> None:
    network = make_network(quick("malignancy", widths=None), checkpoint)
    assert network.options.widths == (4, 8)


def test_unet_saved_without_its_wrapper(tmp_path: Path, quick: Quick) -> None:
    network = make_network(quick("segmentation", widths=(2, 4)))
    state = {k.removeprefix("unet."): v for k, v in network.state_dict().items()}
    torch.save(state, tmp_path / "unet.pt")
    again = make_network(quick("segmentation", widths=None), load_checkpoint(tmp_path / "unet.pt"))
    for name, tensor in again.state_dict().items():
        assert torch.equal(tensor, network.state_dict()[name]) != name.startswith("unet.last.")


def test_another_network_is_refused(tmp_path: Path, quick: Quick) -> None:
    unet = saved(tmp_path, make_network(quick("segmentation")))
    with pytest.raises(CheckpointMismatch, match=r"block1\.conv1\.weight: missing"):
        make_network(quick("malignancy"), unet)


def trained(
    data: DataSet, checkpoint: Checkpoint | None, settings: Settings
) -> tuple[Session, dict[str, Tensor]]:
    session = Session(settings, data, data.samples, [], checkpoint=checkpoint)
    run(session, None)
    return session, session.result.state_dict()


@pytest.mark.parametrize("average", ["none", "ema", "swa"])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_frozen_blocks_are_equal_to_the_bit(
    luna_data: DataSet, checkpoint: Checkpoint, quick: Quick, depth: int, average: str
) -> None:
    settings = quick("malignancy", finetune_depth=depth, average=average, momentum=0.9)
    session, state = trained(luna_data, checkpoint, settings)
    names = [name for name, _ in blocks(session.result)]
    for name, tensor in state.items():
        block = next(n for n in names if name.startswith(n))
        is_frozen = names.index(block) < len(names) - depth
        before = checkpoint.state[name]
        if is_frozen:
            assert torch.equal(tensor, before), name
        elif name != "tail_batchnorm.num_batches_tracked":
            assert not torch.equal(tensor, before), name


def test_statistics_of_a_trained_batch_norm_move(
    luna_data: DataSet, checkpoint: Checkpoint, quick: Quick
) -> None:
    _, state = trained(luna_data, checkpoint, quick("malignancy", finetune_depth=4))
    name = "tail_batchnorm.running_mean"
    assert not torch.equal(state[name], checkpoint.state[name])


def test_more_blocks_than_there_are_is_named(quick: Quick) -> None:
    with pytest.raises(InvalidArgument, match=r"5 blocks: the network has only 4 \(tail_batchnorm"):
        Frozen(make_network(quick("nodule")), 5)


@pytest.mark.parametrize(
    ("every", "depths"), [(0, [3, 3, 3, 3, 3]), (1, [1, 2, 3, 3, 3]), (2, [1, 1, 2, 2, 3])]
)
def test_gradual_unfreezing(every: int, depths: list[int]) -> None:
    assert [trained_depth(epoch, 3, every) for epoch in range(1, 6)] == depths


def test_gradual_unfreezing_trains_later_blocks_later(
    luna_data: DataSet, checkpoint: Checkpoint, quick: Quick
) -> None:
    settings = quick("malignancy", finetune_depth=2, unfreeze_every=1, momentum=0.9)
    session = Session(settings, luna_data, luna_data.samples, [], checkpoint=checkpoint)
    weight = session.network.block2.conv1.weight
    before = weight.detach().clone()
    session.train_epoch(1)
    assert list(session.learning_rates) == ["head_linear"]
    assert torch.equal(weight, before)
    session.train_epoch(2)
    assert list(session.learning_rates) == ["block2", "head_linear"]
    assert not torch.equal(weight, before)


def test_unfreezing_a_new_network_is_refused(luna_data: DataSet, quick: Quick) -> None:
    with pytest.raises(InvalidArgument, match="unfreeze_every is for fine-tuning only"):
        Session(quick("nodule", unfreeze_every=1), luna_data, luna_data.samples, [])


def test_learning_rates_have_the_names_of_blocks(
    luna_data: DataSet, checkpoint: Checkpoint, quick: Quick
) -> None:
    settings = quick("malignancy", finetune_depth=3, lr=0.1)
    session = Session(settings, luna_data, luna_data.samples, [], checkpoint=checkpoint)
    assert session.learning_rates == {"block1": 0.1, "block2": 0.1, "head_linear": 0.1}


def test_dropout_is_for_training_alone(quick: Quick) -> None:
    plain, dropping = (make_network(quick("nodule")) for _ in range(2))
    dropping.load_state_dict(plain.state_dict())
    add_dropout(dropping, 0.5)
    crops = torch.randn(4, 1, *CROP)
    assert dropping.state_dict().keys() == plain.state_dict().keys()
    assert dropping.options == plain.options
    assert torch.equal(dropping.eval()(crops)[0], plain.eval()(crops)[0])
    dropping.train()
    assert not torch.equal(dropping(crops)[0], dropping(crops)[0])


def test_dropout_of_a_unet_drops_whole_maps(quick: Quick) -> None:
    network = make_network(quick("segmentation"))
    seen: list[Tensor] = []
    add_dropout(network, 0.5)
    network.unet.last.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    network.train()(torch.randn(4, 3, 16, 16))
    empty = (seen[0] == 0).all(dim=(2, 3))
    assert empty.any()
    assert not empty.all()


def test_trait_head_sees_what_the_last_layer_sees(quick: Quick) -> None:
    network = make_network(quick("nodule"))
    head = TraitHead(network, ("a", "b", "c"))
    network(torch.randn(5, 1, *CROP))
    assert head().shape == (5, 3)


def test_moving_average_by_hand(quick: Quick) -> None:
    network = make_network(quick("nodule"))
    averaging = Averaging(network, quick("nodule", average="ema"))
    bias = network.head_linear.bias
    for value in (1.0, 2.0, 4.0):
        bias.data.fill_(value)
        averaging.after_step()
    expected = 0.99 * (0.99 * 1 + 0.01 * 2) + 0.01 * 4
    assert averaging.result.head_linear.bias.tolist() == pytest.approx([expected] * 2)


def test_mean_over_the_last_epochs_by_hand(quick: Quick) -> None:
    network = make_network(quick("nodule"))
    averaging = Averaging(network, quick("nodule", average="swa", epochs=8))
    for epoch in range(1, 9):
        assert (averaging.result is network) == (epoch <= 7)
        network.head_linear.bias.data.fill_(float(epoch))
        averaging.after_step()
        averaging.after_epoch(epoch, [], [])
    assert averaging.result.head_linear.bias.tolist() == [7.5, 7.5]


def test_statistics_are_measured_anew_where_asked() -> None:
    network = nn.Sequential(nn.BatchNorm2d(1), nn.BatchNorm2d(1))
    first, second = network
    images = [torch.full((2, 1, 4, 4), value) for value in (1.0, 3.0)]
    measure_batch_norms(network, [second], images)
    assert isinstance(first, nn.BatchNorm2d)
    assert isinstance(second, nn.BatchNorm2d)
    assert first.running_mean is not None
    assert second.running_mean is not None
    assert first.running_mean.item() == 0
    # The first passes its input through: its own statistics are 0 and 1.
    assert second.running_mean.item() == pytest.approx(2, abs=1e-4)
    assert second.momentum == 0.1
