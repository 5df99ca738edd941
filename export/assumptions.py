"""Checks of what the exporter and the runtime assume about a network, run before the export."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lungrt.errors import InvalidArgument
from lungrt.export.manifest import StageEntry
from lungrt.export.network import run_eager
from lungrt.export.parity import largest_difference

_Array = NDArray[np.float32]

# Largest difference between two runs of the same input. It is not 0 because threads may change the
# order of sums.
_SAME = 1e-5

# Largest difference between 1 and the sum of the probabilities of all classes.
_SUM = 1e-3


def check_assumptions(
    module: nn.Module, stage: StageEntry, inputs: list[_Array], *, what: str
) -> None:
    """Check that a network fulfils its contract.

    The network must be in evaluation mode, in float32 and on the CPU. For inputs of any valid size
    its output must be float32, have the shape that follows from the halo, the size multiple and the
    classes, be finite, and hold no probability outside of [0, 1]. The same input must give the same
    output, and an item's output must not depend on the other items of its batch.

    Parameters
    ----------
    module : torch.nn.Module
        Takes one tensor and returns one. A copy is run, so the module itself does not change.
    stage : StageEntry
        The contract; its list of networks is ignored.
    inputs : list of numpy.ndarray
        Inputs of several sizes, of which at least one is a batch of several items.
    what : str
        Name of the network in messages.

    Raises
    ------
    InvalidArgument
        The network violates the contract; the message lists every violation.
    """
    try:
        module = copy.deepcopy(module)
    # A module may hold any object, so that copying it may raise any exception.
    except Exception as error:
        raise InvalidArgument(
            f"{what}: cannot be exported because the module cannot be copied "
            f"({type(error).__name__}: {error})"
        ) from error
    violations = [*_of_state(module), *_of_outputs(module, stage, inputs)]
    if violations:
        raise InvalidArgument(
            f"{what}: cannot be exported because the network violates its contract:\n  "
            + "\n  ".join(violations)
        )


def _of_state(module: nn.Module) -> Iterator[str]:
    training = [name or "the network" for name, part in module.named_modules() if part.training]
    if training:
        yield f"not in evaluation mode: {_some(training)}; call eval() on it"
    tensors = [*module.named_parameters(), *module.named_buffers()]
    if wrong := [f"{n} {t.dtype}" for n, t in tensors if t.is_floating_point() and not _is_f32(t)]:
        yield f"not float32: {_some(wrong)}; call float() on it"
    if elsewhere := [f"{name} {tensor.device}" for name, tensor in tensors if not tensor.is_cpu]:
        yield f"not on the CPU: {_some(elsewhere)}; call cpu() on it"


def _is_f32(tensor: torch.Tensor) -> bool:
    return tensor.dtype == torch.float32


def _some(names: list[str], most: int = 5) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def _of_outputs(module: nn.Module, stage: StageEntry, inputs: list[_Array]) -> Iterator[str]:
    usable = True
    for x in inputs:
        problems = list(_of_output(module, stage, x))
        usable = usable and not problems
        yield from (f"input {list(x.shape)}: {problem}" for problem in problems)
    if usable:
        yield from _of_batches(module, stage, next(x for x in inputs if len(x) > 1))


def _of_output(module: nn.Module, stage: StageEntry, x: _Array) -> Iterator[str]:
    try:
        output = run_eager(module, x)
    # A network runs code of its own, which may raise any exception.
    except Exception as error:
        yield f"the network failed ({type(error).__name__}: {error})"
        return
    expected = _expected_shape(stage, x)
    if output.shape != expected:
        yield f"the output has shape {list(output.shape)}, expected {list(expected)}"
    elif output.dtype != np.float32:
        yield f"the output is {output.dtype}, expected float32"
    elif unusable := int((~np.isfinite(output)).sum()):
        yield f"{unusable} of {output.size} output values are NaN or infinite"
    elif stage.output.kind == "probability":
        low, high = float(output.min()), float(output.max())
        sums = output.astype(np.float64).sum(axis=1)
        if low < 0 or high > 1:
            yield (
                f"the output ranges from {low:.4g} to {high:.4g}, expected probabilities from 0 to "
                '1; if the network returns logits, set "output_kind": "logits" in its contract'
            )
        elif len(stage.classes) > 1 and np.abs(sums - 1).max() > _SUM:
            yield (
                f"the probabilities of the {len(stage.classes)} classes add up to "
                f"{sums.min():.4g} - {sums.max():.4g}, expected 1"
            )


def _expected_shape(stage: StageEntry, x: _Array) -> tuple[int, ...]:
    if stage.input.crop is not None:
        return (len(x), len(stage.classes))
    rows, columns = (size - 2 * stage.input.halo for size in x.shape[2:])
    return (len(x), len(stage.classes), rows, columns)


def _of_batches(module: nn.Module, stage: StageEntry, x: _Array) -> Iterator[str]:
    first = run_eager(module, x)
    if (difference := largest_difference(first, run_eager(module, x), stage)) > _SAME:
        yield (
            f"two runs of the same input differ by {difference:.2g}; the network must not use "
            "dropout or any other randomness"
        )
        return  # such a network would fail the next check for the same reason
    among_others = x[::-1].copy()
    among_others[0] = x[0]
    others = run_eager(module, among_others)
    if (difference := largest_difference(first[:1], others[:1], stage)) > _SAME:
        yield (
            f"an item's output changes by {difference:.2g} with the other items of its batch; the "
            "network must compute each item independently"
        )
