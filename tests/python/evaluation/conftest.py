"""What the tests of scores share; see `evaluation_examples`."""

from __future__ import annotations

import sys
from pathlib import Path

# Tests here import their helpers by bare names.
sys.path.insert(0, str(Path(__file__).parent))
