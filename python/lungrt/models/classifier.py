"""Family of 3-D convolutional networks that classify a crop around a candidate.

A network has a batch norm over the clamped Hounsfield units, then blocks of two 3x3x3 convolutions,
each followed by an activation, and 2x2x2 max pooling, then one linear layer. Tensor names are those
of the book's checkpoints: ``tail_batchnorm``, ``blockN.conv1``, ``blockN.conv2`` and
``head_linear``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn

from lungrt.errors import CheckpointMismatch, InvalidArgument
from lungrt.models.capturing import is_capturing
from lungrt.models.options import (
    ACTIVATIONS,
    MOST_LEVELS,
    as_sizes,
    check_bool,
    check_choice,
    check_known,
    check_positive,
    check_whole,
)

_NAME = re.compile(r"((?:.+?\.)??)(?:block\d+\.conv\d\.|head_linear\.)")


@dataclass(frozen=True)
class ClassifierOptions:
    """Options of a classifier; the defaults are the book's.

    Attributes
    ----------
    out_channels : int
        Number of classes. Read from the tensors.
    widths : tuple of int
        Channels of each block. Read from the tensors.
    tail_batch_norm : bool
        Whether there is a batch norm before the first block. Read from the tensors.
    crop : tuple of int
        Size (slices, rows, columns) of the input in voxels. It cannot be read from the tensors,
        which only show how many voxels remain after pooling.
    activation : "relu" or "leaky_relu"
        Activation after each convolution; leaky_relu has a slope of 0.01.
    batch_norm_eps : float
        Number added to the variance of the batch norm.
    """

    out_channels: int = 2
    widths: tuple[int, ...] = (8, 16, 32, 64)
    tail_batch_norm: bool = True
    crop: tuple[int, ...] = (32, 48, 48)
    activation: str = "relu"
    batch_norm_eps: float = 1e-5

    def __post_init__(self) -> None:
        check_whole("out_channels", self.out_channels)
        object.__setattr__(self, "widths", as_sizes("widths", self.widths))
        check_bool("tail_batch_norm", self.tail_batch_norm)
        object.__setattr__(self, "crop", as_sizes("crop", self.crop, count=3))
        check_choice("activation", self.activation, ACTIVATIONS)
        check_positive("batch_norm_eps", self.batch_norm_eps)
        if self.pooled_voxels == 0:
            raise InvalidArgument(
                f"crop: nothing is left of {list(self.crop)} after {len(self.widths)} pooling "
                f"layers that halve it; expected at least {2 ** len(self.widths)} voxels along "
                "every axis"
            )

    @property
    def pooled_voxels(self) -> int:
        """Voxels per channel that remain for the linear layer."""
        return math.prod(size // 2 ** len(self.widths) for size in self.crop)


def prefix_of(name: str) -> str | None:
    """Return what stands before a name of this family; None for other names."""
    match = _NAME.match(name)
    return match[1] if match else None


def is_classifier(state: Mapping[str, Tensor]) -> bool:
    """Return whether the tensors have names of this family."""
    return any(prefix_of(name) == "" for name in state)


def infer_options(
    state: Mapping[str, Tensor], given: Mapping[str, Any], *, where: str
) -> tuple[ClassifierOptions, tuple[str, ...]]:
    """Read the options from a checkpoint's tensors.

    An option that cannot be read because tensors are missing gets a default, so that the later
    comparison with the architecture can list all missing tensors.

    Parameters
    ----------
    state : mapping of str to torch.Tensor
        A checkpoint's tensors.
    given : mapping of str to object
        Options from the caller; they take precedence over the tensors.
    where : str
        The file, for error messages.

    Returns
    -------
    options : ClassifierOptions
    inferred : tuple of str
        Names of the options that were read from tensors.

    Raises
    ------
    InvalidArgument
        An option of `given` is unknown or has an invalid value.
    CheckpointMismatch
        The linear layer does not fit the crop; the message names crops that it would fit.
    """
    check_known(given, [f.name for f in fields(ClassifierOptions)], of="classifier3d")
    read: dict[str, Any] = {}
    for name in ("head_linear.weight", "head_linear.bias"):
        if name in state and state[name].ndim and state[name].shape[0]:
            read["out_channels"] = state[name].shape[0]
            break
    if widths := _infer_widths(state):
        read["widths"] = widths
        read["tail_batch_norm"] = any(name.startswith("tail_batchnorm.") for name in state)

    inferred = tuple(name for name in read if name not in given)
    merged = {**read, **given}
    _check_crop(state, merged, where)
    return ClassifierOptions(**merged), inferred


def skeleton(kinds: Sequence[tuple[object, ...]]) -> Classifier3d | None:
    """Return a classifier with as many layers of each kind, one channel wide, or None.

    Parameters
    ----------
    kinds : sequence of tuple
        For each layer the names of its tensors, the number of axes of its weights, its kernel.
    """
    convolutions = sum(kind == ("weight", "bias", 5, 3, 3, 3) for kind in kinds)
    norms = sum("running_mean" in kind for kind in kinds)
    blocks, rest = divmod(convolutions, 2)
    if rest or not 0 < blocks <= MOST_LEVELS or norms not in (0, 1):
        return None
    options = ClassifierOptions(
        widths=(1,) * blocks, tail_batch_norm=norms == 1, crop=(2**blocks,) * 3
    )
    with torch.device("meta"):
        return Classifier3d(options)


def of_tensors(state: Mapping[str, Tensor]) -> Classifier3d:
    """Return a classifier with the options that tensors of this family's names show.

    Its crop is any with the number of features of the linear layer, which is all that they show.
    """
    widths = _infer_widths(state)
    features, side = state["head_linear.weight"].shape[1], 2 ** len(widths)
    voxels = max(features // widths[-1], 1)
    options = ClassifierOptions(
        out_channels=state["head_linear.weight"].shape[0],
        widths=widths,
        tail_batch_norm=any(name.startswith("tail_batchnorm.") for name in state),
        crop=(side * voxels, side, side),
    )
    return Classifier3d(options)


def _infer_widths(state: Mapping[str, Tensor]) -> tuple[int, ...]:
    blocks = [
        int(match[1])
        for name in state
        if (match := re.match(r"block(\d{1,4})\.", name)) and int(match[1]) <= MOST_LEVELS
    ]
    widths: list[int] = []
    for number in range(1, max(blocks, default=0) + 1):
        width = None
        for name in ("conv1.bias", "conv2.bias", "conv1.weight", "conv2.weight"):
            tensor = state.get(f"block{number}.{name}")
            if tensor is not None and tensor.ndim and tensor.shape[0]:
                width = tensor.shape[0]
                break
        widths.append(width or (2 * widths[-1] if widths else ClassifierOptions.widths[0]))
    return tuple(widths)


def _check_crop(state: Mapping[str, Tensor], merged: Mapping[str, Any], where: str) -> None:
    """Raise CheckpointMismatch if the crop does not give the linear layer's number of features."""
    head = state.get("head_linear.weight")
    widths = as_sizes("widths", merged.get("widths", ClassifierOptions.widths))
    if head is None or head.ndim != 2 or head.shape[1] % widths[-1]:
        return  # The cause is not the crop, and the comparison of all tensors will report it.
    crop = as_sizes("crop", merged.get("crop", ClassifierOptions.crop), count=3)
    factor = 2 ** len(widths)
    needed = head.shape[1] // widths[-1]
    left = [size // factor for size in crop]
    if math.prod(left) == needed:
        return
    examples = [
        f"[{slices * factor}, {side * factor}, {side * factor}]"
        for side in range(math.isqrt(needed), 0, -1)
        if (slices := needed // side**2) * side**2 == needed
    ]
    source = "the option crop" if "crop" in merged else "the default crop"
    raise CheckpointMismatch(
        f"{where}: head_linear has {head.shape[1]} input features ({widths[-1]} channels of "
        f"{needed} voxels), but {source} {list(crop)} leaves {left[0]} x {left[1]} x {left[2]} = "
        f"{math.prod(left)} voxels after {len(widths)} pooling layers. Set the option "
        "crop=[slices, rows, columns] to the crop that the classifier was trained on. The product "
        f"of its sizes, each divided by {factor} and rounded down, must be {needed}; for example "
        f"{' or '.join(examples[:4])}"
    )


class Classifier3d(nn.Module):
    """Network that computes the probability of each class from crops around candidates.

    Parameters
    ----------
    options : ClassifierOptions
    """

    def __init__(self, options: ClassifierOptions) -> None:
        super().__init__()
        self.options = options
        self.tail_batchnorm = (
            nn.BatchNorm3d(1, eps=options.batch_norm_eps)
            if options.tail_batch_norm
            else nn.Identity()
        )
        inputs = (1, *options.widths)
        self._block_names = [f"block{number}" for number in range(1, len(inputs))]
        for name, channels, width in zip(self._block_names, inputs, options.widths, strict=False):
            self.add_module(name, _Block(channels, width, options.activation))
        self.head_linear = nn.Linear(
            options.widths[-1] * options.pooled_voxels, options.out_channels
        )

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Classify crops.

        Parameters
        ----------
        crops : torch.Tensor
            Float32 [N, 1, slices, rows, columns] of the crop's size; clamped Hounsfield units.

        Returns
        -------
        logits, probabilities : torch.Tensor
            Float32 [N, classes] each; the probabilities are the softmax of the logits.

        Raises
        ------
        InvalidArgument
            The shape does not fit. This is not checked while a graph is being captured.
        """
        if not is_capturing(crops):
            self._check_shape(tuple(crops.shape))
        x = self.tail_batchnorm(crops)
        for name in self._block_names:
            x = self.get_submodule(name)(x)
        logits = self.head_linear(x.flatten(1))
        return logits, torch.softmax(logits, dim=1)

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        expected = (1, *self.options.crop)
        if shape[1:] != expected:
            raise InvalidArgument(
                f"classifier input: expected [N, {', '.join(map(str, expected))}], "
                f"got {list(shape)}"
            )


class _Block(nn.Module):
    def __init__(self, in_channels: int, width: int, activation: str) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(in_channels, width, kernel_size=3, padding=1)
        self.conv2 = nn.Conv3d(width, width, kernel_size=3, padding=1)
        self.activation = ACTIVATIONS[activation]()
        self.maxpool = nn.MaxPool3d(2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.activation(self.conv1(x))
        x = self.activation(self.conv2(x))
        out: Tensor = self.maxpool(x)
        return out
