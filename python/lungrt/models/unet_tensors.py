"""What the tensors of a checkpoint tell about a U-Net: whether it is one, and its options.

Names without the prefix ``unet.``, from a network that was saved without its wrapper, are accepted
too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor

from lungrt.errors import CheckpointMismatch
from lungrt.models.options import MOST_LEVELS, check_known
from lungrt.models.unet import SegmentationUNet, UNetOptions, usual_widths

_UNWRAPPED = ("down_path.", "up_path.", "last.")
_NAME = re.compile(r"((?:.+?\.)??)(?:unet\.)?(?:down_path|up_path)\.\d")


def prefix_of(name: str) -> str | None:
    """Return what stands before a name of this family; None for other names."""
    match = _NAME.match(name)
    return match[1] if match else None


def is_unet(state: Mapping[str, Tensor]) -> bool:
    """Return whether the tensors have names of this family."""
    return any(prefix_of(name) == "" for name in state)


def infer_options(
    state: Mapping[str, Tensor], given: Mapping[str, Any]
) -> tuple[UNetOptions, tuple[str, ...]]:
    """Read the options from a checkpoint's tensors.

    An option that cannot be read because tensors are missing gets a default, so that the later
    comparison with the architecture can list all missing tensors.

    Parameters
    ----------
    state : mapping of str to torch.Tensor
        A checkpoint's tensors.
    given : mapping of str to object
        Options from the caller; they take precedence over the tensors.

    Returns
    -------
    options : UNetOptions
    inferred : tuple of str
        Names of the options that were read from tensors.

    Raises
    ------
    InvalidArgument
        An option of `given` is unknown or has an invalid value.
    """
    check_known(given, [f.name for f in fields(UNetOptions)], of="unet")
    # By names without the wrapper's prefix, which not all checkpoints have.
    shapes = {name.removeprefix("unet."): tuple(t.shape) for name, t in state.items()}

    read: dict[str, Any] = {}
    in_channels = _dimension(
        shapes, ("down_path.0.block.0.weight", 4, 1), ("input_batchnorm.weight", 1, 0)
    )
    if in_channels:
        read["in_channels"] = in_channels
    if out_channels := _dimension(shapes, ("last.weight", 4, 0), ("last.bias", 1, 0)):
        read["out_channels"] = out_channels
    if widths := _infer_widths(shapes):
        read["widths"] = widths
    if any(re.match(r"up_path\.\d+\.up\.1\.", name) for name in shapes):
        read["up_mode"] = "upsample"
    elif any(re.match(r"up_path\.\d+\.up\.(weight|bias)$", name) for name in shapes):
        read["up_mode"] = "upconv"
    if widths:
        read["batch_norm"] = any(".block." in n and n.endswith("running_mean") for n in shapes)
        read["input_batch_norm"] = any(n.startswith("input_batchnorm.") for n in shapes)

    options = UNetOptions(**{**read, **given})
    if (
        widths
        and not {"widths", "convolution_widths"} & given.keys()
        and not _fits(options, shapes)
    ):
        # Tensors that fit no network are compared with the one of equal widths.
        pruned = _pruned(options, shapes)
        if _fits(pruned, shapes):
            options, read["convolution_widths"] = pruned, pruned.convolution_widths
    inferred = tuple(name for name in read if name not in given)
    return options, inferred


def _pruned(options: UNetOptions, shapes: Mapping[str, tuple[int, ...]]) -> UNetOptions:
    """Return options with the number of output channels that each convolution has."""
    second = 3 if options.batch_norm else 2
    levels = len(options.widths)
    sources = [
        (f"down_path.{level}.block.{n}.weight", 4, 0)
        for level in range(levels)
        for n in (0, second)
    ]
    for level in range(levels - 1):
        up = f"up_path.{level}.up"
        transposed = options.up_mode == "upconv"  # whose weights begin with the input's channels
        sources.append((f"{up}.weight", 4, 1) if transposed else (f"{up}.1.weight", 4, 0))
        block = f"up_path.{level}.conv_block.block"
        sources += [(f"{block}.{n}.weight", 4, 0) for n in (0, second)]
    usual = usual_widths(options.widths)
    found = tuple(
        _dimension(shapes, source) or width for source, width in zip(sources, usual, strict=True)
    )
    return replace(options, widths=found[1 : 2 * levels : 2], convolution_widths=found)


def _fits(options: UNetOptions, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    with torch.device("meta"):
        wanted = SegmentationUNet(options).state_dict()
    return all(
        name.endswith("num_batches_tracked")
        or shapes.get(name.removeprefix("unet.")) == tuple(tensor.shape)
        for name, tensor in wanted.items()
    )


def _infer_widths(shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    levels = [
        int(match[1])
        for name in shapes
        if (match := re.match(r"down_path\.(\d{1,4})\.", name)) and int(match[1]) < MOST_LEVELS
    ]
    widths: list[int] = []
    for level in range(max(levels, default=-1) + 1):
        block = f"down_path.{level}.block"
        width = _dimension(
            shapes,
            (f"{block}.0.weight", 4, 0),
            (f"{block}.0.bias", 1, 0),
            (f"{block}.3.bias", 1, 0),
            (f"{block}.2.bias", 1, 0),
            (f"down_path.{level + 1}.block.0.weight", 4, 1),
        )
        widths.append(width or (2 * widths[-1] if widths else UNetOptions.widths[0]))
    return tuple(widths)


def _dimension(shapes: Mapping[str, tuple[int, ...]], *sources: tuple[str, int, int]) -> int | None:
    """Return the size of an axis of the first matching tensor of (name, number of axes, axis)."""
    for name, axes, axis in sources:
        shape = shapes.get(name, ())
        if len(shape) == axes and shape[axis] > 0:
            return shape[axis]
    return None


def skeleton(kinds: Sequence[tuple[object, ...]]) -> SegmentationUNet | None:
    """Return a U-Net with as many layers of each kind, one channel wide, or None.

    Parameters
    ----------
    kinds : sequence of tuple
        For each layer the names of its tensors, the number of axes of its weights, its kernel.
    """
    weights = ("weight", "bias", 4)
    convolutions, risen, pointwise = (
        sum(kind == (*weights, side, side) for kind in kinds) for side in (3, 2, 1)
    )
    norms = sum("running_mean" in kind for kind in kinds)
    levels, rest = divmod(convolutions + 2, 4)
    batch_norm = norms >= convolutions
    input_norms = norms - convolutions * batch_norm
    if rest or not 0 < levels <= MOST_LEVELS or input_norms not in (0, 1):
        return None
    if (risen, pointwise) == (levels - 1, 1):
        up_mode = "upconv"
    elif (risen, pointwise) == (0, levels):
        up_mode = "upsample"
    else:
        return None
    options = UNetOptions(
        in_channels=1,
        widths=(1,) * levels,
        up_mode=up_mode,
        batch_norm=batch_norm,
        input_batch_norm=input_norms == 1,
    )
    with torch.device("meta"):
        return SegmentationUNet(options)


def of_tensors(state: Mapping[str, Tensor]) -> SegmentationUNet:
    """Return a U-Net with the options that tensors of this family's names show."""
    return SegmentationUNet(infer_options(state, {})[0])


def check_normalised_after_activation(
    state: Mapping[str, Tensor], layers: Collection[str], options: UNetOptions, *, where: str
) -> None:
    """Raise CheckpointMismatch if `layers` cannot come after the activation, as they do here.

    Many other U-Nets normalise before the activation, with tensors of the same shapes. What their
    batch norms saw in training had both signs; the mean of what a ReLU returns is never negative.
    """
    if options.activation != "relu":
        return
    for layer in sorted(set(layers) - {"input_batchnorm"}):
        mean = state.get(f"{layer}.running_mean")
        if mean is not None and bool((mean < 0).any()):
            raise CheckpointMismatch(
                f"{where}: layers were matched by order and shape, but the running_mean of what "
                f"would be {layer} is negative, which the mean of what a ReLU returns cannot be. "
                "The network normalises before the activation, and lungrt's U-Net does so after "
                "it. Give its architecture as 'package.module:Class'. If you know that the order "
                "is that of lungrt, rename the tensors with key_map (--key-map)"
            )


def file_name(state: Mapping[str, Tensor], name: str) -> str:
    """Return the name in a checkpoint of the tensor `name` of `SegmentationUNet`."""
    unwrapped = any(key.startswith(_UNWRAPPED) for key in state)
    return name.removeprefix("unet.") if unwrapped else name


def check_channels(options: UNetOptions, *, where: str) -> None:
    """Raise CheckpointMismatch if the number of input channels is even."""
    if options.in_channels % 2 == 0:
        raise CheckpointMismatch(
            f"{where}: the U-Net has {options.in_channels} input channels; expected an odd number: "
            "the segmented slice and the same number of context slices on each side"
        )
