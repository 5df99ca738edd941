"""Configurations that are compared: an engine or eager PyTorch, with its settings."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BOOK", "EAGER", "EAGER_TUNED", "FP32", "Configuration", "clean_environment"]

EAGER = "eager"
EAGER_TUNED = "eager-tuned"
FP32 = "fp32"
BOOK = "book"  # the profile that searches the whole volume, as eager PyTorch does

_TITLES = {
    EAGER: "eager PyTorch + SciPy, as the book runs it (NCHW, batch 4)",
    EAGER_TUNED: "eager PyTorch + SciPy, tuned (channels-last, batch 8, memory kept)",
}
_ENGINES = {
    "torchscript": "TorchScript",
    "onnxruntime": "ONNX Runtime",
    "aotinductor": "AOTInductor",
}
# Environment variables that would change what is measured.
_TUNING_VARIABLES = ("MALLOC_", "OMP_", "GOMP_", "KMP_", "MKL_", "GLIBC_TUNABLES")
# By default glibc returns large blocks to the system when they are freed, and each new allocation
# then costs page faults.
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "2000000000"}


@dataclass(frozen=True)
class Configuration:
    """One way to diagnose a CT.

    Attributes
    ----------
    name : str
        Name of an engine, `EAGER` or `EAGER_TUNED`.
    device : str
        ``"cpu"`` or ``"cuda:N"``.
    threads : int
        Number of CPU threads.
    options : dict of str to str
        Settings of the engine.
    precision : str
        Number format in which the networks are computed.
    profile : str
        Profile of `lungrt.Pipeline`; all but `BOOK` search only a part of the volume.
    """

    name: str
    device: str = "cpu"
    threads: int = 1
    options: Mapping[str, str] = field(default_factory=dict)
    precision: str = FP32
    profile: str = BOOK

    @property
    def is_eager(self) -> bool:
        """Whether it is eager PyTorch in Python, not an engine of the library."""
        return self.name in (EAGER, EAGER_TUNED)

    @property
    def group(self) -> str:
        """Device and threads; configurations with the same ones are compared with each other."""
        return f"{self.device}, {self.threads} thread{'' if self.threads == 1 else 's'}"

    @property
    def title(self) -> str:
        """Title in tables and charts."""
        if self.is_eager:
            return _TITLES[self.name]
        options = ", ".join(self._settings)
        engine = f"lungrt, {_ENGINES.get(self.name, self.name)} engine"
        return f"{engine} ({options})" if options else engine

    @property
    def key(self) -> str:
        """Short name, unique among the configurations of a benchmark."""
        options = ",".join(self._settings)
        return f"{self.name}{f'[{options}]' if options else ''} on {self.group}"

    @property
    def _settings(self) -> list[str]:
        reduced = [] if self.precision == FP32 else [self.precision]
        profile = [] if self.profile == BOOK else [f"profile {self.profile}"]
        return [*reduced, *profile, *(f"{name}={value}" for name, value in self.options.items())]

    @property
    def settings(self) -> dict[str, str]:
        """Environment variables that are set for this configuration only.

        The library's own settings are made in the process, as its command does.
        """
        return dict(_KEEP_MEMORY) if self.name == EAGER_TUNED else {}

    def environment(self) -> dict[str, str]:
        """Return all environment variables of its processes."""
        return clean_environment() | self.settings


def clean_environment() -> dict[str, str]:
    """Return this process's environment without variables that tune allocators and threads."""
    return {k: v for k, v in os.environ.items() if not k.startswith(_TUNING_VARIABLES)}
