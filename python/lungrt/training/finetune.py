"""Which blocks of a network are trained, and how fast each learns.

A block is a part of the network with parameters of its own, in the order of computation: of the
classifier ``tail_batchnorm``, ``block1`` ... and ``head_linear``; of the U-Net ``input_batchnorm``,
each level down and up, and ``last``. A frozen block keeps its batch-norm statistics too: it runs in
evaluation mode. (The book's code froze parameters alone, and the input's statistics drifted.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from lungrt.errors import CheckpointMismatch, InvalidArgument
from lungrt.models.unet import SegmentationUNet

Blocks = list[tuple[str, nn.Module]]


def blocks(network: nn.Module) -> Blocks:
    """Return the blocks that have parameters by name, in the order of computation."""
    children = list(network.named_children())
    if isinstance(network, SegmentationUNet):
        unet = network.unet
        children = [
            ("input_batchnorm", network.input_batchnorm),
            *((f"unet.down_path.{i}", block) for i, block in enumerate(unet.down_path)),
            *((f"unet.up_path.{i}", block) for i, block in enumerate(unet.up_path)),
            ("unet.last", unet.last),
        ]
    return [(name, block) for name, block in children if any(True for _ in block.parameters())]


def load_all_but_last(network: nn.Module, state: Mapping[str, Tensor], *, where: str) -> None:
    """Load a trained network's weights except those of the last block, which stays as it is.

    Raises
    ------
    CheckpointMismatch
        Some tensors are missing or of another shape; lists them.
    """
    last = blocks(network)[-1][0] + "."
    wanted = {k: v for k, v in network.state_dict().items() if not k.startswith(last)}
    # A U-Net may have been saved without its wrapper's prefix.
    found = {name: state.get(name, state.get(name.removeprefix("unet."))) for name in wanted}
    problems = [
        f"{name}: "
        + ("missing" if tensor is None else f"{list(tensor.shape)}")
        + f", expected {list(wanted[name].shape)}"
        for name, tensor in found.items()
        if tensor is None or tensor.shape != wanted[name].shape
    ]
    if problems:
        raise CheckpointMismatch(
            f"{where}: does not fit the network that is to be fine-tuned\n  "
            + "\n  ".join(problems)
        )
    network.load_state_dict(
        {name: tensor for name, tensor in found.items() if tensor is not None}, strict=False
    )


def trained_depth(epoch: int, depth: int, unfreeze_every: int) -> int:
    """Return how many blocks are trained in an epoch, counted from 1."""
    if not unfreeze_every:
        return depth
    return min(depth, 1 + (epoch - 1) // unfreeze_every)


class Frozen:
    """Holds blocks still.

    Parameters
    ----------
    network : torch.nn.Module
    depth : int
        Blocks that will ever be trained, counted from the last.

    Raises
    ------
    InvalidArgument
        The network has fewer blocks.
    """

    def __init__(self, network: nn.Module, depth: int) -> None:
        self._network = network
        self._blocks = blocks(network)
        if depth > len(self._blocks):
            raise InvalidArgument(
                f"fine-tuning {depth} blocks: the network has {len(self._blocks)}, "
                f"{', '.join(name for name, _ in self._blocks)}"
            )
        self._depth = depth
        self._trained = depth

    def train_last(self, depth: int) -> None:
        """Choose how many blocks are trained from now on."""
        self._trained = depth
        still = len(self._blocks) - depth
        for number, (_, block) in enumerate(self._blocks):
            block.requires_grad_(number >= still)

    def train_mode(self) -> None:
        """Put the network into training mode, frozen blocks into evaluation mode."""
        self._network.train()
        for _, block in self._blocks[: len(self._blocks) - self._trained]:
            block.eval()

    def trained_batch_norms(self) -> list[nn.Module]:
        """Return batch norms whose statistics follow the data."""
        return [
            module
            for _, block in self._blocks[len(self._blocks) - self._trained :]
            for module in block.modules()
            if isinstance(module, nn.modules.batchnorm._BatchNorm)
        ]

    def parameter_groups(self, *, lr: float, decay_by_depth: float) -> list[dict[str, Any]]:
        """Return the optimizer's groups, one a block that will be trained; the last comes last."""
        chosen = self._blocks[len(self._blocks) - self._depth :]
        return [
            {
                "params": list(block.parameters()),
                "lr": lr * decay_by_depth ** (len(chosen) - 1 - number),
                "name": name,
            }
            for number, (name, block) in enumerate(chosen)
        ]
