"""Detection of a graph capture, in which shapes are symbolic."""

from __future__ import annotations

import torch
from torch import Tensor


def is_capturing(x: Tensor) -> bool:
    """Return whether torch is tracing, exporting or compiling.

    A check of the shape of `x` must not become part of the captured graph. While torch traces,
    sizes are tensors; while it exports or compiles, `torch.compiler.is_compiling` is true.
    """
    return torch.compiler.is_compiling() or any(isinstance(size, Tensor) for size in x.shape)
