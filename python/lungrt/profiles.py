"""Presets of options."""

from __future__ import annotations

__all__ = ["DEFAULT_PROFILE"]

# What commands take where no profile is named. `lungrt.Pipeline` has "book": it assumes nothing of
# the volume that it is given.
DEFAULT_PROFILE = "lung"
