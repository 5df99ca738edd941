"""JSON text of results, in which undefined numbers are null."""

from __future__ import annotations

import json
import math
from typing import Any

__all__ = ["json_text", "without_undefined"]


def json_text(content: Any, *, indent: int = 2) -> str:
    """Return JSON text with a final line break; NaN and infinity, which JSON lacks, are null."""
    return json.dumps(without_undefined(content), indent=indent, allow_nan=False) + "\n"


def without_undefined(value: Any) -> Any:
    """Return a value of JSON with None for NaN and infinity, text for keys, lists for tuples."""
    if isinstance(value, dict):
        return {str(name): without_undefined(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_undefined(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
