"""Loading a checkpoint into a network that is ready to run or to export."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lungrt.errors import CheckpointMismatch, InvalidArgument
from lungrt.models import classifier, custom, unet
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
    """

    module: nn.Module = field(repr=False)
    architecture: str
    options: dict[str, Any]
    inferred: tuple[str, ...]
    checkpoint: Checkpoint
    input: InputContract
    output_kind: str
    classes: tuple[str, ...]


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
    state, where = checkpoint.state, f"{checkpoint.path} as {stage}"
    input_options, given = _split_input_options(given)
    options, inferred = unet.infer_options(state, given)
    with torch.device("meta"):
        module = unet.SegmentationUNet(options)
    failure = f"{where}: does not fit a U-Net with levels of {_joined(options.widths)} channels"
    if not unet.is_unet(state):
        failure = f"{where}: {_not_of_family(checkpoint, 'a segmentation U-Net')}\n{failure}"
    matched = matched_state(
        module, state, failure=failure, file_name=lambda name: unet.file_name(state, name)
    )
    unet.check_channels(options, where=where)
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
        _jsonable(asdict(options)),
        inferred,
        checkpoint,
        contract,
        "probability",
        default_classes(stage),
    )


def _load_classifier(stage: Stage, checkpoint: Checkpoint, given: dict[str, Any]) -> LoadedNetwork:
    state, where = checkpoint.state, f"{checkpoint.path} as {stage}"
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
    )


def _load_custom(
    stage: Stage, checkpoint: Checkpoint, arch: str, given: dict[str, Any]
) -> LoadedNetwork:
    name, factory = custom.find_class(arch)
    contract = custom.read_contract(stage, given.pop("contract", {}))
    module = custom.construct(name, factory, given).float()
    failure = f"{checkpoint.path} as {stage}: does not fit the architecture {name}"
    module.load_state_dict(matched_state(module, checkpoint.state, failure=failure))
    return LoadedNetwork(
        _frozen(module),
        name,
        given,
        (),
        checkpoint,
        contract.input,
        contract.output_kind,
        contract.classes,
    )


def _frozen(module: nn.Module) -> nn.Module:
    return module.eval().requires_grad_(False)


def _split_input_options(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    taken = {name: given[name] for name in _INPUT_OPTIONS if name in given}
    return taken, {name: value for name, value in given.items() if name not in taken}


def _not_of_family(checkpoint: Checkpoint, wanted: str) -> str:
    if unet.is_unet(checkpoint.state):
        return f"this is a segmentation U-Net, not {wanted}; use it for the segmentation stage"
    if classifier.is_classifier(checkpoint.state):
        return f"this is a 3-D classifier, not {wanted}; use it for the nodule or malignancy stage"
    return (
        f"no tensor is named like one of {wanted}; rename the tensors with key_map (--key-map), "
        "or give the architecture as 'package.module:Class'"
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
