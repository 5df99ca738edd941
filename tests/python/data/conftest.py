"""What the tests of annotated data share with those of scores: reports made for a test."""

from __future__ import annotations

import sys
from pathlib import Path

# Tests here import their helpers by bare names.
sys.path.insert(0, str(Path(__file__).parents[1] / "evaluation"))
