"""Loading a checkpoint into a network that is ready to run or to export."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from lungrt.errors import CheckpointMismatch, InvalidArgument
from lungrt.models import classifier, custom, unet_tensors
from lungrt.models.by_order import ByOrder, matched_by_order
from lungrt.models.checkpoint import Checkpoint, load_checkpoint
from lungrt.models.contract import InputContract
from lungrt.models.matching import matched_state
from lungrt.models.stages import (
    Stage,
    check_stage,
    class_counts,
    classes_by_count,
    default_classes,
)
from lungrt.models.tensor_names import Named, below, is_counter, listed
from lungrt.models.unet import SegmentationUNet

_FAMILY_OF_STAGE = {
    "segmentation": "unet",
    "nodule": "classifier3d",
    "malignancy": "classifier3d",
}
_INPUT_OPTIONS = ("hu_window", "scale", "offset")


@dataclass(frozen=True, eq=False)
class LoadedNetwork:
    """Network with the weights of a checkpoint.

    Attributes
    ----------
    module : torch.nn.Module
        Float32 network on the CPU in evaluation mode, without gradients. A U-Net returns
        probabilities [N, 1, H, W], a classifier returns logits and probabilities, each
        [N, classes].
    architecture : str
        ``"unet"``, ``"classifier3d"`` or ``"package.module:Class"``.
    options : dict
        Every option with which the architecture was built, as JSON values: given, read from
        tensors, or a default. Options of the input are in `input`.
    inferred : tuple of str
        Names of the options that were read from tensors.
    checkpoint : Checkpoint
    input : InputContract
    output_kind : str
        Kind of the last output: ``"probability"`` or ``"logits"``.
    classes : tuple of str
        Names of the output's classes.
    notes : tuple of str
        What was taken from the checkpoint, left out and renamed, for the user.
    """

    module: nn.Module = field(repr=False)
    architecture: str
    options: dict[str, Any]
    inferred: tuple[str, ...]
    checkpoint: Checkpoint
    input: InputContract
    output_kind: str
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()


def load_network(
    stage: str,
    checkpoint: Checkpoint | Path | str,
    *,
    arch: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> LoadedNetwork:
    """Build the network of a checkpoint and load its weights.

    Parameters
    ----------
    stage : {"segmentation", "nodule", "malignancy"}
        Stage of the pipeline in which the network is used.
    checkpoint : Checkpoint or path
        The trained weights.
    arch : str, optional
        ``"unet"`` (segmentation) or ``"classifier3d"`` (the other stages), the default; or
        ``"package.module:Class"`` or a registered name, see `lungrt.models.custom`.
    options : mapping of str to object, optional
        For the families, options of `lungrt.models.unet.UNetOptions` or
        `lungrt.models.classifier.ClassifierOptions`, and `hu_window`, `scale` and `offset` of
        `InputContract`. Options that are not given are read from the tensors where possible, and
        are otherwise those of the book. For any other architecture, its constructor's keyword
        arguments and the reserved option ``contract``.

    Returns
    -------
    LoadedNetwork

    Raises
    ------
    InvalidArgument
        The stage, the architecture or an option does not exist or has an invalid value.
    CheckpointMismatch
        The file is not a usable checkpoint, or its tensors do not fit; the message lists every
        missing, unexpected and misshapen tensor.
    Io
        The file cannot be read.
    """
    known_stage = check_stage(stage)
    if not isinstance(checkpoint, Checkpoint):
        checkpoint = load_checkpoint(checkpoint)
    given = _jsonable(options or {})
    arch = arch or _FAMILY_OF_STAGE[known_stage]
    if arch in _FAMILY_OF_STAGE.values():
        if arch != _FAMILY_OF_STAGE[known_stage]:
            raise InvalidArgument(
                f"architecture {arch!r} cannot be used for the {stage} stage; expected "
                f"{_FAMILY_OF_STAGE[known_stage]!r} or an architecture of your own"
            )
        load = _load_unet if arch == "unet" else _load_classifier
        return load(known_stage, checkpoint, given)
    return _load_custom(known_stage, checkpoint, arch, given)


def _load_unet(stage: Stage, checkpoint: Checkpoint, given: dict[str, Any]) -> LoadedNetwork:
    where = f"{checkpoint.path} as {stage}"
    by_order = _named_as(unet_tensors, checkpoint)
    state = by_order.named.state
    input_options, given = _split_input_options(given)
    options, inferred = unet_tensors.infer_options(state, given)
    with torch.device("meta"):
        module = SegmentationUNet(options)
    failure = f"{where}: does not fit a U-Net with levels of {_joined(options.widths)} channels"
    if not unet_tensors.is_unet(state):
        failure = f"{where}: {_not_of_family(checkpoint, 'a segmentation U-Net')}\n{failure}"
    matched = matched_state(
        module, state, failure=failure, file_name=lambda name: unet_tensors.file_name(state, name)
    )
    unet_tensors.check_channels(options, where=where)
    unet_tensors.check_normalised_after_activation(matched, by_order.renamed, options, where=where)
    contract = InputContract(
        **input_options,
        context_slices=options.context_slices,
        size_multiple=options.size_multiple,
        halo=options.halo,
    )
    module.to_empty(device="cpu").load_state_dict(matched)
    return LoadedNetwork(
        _frozen(module),
        "unet",
        # An option that only pruned networks have.
        _jsonable({name: value for name, value in asdict(options).items() if value is not None}),
        inferred,
        checkpoint,
        contract,
        "probability",
        default_classes(stage),
        (*checkpoint.notes, *by_order.named.notes),
    )


def _load_classifier(stage: Stage, checkpoint: Checkpoint, given: dict[str, Any]) -> LoadedNetwork:
    where = f"{checkpoint.path} as {stage}"
    by_order = _named_as(classifier, checkpoint)
    state = by_order.named.state
    input_options, given = _split_input_options(given)
    options, inferred = classifier.infer_options(state, given, where=where)
    with torch.device("meta"):
        module = classifier.Classifier3d(options)
    failure = (
        f"{where}: does not fit a 3-D classifier with blocks of {_joined(options.widths)} channels"
    )
    if not classifier.is_classifier(state):
        failure = f"{where}: {_not_of_family(checkpoint, 'a 3-D classifier')}\n{failure}"
    matched = matched_state(module, state, failure=failure)
    classes = classes_by_count(stage, options.out_channels)
    if classes is None:
        raise CheckpointMismatch(
            f"{where}: the classifier has {options.out_channels} classes; "
            f"expected {class_counts(stage)}"
        )
    contract = InputContract(**input_options, crop=options.crop)
    module.to_empty(device="cpu").load_state_dict(matched)
    return LoadedNetwork(
        _frozen(module),
        "classifier3d",
        _jsonable(asdict(options)),
        inferred,
        checkpoint,
        contract,
        "probability",
        classes,
        (*checkpoint.notes, *by_order.named.notes),
    )


def _load_custom(
    stage: Stage, checkpoint: Checkpoint, arch: str, given: dict[str, Any]
) -> LoadedNetwork:
    name, factory = custom.find_class(arch)
    contract = custom.read_contract(stage, given.pop("contract", {}))
    module = custom.construct(name, factory, given).float()
    failure = f"{checkpoint.path} as {stage}: does not fit the architecture {name}"
    named = _named_for(module, checkpoint.state)
    module.load_state_dict(matched_state(module, named.state, failure=failure))
    return LoadedNetwork(
        _frozen(module),
        name,
        given,
        (),
        checkpoint,
        contract.input,
        contract.output_kind,
        contract.classes,
        (*checkpoint.notes, *named.notes),
    )


def _named_as(family: ModuleType, checkpoint: Checkpoint) -> ByOrder:
    """Return a checkpoint's tensors by the names of a family, from their order if it must be."""
    named = _without_counters(checkpoint.state, ())
    matched = matched_by_order(family, named.state) if checkpoint.in_order else None
    if matched is None:
        return ByOrder(named, frozenset())
    notes = (*named.notes, *matched.named.notes)
    return ByOrder(Named(matched.named.state, notes), matched.renamed)


def _named_for(module: nn.Module, state: Mapping[str, Tensor]) -> Named:
    """Return a checkpoint's tensors by the names of a module, without a prefix before all of them.

    Of a network of one's own only the module's names tell what is a prefix.
    """
    wanted = [name for name in module.state_dict() if not name.endswith("num_batches_tracked")]
    named = _without_counters(state, wanted)
    if wanted and not set(wanted) <= named.state.keys():
        ends = (name for name in named.state if name.endswith(f".{wanted[0]}"))
        prefixes = [name.removesuffix(wanted[0]) for name in ends]
        whole = [p for p in prefixes if all(p + name in named.state for name in wanted)]
        if len(whole) == 1:
            inner = below(named.state, whole[0])
            return Named(inner.state, (*named.notes, *inner.notes))
    return named


def _without_counters(state: Mapping[str, Tensor], wanted: Collection[str]) -> Named:
    """Leave out the numbers beside the layers that the network does not know."""
    counters = [
        name for name, tensor in state.items() if name not in wanted and is_counter(name, tensor)
    ]
    if not counters:
        return Named(dict(state))
    kept = {name: tensor for name, tensor in state.items() if name not in counters}
    return Named(kept, (f"left out, because they count and weigh nothing: {listed(counters)}",))


def _frozen(module: nn.Module) -> nn.Module:
    return module.eval().requires_grad_(False)


def _split_input_options(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    taken = {name: given[name] for name in _INPUT_OPTIONS if name in given}
    return taken, {name: value for name, value in given.items() if name not in taken}


def _not_of_family(checkpoint: Checkpoint, wanted: str) -> str:
    if unet_tensors.is_unet(checkpoint.state):
        return f"this is a segmentation U-Net, not {wanted}; use it for the segmentation stage"
    if classifier.is_classifier(checkpoint.state):
        return f"this is a 3-D classifier, not {wanted}; use it for the nodule or malignancy stage"
    return (
        f"no tensor is named like one of {wanted}; rename the tensors with key_map (--key-map), "
        "or give the architecture as 'package.module:Class'. Layers are matched by order and shape "
        "only where both leave one way"
        + ("" if checkpoint.in_order else ", and a safetensors file does not keep the order")
    )


def _joined(widths: tuple[int, ...]) -> str:
    return "/".join(map(str, widths))


def _jsonable(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy after conversion to JSON and back, so that what is recorded is what is used."""
    try:
        copy: dict[str, Any] = json.loads(json.dumps(dict(options), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise InvalidArgument(
            f"options must be JSON values (numbers, strings, true, false, null, lists, objects): "
            f"{error}"
        ) from error
    return copy
