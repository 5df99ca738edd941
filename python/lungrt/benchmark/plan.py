"""Configurations to measure, and reasons why others are not measured."""

from __future__ import annotations

import importlib.util
import itertools
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lungrt import EngineInfo

__all__ = [
    "BOOK",
    "DEFAULT_PRECISION",
    "EAGER",
    "EAGER_TUNED",
    "OPENVINO",
    "PROFILES",
    "Configuration",
    "Plan",
    "Skipped",
    "parse_option_set",
    "plan_configurations",
]

EAGER = "eager"
EAGER_TUNED = "eager-tuned"
OPENVINO = "openvino"  # a peer that is no engine of lungrt
DEFAULT_PRECISION = "default"  # that a peer chooses for the processor
BOOK = "book"  # the profile that searches the whole volume, as eager PyTorch does
PROFILES = (BOOK, "lung")

_FP32 = "fp32"
_PRECISIONS = (_FP32, "tf32", "bf16", "fp16", "int8")
_TITLES = {
    EAGER: "eager PyTorch + SciPy, as the book runs it (NCHW, batch 4)",
    EAGER_TUNED: "eager PyTorch + SciPy, tuned (channels-last, batch 8, memory kept)",
}
_ENGINES = {
    "torchscript": "TorchScript",
    "onnxruntime": "ONNX Runtime",
    "aotinductor": "AOTInductor",
    OPENVINO: "OpenVINO",
}
_EAGER_PACKAGES = ("torch", "scipy")
_OPENVINO_PACKAGES = ("openvino", "scipy")
_STORED = "stored"  # the order of voxels that the book's pipeline knows
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
        Number format in which the networks are computed; `DEFAULT_PRECISION` for that of a peer.
    profile : str
        Profile of `lungrt.Pipeline`; all but `BOOK` search only a part of the volume.
    """

    name: str
    device: str = "cpu"
    threads: int = 1
    options: Mapping[str, str] = field(default_factory=dict)
    precision: str = _FP32
    profile: str = BOOK

    @property
    def is_eager(self) -> bool:
        """Whether it is eager PyTorch in Python, not an engine of the library."""
        return self.name in (EAGER, EAGER_TUNED)

    @property
    def is_python(self) -> bool:
        """Whether it is a pipeline in Python with SciPy, not the library."""
        return self.is_eager or self.name == OPENVINO

    @property
    def short_title(self) -> str:
        """Name in sentences, without settings."""
        return "PyTorch" if self.is_eager else _ENGINES.get(self.name, self.name)

    @property
    def group(self) -> str:
        """Device and threads; configurations with the same ones are compared with each other."""
        return f"{self.device}, {self.threads} thread{'' if self.threads == 1 else 's'}"

    @property
    def title(self) -> str:
        """Title in tables and charts."""
        if self.is_eager:
            return _TITLES[self.name]
        if self.name == OPENVINO:
            default = self.precision == DEFAULT_PRECISION
            return f"OpenVINO + SciPy, {'its default precision' if default else self.precision}"
        settings = ", ".join(self._settings)
        engine = f"lungrt, {_ENGINES.get(self.name, self.name)} engine"
        return f"{engine} ({settings})" if settings else engine

    @property
    def key(self) -> str:
        """Short name, unique among the configurations of a benchmark."""
        settings = ",".join(self._settings)
        return f"{self.name}{f'[{settings}]' if settings else ''} on {self.group}"

    @property
    def _settings(self) -> list[str]:
        reduced = [] if self.precision == _FP32 else [self.precision]
        profile = [] if self.profile == BOOK else [f"profile {self.profile}"]
        return [*reduced, *profile, *(f"{name}={value}" for name, value in self.options.items())]

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables that are set for this configuration only.

        The library's own settings are made in the process, as its command does.
        """
        return dict(_KEEP_MEMORY) if self.name == EAGER_TUNED else {}


@dataclass(frozen=True)
class Skipped:
    """Something that is not measured, and why."""

    what: str
    why: str


@dataclass(frozen=True)
class Plan:
    """Configurations to measure, by group with the baseline first, and what is skipped."""

    configurations: list[Configuration]
    skipped: list[Skipped]


def plan_configurations(
    engines: Sequence[EngineInfo],
    *,
    threads: Sequence[int],
    names: Sequence[str] = (),
    option_sets: Sequence[tuple[str, Mapping[str, str]]] = (),
    devices: Sequence[str] = (),
    precisions: Sequence[str] = (),
    profiles: Sequence[str] = (),
    eager: bool = True,
    voxel_order: str | None = None,
) -> Plan:
    """Choose the configurations that a user wants to measure and that this machine can run.

    Parameters
    ----------
    engines
        All engines of this build.
    threads
        Numbers of CPU threads.
    names
        Engines to measure; empty means all.
    option_sets
        Names of engines and settings, each measured in addition to the engine's defaults.
    devices
        Devices; empty means every device that an engine can use.
    precisions
        Precisions, each measured in addition to fp32.
    profiles
        Profiles, each measured in addition to the book's, with the engine's defaults only.
    eager
        Whether to measure eager PyTorch as well.
    voxel_order
        Order of axes that the library is told to use. The pipelines in Python know only the stored
        order, so they are skipped for another one.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If an engine, precision, profile or device is unknown.
    """
    known = [*(engine.name for engine in engines), OPENVINO]
    _require_known("engine", names, known)
    _require_known("engine", [name for name, _ in option_sets], known[:-1])
    _require_known("precision", precisions, _PRECISIONS)
    _require_known("profile", profiles, PROFILES)
    for device in devices:
        if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
            raise InvalidArgument(f"unknown device {device!r}; expected cpu, cuda or cuda:N")

    chosen = [engine for engine in engines if not names or engine.name in names]
    usable = [engine for engine in chosen if engine.available]
    skipped = [
        Skipped(f"engine {engine.name}", engine.reason) for engine in chosen if not engine.available
    ]
    other_order = f"knows only the stored order of voxels, not --voxel-order {voxel_order}"
    if voxel_order in (None, _STORED):
        other_order = ""
    why_not_eager = _why_not_eager(eager) or other_order
    if why_not_eager:
        skipped.append(Skipped("eager PyTorch", why_not_eager))
    peers: list[Configuration] = []
    if not names or OPENVINO in names:
        why_not = _missing(_OPENVINO_PACKAGES, "openvino") or other_order
        if why_not:
            skipped.append(Skipped("OpenVINO", why_not))
        else:
            peers = [Configuration(OPENVINO, precision=p) for p in (_FP32, DEFAULT_PRECISION)]
    # The name of the GPU follows the device in brackets.
    able = {e.name: [device.split(" ", 1)[0] for device in e.devices] for e in usable}
    wanted = ["cuda:0" if device == "cuda" else device for device in devices]
    wanted = wanted or list(dict.fromkeys(itertools.chain(["cpu"], *able.values())))

    configurations = []
    for device, count in itertools.product(wanted, threads):
        if not why_not_eager:
            configurations += [Configuration(n, device, count) for n in (EAGER, EAGER_TUNED)]
        for engine in usable:
            if device not in able[engine.name]:
                devices_there = ", ".join(engine.devices)
                skipped.append(
                    Skipped(
                        f"engine {engine.name} on {device}",
                        f"it can only use {devices_there} on this machine",
                    )
                )
                continue
            sets = [{}, *(options for name, options in option_sets if name == engine.name)]
            for precision in dict.fromkeys((_FP32, *precisions)):
                if precision not in engine.precisions[device]:
                    supported = ", ".join(engine.precisions[device])
                    skipped.append(
                        Skipped(
                            f"engine {engine.name} in {precision} on {device}",
                            f"it supports {supported} there",
                        )
                    )
                    continue
                # Other profiles are measured for the engine's defaults only, right after them.
                configurations += [
                    Configuration(engine.name, device, count, options, precision, profile)
                    for options in sets
                    for profile in dict.fromkeys((BOOK, *profiles))
                    if profile == BOOK or (precision == _FP32 and not options)
                ]
        if device == "cpu":
            configurations += [replace(peer, threads=count) for peer in peers]
    # Reasons would otherwise be repeated for each number of threads.
    return Plan(configurations, list(dict.fromkeys(skipped)))


def _require_known(what: str, names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise InvalidArgument(f"unknown {what} {name!r}; expected {', '.join(known)}")


def _why_not_eager(wanted: bool) -> str:
    if not wanted:
        return "disabled by --no-eager"
    return _missing(_EAGER_PACKAGES, "bench,torch")


def _missing(packages: Sequence[str], extras: str) -> str:
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if not missing:
        return ""
    return f"needs {' and '.join(missing)}, not installed; run pip install 'lungrt[{extras}]'"


def parse_option_set(text: str) -> tuple[str, dict[str, str]]:
    """Parse ``ENGINE:NAME=VALUE[,NAME=VALUE...]``.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If the text is not of this form, or a name is given twice.
    """
    engine, colon, rest = text.partition(":")
    options: dict[str, str] = {}
    for setting in rest.split(","):
        name, equals, value = setting.partition("=")
        if not (engine and colon and name and equals) or name in options:
            raise InvalidArgument(
                f"--engine-option {text}: expected ENGINE:NAME=VALUE[,NAME=VALUE...], each name "
                "only once"
            )
        options[name] = value
    return engine, options
