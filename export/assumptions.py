"""What the exporter and the runtime take for granted about a network, checked before anything."""

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
from lungrt.export.parity import probabilities

_Array = NDArray[np.float32]

# The same numbers in the same place of the same batch give the same result, but for what threads
# may do to the order of sums.
_SAME = 1e-5

# How far the probabilities of all classes may sum up to something else than 1.
_SUM = 1e-3


def check_assumptions(
    module: nn.Module, stage: StageEntry, inputs: list[_Array], *, what: str
) -> None:
    """Hold a network against its contract.

    It must be in evaluation mode, float32 on the CPU; give float32 of the shape that its halo,
    size multiple and classes announce, for inputs of any valid size; nothing NaN or infinite, and
    no probability outside of [0, 1]; the same for the same input; and each item of a batch for
    itself.

    Parameters
    ----------
    module : torch.nn.Module
        One tensor in, one out. It is run as a copy, so nothing about it changes.
    stage : StageEntry
        The contract; its networks are not looked at.
    inputs : list of numpy.ndarray
        Inputs of several sizes, at least one of several items.
    what : str
        How messages name the network.

    Raises
    ------
    InvalidArgument
        Lists every assumption that does not hold.
    """
    try:
        module = copy.deepcopy(module)
    # A module may hold anything, and so refuse in any way.
    except Exception as error:
        raise InvalidArgument(
            f"{what}: cannot be exported, it cannot be copied ({type(error).__name__}: {error})"
        ) from error
    violations = [*_of_state(module), *_of_outputs(module, stage, inputs)]
    if violations:
        raise InvalidArgument(
            f"{what}: cannot be exported, it is not what its contract says\n  "
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
    # A network's own code fails in any way.
    except Exception as error:
        yield f"failed ({type(error).__name__}: {error})"
        return
    expected = _expected_shape(stage, x)
    if output.shape != expected:
        yield f"gave shape {list(output.shape)}, expected {list(expected)}"
    elif output.dtype != np.float32:
        yield f"gave {output.dtype}, expected float32"
    elif unusable := int((~np.isfinite(output)).sum()):
        yield f"gave {unusable} of {output.size} values NaN or infinite"
    elif stage.output.kind == "probability":
        low, high = float(output.min()), float(output.max())
        sums = output.astype(np.float64).sum(axis=1)
        if low < 0 or high > 1:
            yield (
                f"gave values from {low:.4g} to {high:.4g}, expected probabilities from 0 to 1; "
                'if they are logits, say so: output_kind "logits" in its contract'
            )
        elif len(stage.classes) > 1 and np.abs(sums - 1).max() > _SUM:
            yield (
                f"probabilities of the {len(stage.classes)} classes sum up to {sums.min():.4g} "
                f"to {sums.max():.4g}, expected 1"
            )


def _expected_shape(stage: StageEntry, x: _Array) -> tuple[int, ...]:
    if stage.input.crop is not None:
        return (len(x), len(stage.classes))
    rows, columns = (size - 2 * stage.input.halo for size in x.shape[2:])
    return (len(x), len(stage.classes), rows, columns)


def _of_batches(module: nn.Module, stage: StageEntry, x: _Array) -> Iterator[str]:
    first = run_eager(module, x)
    if (difference := _difference(stage, first, run_eager(module, x))) > _SAME:
        yield (
            f"the same input gave two results, {difference:.2g} apart; expected none of dropout "
            "or other chance"
        )
        return  # what follows would see the same
    among_others = x[::-1].copy()
    among_others[0] = x[0]
    others = run_eager(module, among_others)
    if (difference := _difference(stage, first[:1], others[:1])) > _SAME:
        yield (
            f"an item's result depends on the others in its batch, {difference:.2g} apart; "
            "expected each item for itself"
        )


def _difference(stage: StageEntry, one: _Array, other: _Array) -> float:
    is_logits = stage.output.kind == "logits"
    p, q = (probabilities(output, is_logits=is_logits) for output in (one, other))
    return float(np.abs(p - q).max())
