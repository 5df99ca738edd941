"""Choice of the configurations to measure, and reasons why others are not measured."""

from __future__ import annotations

import importlib.util
import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from lungrt.benchmark.configuration import BOOK, EAGER, EAGER_TUNED, FP32, Configuration
from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PROFILES", "Plan", "Selection", "Skipped", "parse_option_set", "plan_configurations"]

_EAGER_PACKAGES = ("torch", "scipy")
_PRECISIONS = (FP32, "tf32", "bf16", "fp16", "int8")
PROFILES = (BOOK, "lung")
_DEVICE = re.compile(r"cpu|cuda(:\d+)?")


class EngineState(Protocol):
    """Part of `lungrt.EngineInfo` that is used here."""

    @property
    def name(self) -> str:
        """Name of the engine."""

    @property
    def available(self) -> bool:
        """Whether the engine can be used."""

    @property
    def reason(self) -> str:
        """Why the engine cannot be used."""

    @property
    def devices(self) -> Sequence[str]:
        """Devices: ``"cpu"``, ``"cuda:0 (name of the GPU)"``, ..."""

    @property
    def precisions(self) -> Mapping[str, Sequence[str]]:
        """Supported precisions, by device without the name of the GPU."""


@dataclass(frozen=True)
class Skipped:
    """Something that is not measured, and why."""

    what: str
    why: str


@dataclass(frozen=True)
class Selection:
    """What the user wants to measure.

    Attributes
    ----------
    engines : sequence of str
        Engines; empty means all of this build.
    option_sets : sequence of (str, dict)
        Names of engines and settings, each measured in addition to the engine's defaults.
    devices : sequence of str
        Devices; empty means every device that an engine can use.
    threads : sequence of int
        Numbers of CPU threads.
    eager : bool
        Whether to measure eager PyTorch as well.
    precisions : sequence of str
        Precisions, each measured in addition to fp32.
    profiles : sequence of str
        Profiles, each measured in addition to the book's, with the engine's defaults only.
    """

    threads: Sequence[int]
    engines: Sequence[str] = ()
    option_sets: Sequence[tuple[str, Mapping[str, str]]] = ()
    devices: Sequence[str] = ()
    eager: bool = True
    precisions: Sequence[str] = ()
    profiles: Sequence[str] = ()


@dataclass
class Plan:
    """Configurations to measure, by group with the baseline first, and what is skipped."""

    configurations: list[Configuration] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def plan_configurations(selection: Selection, engines: Sequence[EngineState]) -> Plan:
    """Return the configurations that a selection stands for.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If an engine, precision, profile or device is unknown.
    """
    known = [engine.name for engine in engines]
    for name in (*selection.engines, *(name for name, _ in selection.option_sets)):
        if name not in known:
            raise InvalidArgument(f"unknown engine {name!r}; expected {', '.join(known)}")
    for precision in selection.precisions:
        if precision not in _PRECISIONS:
            raise InvalidArgument(
                f"unknown precision {precision!r}; expected {', '.join(_PRECISIONS)}"
            )
    for profile in selection.profiles:
        if profile not in PROFILES:
            raise InvalidArgument(f"unknown profile {profile!r}; expected {', '.join(PROFILES)}")
    for device in selection.devices:
        if not _DEVICE.fullmatch(device):
            raise InvalidArgument(f"unknown device {device!r}; expected cpu, cuda or cuda:N")
    plan = Plan()
    chosen = [
        engine for engine in engines if not selection.engines or engine.name in selection.engines
    ]
    usable = []
    for engine in chosen:
        if engine.available:
            usable.append(engine)
        else:
            plan.skipped.append(Skipped(f"engine {engine.name}", engine.reason))
    missing = [name for name in _EAGER_PACKAGES if importlib.util.find_spec(name) is None]
    if not selection.eager:
        plan.skipped.append(Skipped("eager PyTorch", "disabled by --no-eager"))
    elif missing:
        plan.skipped.append(
            Skipped(
                "eager PyTorch",
                f"needs {' and '.join(missing)}, not installed; "
                "run pip install 'lungrt[bench,torch]'",
            )
        )
    devices = {engine.name: _device_names(engine) for engine in usable}
    wanted = ["cuda:0" if device == "cuda" else device for device in selection.devices]
    wanted = wanted or list(dict.fromkeys(itertools.chain(["cpu"], *devices.values())))
    for device, threads in itertools.product(wanted, selection.threads):
        if selection.eager and not missing:
            plan.configurations += [Configuration(n, device, threads) for n in (EAGER, EAGER_TUNED)]
        for engine in usable:
            if device not in devices[engine.name]:
                plan.skipped.append(
                    Skipped(
                        f"engine {engine.name} on {device}",
                        f"it can only use {', '.join(engine.devices)} on this machine",
                    )
                )
                continue
            _add_engine(plan, engine, device, threads, selection)
    plan.skipped = list(
        dict.fromkeys(plan.skipped)
    )  # otherwise repeated for each number of threads
    return plan


def _add_engine(
    plan: Plan, engine: EngineState, device: str, threads: int, selection: Selection
) -> None:
    """Add an engine in float32 and in each selected precision, with each set of options.

    Other profiles are added only for the engine's defaults, right after them.
    """
    known = engine.precisions[device]
    sets = [{}, *(options for name, options in selection.option_sets if name == engine.name)]
    profiles = list(dict.fromkeys((BOOK, *selection.profiles)))
    for precision in dict.fromkeys((FP32, *selection.precisions)):
        if precision not in known:
            plan.skipped.append(
                Skipped(
                    f"engine {engine.name} in {precision} on {device}",
                    f"it supports {', '.join(known)} there",
                )
            )
            continue
        plan.configurations += [
            Configuration(engine.name, device, threads, options, precision, profile)
            for options in sets
            for profile in (profiles if precision == FP32 and not options else [BOOK])
        ]


def _device_names(engine: EngineState) -> list[str]:
    # The name of the GPU follows in brackets.
    return [device.split(" ", 1)[0] for device in engine.devices]


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
