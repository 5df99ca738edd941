"""What a process is told to measure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

__all__ = ["KINDS", "NETWORK_CROPS", "NETWORK_SLICES", "Task"]

KINDS = ("cold", "network", "whole")

# What the rates of the networks alone are measured on.
NETWORK_SLICES = 8
NETWORK_CROPS = 32


@dataclass(frozen=True)
class Task:
    """One measurement of one contender.

    Attributes
    ----------
    kind : str
        ``"whole"``: a CT from file to probabilities, `runs` times. ``"cold"``: the same of a small
        one, counted from the start of the process, and once again. ``"network"``: the networks
        alone.
    bundle, ct : str
        Paths.
    started : float
        `time.monotonic` before the process was started; one clock serves all processes.
    result, arrays : str
        Files to write: results as JSON, and what the networks gave (empty for none).
    places : int
        How many fixed voxels to classify instead of the candidates that were found; 0 for these.
    checkpoints : dict of str to list of str
        By stage; eager networks are built of these, or of the bundle's weights where it is empty.
    profile : str
        Of an engine's pipeline; networks alone have none.
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
        """Write a task for `read`."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: str) -> Task:
        """Read what `write` wrote."""
        return cls(**json.loads(Path(path).read_text(encoding="utf-8")))
