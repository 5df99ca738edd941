"""Who is compared: an engine, or eager PyTorch, with its settings."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BOOK", "EAGER", "EAGER_TUNED", "FP32", "Contender", "clean_environment"]

EAGER = "eager"
EAGER_TUNED = "eager-tuned"
FP32 = "fp32"
BOOK = "book"  # the profile that decides as eager PyTorch does: the whole volume

_TITLES = {
    EAGER: "eager PyTorch + SciPy, as the book runs it (NCHW, batch 4)",
    EAGER_TUNED: "eager PyTorch + SciPy, tuned (channels-last, batch 8, memory kept)",
}
_ENGINES = {
    "torchscript": "TorchScript",
    "onnxruntime": "ONNX Runtime",
    "aotinductor": "AOTInductor",
}
# Settings that reach into a process from outside and change what is measured.
_FOREIGN_SETTINGS = ("MALLOC_", "OMP_", "GOMP_", "KMP_", "MKL_", "GLIBC_TUNABLES")
# glibc hands blocks of this size back to the system at each free, and faults them in again.
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "2000000000"}


@dataclass(frozen=True)
class Contender:
    """One way to diagnose a CT.

    Attributes
    ----------
    name : str
        An engine's name, `EAGER` or `EAGER_TUNED`.
    device : str
        ``"cpu"`` or ``"cuda:N"``.
    threads : int
        CPU threads.
    options : dict of str to str
        The engine's options.
    precision : str
        What its networks are computed in.
    profile : str
        Preset of `lungrt.Pipeline`'s options; any but `BOOK` looks at a part of the volume.
    """

    name: str
    device: str = "cpu"
    threads: int = 1
    options: Mapping[str, str] = field(default_factory=dict)
    precision: str = FP32
    profile: str = BOOK

    @property
    def is_eager(self) -> bool:
        """Whether it is PyTorch in Python and not an engine of the library."""
        return self.name in (EAGER, EAGER_TUNED)

    @property
    def group(self) -> str:
        """Device and threads: contenders that agree in them are compared with each other."""
        return f"{self.device}, {self.threads} thread{'' if self.threads == 1 else 's'}"

    @property
    def title(self) -> str:
        """What people read."""
        if self.is_eager:
            return _TITLES[self.name]
        options = ", ".join(self._settings)
        engine = f"lungrt, {_ENGINES.get(self.name, self.name)} engine"
        return f"{engine} ({options})" if options else engine

    @property
    def key(self) -> str:
        """What tells it from every other contender of a run."""
        options = ",".join(self._settings)
        return f"{self.name}{f'[{options}]' if options else ''} on {self.group}"

    @property
    def _settings(self) -> list[str]:
        reduced = [] if self.precision == FP32 else [self.precision]
        profile = [] if self.profile == BOOK else [f"profile {self.profile}"]
        return [*reduced, *profile, *(f"{name}={value}" for name, value in self.options.items())]

    @property
    def settings(self) -> dict[str, str]:
        """Environment variables that this contender gets, and no other.

        The library's own settings are made where its command makes them, in the process.
        """
        return dict(_KEEP_MEMORY) if self.name == EAGER_TUNED else {}

    def environment(self) -> dict[str, str]:
        """Whole environment of its processes: the C library's defaults and its own settings."""
        return clean_environment() | self.settings


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what tunes allocators and thread pools."""
    return {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN_SETTINGS)}
