"""Names of a checkpoint's tensors: prefixes of wrappers, counters, and renaming by the user."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from lungrt.errors import InvalidArgument
from lungrt.models.families import network_prefixes

__all__ = ["Named", "below", "count", "is_counter", "listed", "renamed", "without_wrappers"]

# Components that wrappers of torch put into names: torch.compile, FSDP, activation checkpointing.
_INNER_WRAPPERS = re.compile(
    r"(?:^|(?<=\.))(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\."
)
# The prefix of DataParallel, DistributedDataParallel and AveragedModel.
_PARALLEL = "module."
_MOST_LISTED = 8


@dataclass(frozen=True)
class Named:
    """Tensors by name, and what was done to the names, in sentences for the user."""

    state: dict[str, Tensor]
    notes: tuple[str, ...] = ()


def count(number: int, noun: str) -> str:
    """Return a number with its noun: ``"1 tensor"``, ``"2 tensors"``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def listed(names: Iterable[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return ", ".join(names[:_MOST_LISTED]) + more


def below(state: Mapping[str, Tensor], prefix: str) -> Named:
    """Return the tensors whose names begin with a prefix, without it.

    The others belong to other modules: losses, metrics, counters of a wrapper. A note names them.
    """
    kept = {
        name.removeprefix(prefix): tensor
        for name, tensor in state.items()
        if name.startswith(prefix)
    }
    notes = [f"the prefix {prefix!r} was removed from the names of {count(len(kept), 'tensor')}"]
    if others := [name for name in state if not name.startswith(prefix)]:
        notes.append(f"left out, because outside of {prefix!r}: {listed(others)}")
    return Named(kept, tuple(notes))


def is_counter(name: str, tensor: Tensor) -> bool:
    """Return whether it is a number beside the layers, such as ``n_averaged`` of AveragedModel."""
    return tensor.ndim == 0 and "." not in name


def without_wrappers(state: Mapping[str, Tensor]) -> Named:
    """Remove what wrappers added to the names of a network's tensors.

    Components that torch inserts are removed wherever they are. A prefix is removed if what
    follows it is a network of a known family, or if it is that of torch's own wrappers and all
    names but counters have it; any other one may be part of the names of an own architecture.
    """
    notes: list[str] = []
    inner = {_INNER_WRAPPERS.sub("", name): tensor for name, tensor in state.items()}
    if len(inner) == len(state) and inner.keys() != state.keys():
        state = inner
        notes.append("the components of torch's wrappers, as '_orig_mod.', were removed from names")

    prefix = next(iter(network_prefixes(state)), "")
    if not prefix:
        layers = [name for name, tensor in state.items() if not is_counter(name, tensor)]
        while layers and all(name.startswith(f"{prefix}{_PARALLEL}") for name in layers):
            prefix += _PARALLEL
    if not prefix:
        return Named(dict(state), tuple(notes))
    named = below(state, prefix)
    return Named(named.state, (*notes, *named.notes))


def renamed(
    path: Path, state: Mapping[str, Tensor], key_map: Mapping[str, str | None]
) -> dict[str, Tensor]:
    """Rename or leave out tensors; see `lungrt.models.load_checkpoint`.

    Raises
    ------
    InvalidArgument
        A rule is malformed, matches nothing, or makes two names the same.
    """
    for old, new in key_map.items():
        if not old or (old.endswith(".") and new and not new.endswith(".")):
            raise InvalidArgument(
                f"key_map: invalid rule {old!r} -> {new!r}; expected 'name' -> 'name', "
                "'prefix.' -> 'prefix.' or 'prefix.' -> '', or null to leave tensors out"
            )
    prefixes = sorted((k for k in key_map if k.endswith(".")), key=len, reverse=True)
    result: dict[str, Tensor] = {}
    used: set[str] = set()
    origin: dict[str, str] = {}
    for name, tensor in state.items():
        rule = name if name in key_map else next(filter(name.startswith, prefixes), None)
        new_name = name
        if rule is not None:
            used.add(rule)
            replacement = key_map[rule]
            if replacement is None:
                continue
            new_name = replacement + name[len(rule) :]
        if new_name in result:
            raise InvalidArgument(
                f"key_map: both {origin[new_name]!r} and {name!r} of {path} would be renamed to "
                f"{new_name!r}"
            )
        result[new_name] = tensor
        origin[new_name] = name
    if unused := [rule for rule in key_map if rule not in used]:
        raise InvalidArgument(
            f"key_map: no tensor of {path} matches {unused}; its tensors are {sorted(state)}"
        )
    if not result:
        raise InvalidArgument(f"key_map: every tensor of {path} would be left out")
    return result
