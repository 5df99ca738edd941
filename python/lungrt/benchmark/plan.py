"""Which contenders there are, and why others are not."""

from __future__ import annotations

import importlib.util
import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from lungrt.benchmark.contender import BOOK, EAGER, EAGER_TUNED, FP32, Contender
from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PROFILES", "Absent", "Plan", "Wishes", "parse_option_set", "plan_contenders"]

_EAGER_PACKAGES = ("torch", "scipy")
_PRECISIONS = (FP32, "tf32", "bf16", "fp16", "int8")
PROFILES = (BOOK, "lung")
_DEVICE = re.compile(r"cpu|cuda(:\d+)?")


class EngineState(Protocol):
    """What of `lungrt.EngineInfo` counts here."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def available(self) -> bool:
        """Whether it can be used."""

    @property
    def reason(self) -> str:
        """Why not."""

    @property
    def devices(self) -> Sequence[str]:
        """``"cpu"``, ``"cuda:0 (the card's name)"``, ..."""

    @property
    def precisions(self) -> Mapping[str, Sequence[str]]:
        """What it computes in, by device without the card's name."""


@dataclass(frozen=True)
class Absent:
    """Something that was not compared."""

    what: str
    why: str


@dataclass(frozen=True)
class Wishes:
    """What somebody wants compared.

    Attributes
    ----------
    engines : sequence of str
        Empty for all of this build.
    option_sets : sequence of (str, dict)
        Engine and options: each makes a contender beside the engine with its defaults.
    devices : sequence of str
        Empty for every device that an engine can use.
    threads : sequence of int
    eager : bool
        Whether to measure eager PyTorch, too.
    precisions : sequence of str
        Each makes a contender beside the engine's fp32.
    profiles : sequence of str
        Each makes a contender beside the engine with its defaults, whose profile is the book's.
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
    """Who is compared, group by group, the baseline first."""

    contenders: list[Contender] = field(default_factory=list)
    absent: list[Absent] = field(default_factory=list)


def plan_contenders(wishes: Wishes, engines: Sequence[EngineState]) -> Plan:
    """Turn wishes into contenders.

    Raises
    ------
    lungrt.errors.InvalidArgument
        An engine, a precision or a profile is not known, or a device is none.
    """
    known = [engine.name for engine in engines]
    for name in (*wishes.engines, *(name for name, _ in wishes.option_sets)):
        if name not in known:
            raise InvalidArgument(f"engine {name!r} is not known; expected {', '.join(known)}")
    for precision in wishes.precisions:
        if precision not in _PRECISIONS:
            raise InvalidArgument(
                f"precision {precision!r} is not known; expected {', '.join(_PRECISIONS)}"
            )
    for profile in wishes.profiles:
        if profile not in PROFILES:
            raise InvalidArgument(
                f"profile {profile!r} is not known; expected {', '.join(PROFILES)}"
            )
    for device in wishes.devices:
        if not _DEVICE.fullmatch(device):
            raise InvalidArgument(f"device {device!r}: expected cpu, cuda or cuda:N")
    plan = Plan()
    chosen = [engine for engine in engines if not wishes.engines or engine.name in wishes.engines]
    usable = []
    for engine in chosen:
        if engine.available:
            usable.append(engine)
        else:
            plan.absent.append(Absent(f"engine {engine.name}", engine.reason))
    missing = [name for name in _EAGER_PACKAGES if importlib.util.find_spec(name) is None]
    if not wishes.eager:
        plan.absent.append(Absent("eager PyTorch", "left out, as asked with --no-eager"))
    elif missing:
        plan.absent.append(
            Absent(
                "eager PyTorch",
                f"{' and '.join(missing)} not installed; pip install 'lungrt[bench,torch]'",
            )
        )
    devices = {engine.name: _device_names(engine) for engine in usable}
    wanted = ["cuda:0" if device == "cuda" else device for device in wishes.devices]
    wanted = wanted or list(dict.fromkeys(itertools.chain(["cpu"], *devices.values())))
    for device, threads in itertools.product(wanted, wishes.threads):
        if wishes.eager and not missing:
            plan.contenders += [Contender(n, device, threads) for n in (EAGER, EAGER_TUNED)]
        for engine in usable:
            if device not in devices[engine.name]:
                plan.absent.append(
                    Absent(
                        f"engine {engine.name} on {device}",
                        f"it can use {', '.join(engine.devices)} here",
                    )
                )
                continue
            _add_engine(plan, engine, device, threads, wishes)
    plan.absent = list(dict.fromkeys(plan.absent))  # told once, not for each number of threads
    return plan


def _add_engine(plan: Plan, engine: EngineState, device: str, threads: int, wishes: Wishes) -> None:
    """Add an engine in float32 and in each precision asked for, with each set of options.

    Other profiles follow the engine with its defaults, and stand in no other combination.
    """
    known = engine.precisions[device]
    sets = [{}, *(options for name, options in wishes.option_sets if name == engine.name)]
    profiles = list(dict.fromkeys((BOOK, *wishes.profiles)))
    for precision in dict.fromkeys((FP32, *wishes.precisions)):
        if precision not in known:
            plan.absent.append(
                Absent(
                    f"engine {engine.name} in {precision} on {device}",
                    f"it does {', '.join(known)} there",
                )
            )
            continue
        plan.contenders += [
            Contender(engine.name, device, threads, options, precision, profile)
            for options in sets
            for profile in (profiles if precision == FP32 and not options else [BOOK])
        ]


def _device_names(engine: EngineState) -> list[str]:
    # The card's name follows in brackets.
    return [device.split(" ", 1)[0] for device in engine.devices]


def parse_option_set(text: str) -> tuple[str, dict[str, str]]:
    """Read ``ENGINE:NAME=VALUE[,NAME=VALUE...]``.

    Raises
    ------
    lungrt.errors.InvalidArgument
        It is of another form, or a name stands twice.
    """
    engine, colon, rest = text.partition(":")
    options: dict[str, str] = {}
    for setting in rest.split(","):
        name, equals, value = setting.partition("=")
        if not (engine and colon and name and equals) or name in options:
            raise InvalidArgument(
                f"--engine-option {text}: expected ENGINE:NAME=VALUE[,NAME=VALUE...], each name "
                "once"
            )
        options[name] = value
    return engine, options
