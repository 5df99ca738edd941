"""Task of a measuring process, passed to it as a file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

__all__ = ["KINDS", "NETWORK_CROPS", "NETWORK_SLICES", "Task"]

KINDS = ("cold", "network", "whole")

# Slices and crops on which the networks alone are timed.
NETWORK_SLICES = 8
NETWORK_CROPS = 32


@dataclass(frozen=True)
class Task:
    """One measurement of one configuration.

    Attributes
    ----------
    kind : str
        ``"whole"``: diagnose the CT `runs` times, each from file to probabilities. ``"cold"``:
        diagnose the small CT, timed from the start of the process, and once again. ``"network"``:
        run the networks alone.
    bundle, ct : str
        Paths.
    started : float
        Value of `time.monotonic` before the process was started; all processes share this clock.
    result, arrays : str
        Files to write: the result as JSON, and the networks' outputs (empty for none).
    places : int
        Number of fixed voxels to classify instead of the candidates; 0 classifies the candidates.
    checkpoints : dict of str to list of str
        Checkpoints by stage, of which eager networks are built. Stages without a checkpoint are
        built of the bundle's weights.
    profile : str
        Profile of an engine's pipeline; not used by ``"network"``.
    """

    kind: str
    bundle: str
    ct: str
    started: float
    result: str
    arrays: str = ""
    name: str = ""
    device: str = "cpu"
    threads: int = 1
    options: dict[str, str] = field(default_factory=dict)
    precision: str = "fp32"
    profile: str = "book"
    series: str | None = None
    places: int = 0
    runs: int = 1
    checkpoints: dict[str, list[str]] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write the task to a file that `read` reads."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: str) -> Task:
        """Read a task that `write` has written."""
        return cls(**json.loads(Path(path).read_text(encoding="utf-8")))
