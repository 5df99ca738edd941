"""Choice of the blocks of a network that are trained.

A block is a part of the network with parameters, in the order of computation. The classifier has
``tail_batchnorm``, ``block1`` ... and ``head_linear``; the U-Net has ``input_batchnorm``, each
level down and up, and ``last``. A frozen block runs in evaluation mode, so that it also keeps its
batch-norm statistics. (The book's code froze only the parameters, and the statistics of the input
drifted.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from lungrt.errors import CheckpointMismatch, InvalidArgument
from lungrt.models.unet import SegmentationUNet

Blocks = list[tuple[str, nn.Module]]


def blocks(network: nn.Module) -> Blocks:
    """Return the blocks that have parameters, with their names, in the order of computation."""
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
    """Load a trained network's weights except those of the last block, which does not change.

    Raises
    ------
    CheckpointMismatch
        Tensors are missing or have another shape; the message lists them.
    """
    last = blocks(network)[-1][0] + "."
    wanted = {k: v for k, v in network.state_dict().items() if not k.startswith(last)}
    # A U-Net may have been saved without its wrapper's prefix.
    found = {name: state.get(name, state.get(name.removeprefix("unet."))) for name in wanted}
    problems = [
        f"{name}: "
        + ("missing" if tensor is None else f"found {list(tensor.shape)}")
        + f", expected {list(wanted[name].shape)}"
        for name, tensor in found.items()
        if tensor is None or tensor.shape != wanted[name].shape
    ]
    if problems:
        raise CheckpointMismatch(
            f"{where}: the checkpoint does not fit the network to fine-tune:\n  "
            + "\n  ".join(problems)
        )
    network.load_state_dict(
        {name: tensor for name, tensor in found.items() if tensor is not None}, strict=False
    )


def trained_depth(epoch: int, depth: int, unfreeze_every: int) -> int:
    """Return how many blocks are trained in an epoch; epochs are counted from 1."""
    if not unfreeze_every:
        return depth
    return min(depth, 1 + (epoch - 1) // unfreeze_every)


class Frozen:
    """Freezing of the first blocks of a network.

    Parameters
    ----------
    network : torch.nn.Module
    depth : int
        Largest number of blocks that will be trained, counted from the last.

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
                f"cannot fine-tune {depth} blocks: the network has only {len(self._blocks)} "
                f"({', '.join(name for name, _ in self._blocks)})"
            )
        self._depth = depth
        self._trained = depth

    def train_last(self, depth: int) -> None:
        """Train only the last `depth` blocks from now on."""
        self._trained = depth
        still = len(self._blocks) - depth
        for number, (_, block) in enumerate(self._blocks):
            block.requires_grad_(number >= still)

    def train_mode(self) -> None:
        """Switch the network to training mode, and its frozen blocks to evaluation mode."""
        self._network.train()
        for _, block in self._blocks[: len(self._blocks) - self._trained]:
            block.eval()

    def trained_batch_norms(self) -> list[nn.Module]:
        """Return the batch norms of the blocks that are trained."""
        return [
            module
            for _, block in self._blocks[len(self._blocks) - self._trained :]
            for module in block.modules()
            if isinstance(module, nn.modules.batchnorm._BatchNorm)
        ]

    def parameter_groups(self, *, lr: float) -> list[dict[str, Any]]:
        """Return the optimizer's parameter groups, one for each block that will be trained."""
        chosen = self._blocks[len(self._blocks) - self._depth :]
        return [
            {"params": list(block.parameters()), "lr": lr, "name": name} for name, block in chosen
        ]
