"""Matching of tensors by order and shape: a network of a known family whose layers are renamed.

A state dict lists layers in the order in which the network's code creates them. If the layers of
each kind (3 x 3 convolutions, transposed ones, batch norms ...) are in number, order and shape
those of the family, each has one place only. Anything that speaks against it ends the attempt: this
must never be a guess.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

import torch
from torch import Tensor, nn

from lungrt.models.tensor_names import Named

__all__ = ["ByOrder", "matched_by_order"]

# Order of a layer's tensors in a state dict of torch. A file in which they are in another order,
# such as that of the alphabet, does not tell the order of layers either.
_IN_LAYER = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
_UNUSED = "num_batches_tracked"  # in inference, so that it may be missing


@dataclass(frozen=True)
class _Layer:
    name: str
    shapes: tuple[tuple[str, tuple[int, ...]], ...]  # of its tensors, without the unused one

    @property
    def kind(self) -> tuple[object, ...]:
        """What it computes: its tensors, the number of axes of its weights, its kernel."""
        shape = dict(self.shapes)["weight"]
        return (*(name for name, _ in self.shapes), len(shape), *shape[2:])


@dataclass(frozen=True)
class ByOrder:
    """A network's tensors by the names of a family, which their order and shapes gave them.

    Attributes
    ----------
    named : Named
        The tensors, and a note that lists the layers.
    renamed : frozenset of str
        New names of the layers that had other ones.
    """

    named: Named
    renamed: frozenset[str]


def matched_by_order(family: ModuleType, state: Mapping[str, Tensor]) -> ByOrder | None:
    """Give a network's tensors the names of a family, if order and shapes leave one way only.

    Parameters
    ----------
    family : module
        `lungrt.models.unet_tensors` or `lungrt.models.classifier`.
    state : mapping of str to torch.Tensor
        Tensors of which some or all have other names, in the order in which they were saved.

    Returns
    -------
    ByOrder or None
        None if the tensors do not fit, could fit in several ways, or have these names already.
    """
    found = _layers(state)
    if found is None:
        return None
    kinds = [layer.kind for layer in found]
    skeleton = family.skeleton(kinds)
    if skeleton is None:
        return None
    wanted = _layers(skeleton.state_dict())
    assert wanted is not None, "a network of our own has layers in order"
    pairs = _paired(found, wanted)
    if pairs is None or _contradicts_numbers(found):
        return None
    known = _known_names(pairs)
    others = [new.name for old, new in pairs if old.name not in known]
    # A layer that has a name of the family must not get that of another layer.
    if not others or any(known.get(old.name, new.name) != new.name for old, new in pairs):
        return None
    new_names = {old.name: new.name for old, new in pairs}
    renamed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        layer, _, leaf = name.rpartition(".")
        renamed[f"{new_names[layer]}.{leaf}"] = tensor
    if not _fits(family, renamed):
        return None
    lines = "".join(f"\n  {old.name} -> {new.name}" for old, new in pairs)
    note = (
        "layers have other names than those of lungrt; matched by order and shape, which is right "
        f"only if the network computes the same:{lines}"
    )
    return ByOrder(Named(renamed, (note,)), frozenset(others))


def _layers(state: Mapping[str, Tensor]) -> list[_Layer] | None:
    """Group tensors by layer; None where that is not possible, or their order is not torch's."""
    grouped: dict[str, dict[str, tuple[int, ...]]] = {}
    previous = None
    for name, tensor in state.items():
        layer, _, leaf = name.rpartition(".")
        if leaf not in _IN_LAYER or (layer in grouped and layer != previous):
            return None
        grouped.setdefault(layer, {})[leaf] = tuple(tensor.shape)
        previous = layer
    layers = []
    for name, tensors in grouped.items():
        if list(tensors) != [leaf for leaf in _IN_LAYER if leaf in tensors]:
            return None
        if "weight" not in tensors:
            return None
        shapes = tuple((leaf, shape) for leaf, shape in tensors.items() if leaf != _UNUSED)
        layers.append(_Layer(name, shapes))
    return layers


def _paired(found: list[_Layer], wanted: list[_Layer]) -> list[tuple[_Layer, _Layer]] | None:
    """Pair the layers of each kind in their order; None if a kind has more of them on one side."""
    by_kind: dict[object, list[_Layer]] = defaultdict(list)
    for layer in found:
        by_kind[layer.kind].append(layer)
    if len(found) != len(wanted):
        return None
    pairs = []
    for layer in wanted:
        if not by_kind[layer.kind]:
            return None
        pairs.append((by_kind[layer.kind].pop(0), layer))
    return pairs


def _known_names(pairs: list[tuple[_Layer, _Layer]]) -> dict[str, str]:
    """Return the family's name of each layer that has one, by its name in the file."""
    names = {new.name for _, new in pairs}
    # A U-Net may have been saved without its wrapper.
    candidates = ((old.name, name) for old, _ in pairs for name in (old.name, f"unet.{old.name}"))
    return {old: name for old, name in candidates if name in names}


def _contradicts_numbers(layers: list[_Layer]) -> bool:
    """Return whether layers of equal shapes are in another order than the numbers in their names.

    Such a file was sorted or rearranged, and which of the layers comes first cannot be told.
    """
    last: dict[object, list[int]] = {}
    for layer in layers:
        pattern = (re.sub(r"\d+", "#", layer.name), layer.shapes)
        numbers = [int(number) for number in re.findall(r"\d{1,9}", layer.name)]
        if numbers < last.get(pattern, []):
            return True
        last[pattern] = numbers
    return False


def _fits(family: ModuleType, renamed: Mapping[str, Tensor]) -> bool:
    with torch.device("meta"):
        module: nn.Module = family.of_tensors(renamed)
    shapes = {name: tensor.shape for name, tensor in module.state_dict().items()}
    return all(shapes.get(name) == tensor.shape for name, tensor in renamed.items()) and all(
        name in renamed or name.endswith(_UNUSED) for name in shapes
    )
