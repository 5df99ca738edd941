"""Search for the weights in what a checkpoint file holds.

Training code stores a state dict directly or somewhere in a larger dictionary, beside optimizers,
counters and averaged copies. Each dictionary of tensors is a candidate. One of them is taken by
rules that do not depend on its tensors' values; where they do not decide, the user must.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from lungrt.errors import CheckpointMismatch, InvalidArgument
from lungrt.models.families import network_prefixes
from lungrt.models.unpickling import StandIn

__all__ = ["WeightsFound", "find_weights"]

# Keys under which training code stores the weights, most usual first; the book uses the first.
USUAL_KEYS = (
    "model_state",
    "model_state_dict",
    "state_dict",
    "model",
    "net",
    "network",
    "net_state_dict",
    "network_state_dict",
    "weights",
    "params",
)
_DEEPEST = 8  # levels of dictionaries, beyond those of any training code
# Names of copies that are averaged over training, or that follow another network.
_AVERAGED = re.compile(
    r"(?:^|[._])(?:ema|swa|avg|averaged?|averaging|teacher|shadow|momentum|polyak)\d*(?=[._]|$)"
)


@dataclass(frozen=True)
class WeightsFound:
    """Weights of a checkpoint file.

    Attributes
    ----------
    tensors : dict of str to torch.Tensor
        By the names in the file.
    key : str
        Keys on the way to them, joined by dots; empty if they are the file's whole content. Where
        one dictionary holds several networks, the prefix of this one's names follows.
    others : tuple of str
        Keys of other weights in the file.
    from_module : bool
        Whether they are those of a pickled module instead of a state dict.
    """

    tensors: dict[str, Tensor]
    key: str
    others: tuple[str, ...] = ()
    from_module: bool = False


def find_weights(path: Path, content: object, state_key: str | None = None) -> WeightsFound:
    """Find the weights in the content of a checkpoint file.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    content : object
        What it holds.
    state_key : str, optional
        Keys on the way to the weights, joined by dots, or the first of them.

    Raises
    ------
    CheckpointMismatch
        There are none, or several of which none is plainly the one to take.
    InvalidArgument
        There are none at `state_key`.
    """
    found = _without_minor_ones(list(_candidates(content)))
    found = [network for one in found for network in _networks(one)]
    if not found:
        raise CheckpointMismatch(f"{path}: {_nothing(content)}")
    chosen = found
    if state_key is not None:
        chosen = [one for one in found if one.key == state_key] or [
            one for one in found if one.key.startswith(f"{state_key}.")
        ]
        if not chosen:
            raise InvalidArgument(
                f"{path}: has no weights under the key {state_key!r}; expected one of\n"
                + _listed(found)
            )
    taken = _preferred(chosen)
    if taken is None:
        raise CheckpointMismatch(
            f"{path}: holds several sets of weights, and none is plainly the one to take. Choose "
            "one with state_key (--state-key):\n" + _listed(chosen)
        )
    others = tuple(one.key for one in found if one is not taken)
    return WeightsFound(taken.tensors, taken.key, others, taken.from_module)


def _candidates(content: Any, key: str = "", depth: int = 0) -> Iterator[WeightsFound]:
    if depth > _DEEPEST:
        return
    if isinstance(content, StandIn):
        attributes = _attributes(content)
        if "_modules" in attributes:
            if tensors := dict(_module_tensors(content)):
                yield WeightsFound(tensors, key, from_module=True)
            return
        content = attributes
    elif isinstance(content, Sequence) and not isinstance(content, (str, bytes)):
        content = dict(enumerate(content))
        if any(isinstance(item, Tensor) for item in content.values()):
            return  # tensors without names
    if not isinstance(content, Mapping) or _is_optimizer(content):
        return
    if tensors := _tensors(content):
        yield WeightsFound(tensors, key)
    for name, value in content.items():
        yield from _candidates(value, f"{key}.{name}" if key else str(name), depth + 1)


def _networks(found: WeightsFound) -> list[WeightsFound]:
    """Return a candidate for each network if a dictionary holds several of a known family."""
    prefixes = network_prefixes(found.tensors)
    if len(prefixes) < 2:
        return [found]

    def prefix_of(name: str) -> str | None:
        inside = [prefix for prefix in prefixes if name.startswith(prefix)]
        return max(inside, key=len, default=None)

    networks = []
    for prefix in prefixes:
        # What belongs to none of them stays, so that it is later said to be left out.
        tensors = {
            name: tensor
            for name, tensor in found.tensors.items()
            if prefix_of(name) in (prefix, None)
        }
        key = ".".join(part for part in (found.key, prefix.rstrip(".")) if part)
        networks.append(WeightsFound(tensors, key, from_module=found.from_module))
    return networks


def _is_optimizer(content: Mapping[Any, Any]) -> bool:
    """Return whether it is the state of an optimizer, whose tensors are no weights."""
    return "param_groups" in content


def _tensors(mapping: Mapping[Any, Any]) -> dict[str, Tensor]:
    return {
        name: value.detach()
        for name, value in mapping.items()
        if isinstance(value, Tensor) and isinstance(name, str)
    }


def _attributes(stand_in: StandIn) -> Mapping[Any, Any]:
    """Return the attributes of the object that a stand-in replaces, as far as they were stored."""
    stored = stand_in.stored
    if isinstance(stored, tuple) and len(stored) == 2:  # attributes, and those in slots
        stored = {**(stored[0] or {}), **(stored[1] or {})}
    return stored if isinstance(stored, Mapping) else {}


def _module_tensors(
    module: StandIn, prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of a pickled module by the names that its state dict would have."""
    attributes = _attributes(module)
    skipped = attributes.get("_non_persistent_buffers_set", ())
    for kind in ("_parameters", "_buffers"):
        for name, value in (attributes.get(kind) or {}).items():
            if isinstance(value, Tensor) and name not in skipped:
                yield f"{prefix}{name}", value.detach()
    for name, child in (attributes.get("_modules") or {}).items():
        if isinstance(child, StandIn) and depth < 10 * _DEEPEST:
            yield from _module_tensors(child, f"{prefix}{name}.", depth + 1)


def _without_minor_ones(found: list[WeightsFound]) -> list[WeightsFound]:
    """Leave out counters and vectors beside real weights, and what is there twice."""

    def is_major(one: WeightsFound) -> bool:
        return any(tensor.ndim > 1 for tensor in one.tensors.values())

    if any(map(is_major, found)):
        found = [one for one in found if is_major(one)]
    unique: list[WeightsFound] = []
    for one in found:
        if not any(_same_storage(one, other) for other in unique):
            unique.append(one)
    return unique


def _same_storage(one: WeightsFound, other: WeightsFound) -> bool:
    """Return whether two candidates are one dictionary that is stored under two keys."""
    return one.tensors.keys() == other.tensors.keys() and all(
        tensor.data_ptr() == other.tensors[name].data_ptr() and tensor.numel() > 0
        for name, tensor in one.tensors.items()
    )


def _preferred(found: list[WeightsFound]) -> WeightsFound | None:
    """Return the only candidate, else the only one that is not averaged or has a usual key."""
    if len(found) == 1:
        return found[0]
    plain = [one for one in found if not _AVERAGED.search(one.key.lower())]
    if len(plain) == 1:
        return plain[0]
    for usual in USUAL_KEYS:
        named = [one for one in plain if one.key.rsplit(".", 1)[-1] == usual]
        if len(named) == 1:
            return named[0]
        if named:
            return None
    return None


def _listed(found: list[WeightsFound]) -> str:
    return "\n".join(
        f"  {one.key or '(the file itself)'}: {len(one.tensors)} tensors, such as "
        f"{next(iter(one.tensors))}"
        for one in found
    )


def _nothing(content: object) -> str:
    usual = ", ".join(USUAL_KEYS[:4])
    if not isinstance(content, (Mapping, StandIn)):
        return (
            f"the file holds a {type(content).__name__}; expected a state dict, or a dictionary "
            f"with a state dict under a key such as {usual}"
        )
    keys = _attributes(content) if isinstance(content, StandIn) else content
    return (
        "the file holds no tensors with names; expected a state dict, or a dictionary with a state "
        f"dict under a key such as {usual}; found the keys {sorted(map(str, keys))}"
    )
