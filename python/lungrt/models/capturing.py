"""Telling a run on numbers from the capture of a graph."""

from __future__ import annotations

import torch
from torch import Tensor


def is_capturing(x: Tensor) -> bool:
    """Tell whether a graph is being captured, in which a check of `x`'s shape must not end up.

    While torch traces, sizes are tensors; while it exports or compiles, it says so itself.
    """
    return torch.compiler.is_compiling() or any(isinstance(size, Tensor) for size in x.shape)
