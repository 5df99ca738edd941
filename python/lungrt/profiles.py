"""Default profile of the commands."""

from __future__ import annotations

__all__ = ["DEFAULT_PROFILE"]

# `lungrt.Pipeline` has "book" as its default instead, because "lung" needs a volume with lungs.
DEFAULT_PROFILE = "lung"
