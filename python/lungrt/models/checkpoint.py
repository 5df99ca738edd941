"""Reader of the weights in checkpoint files that executes no code from the file."""

from __future__ import annotations

import hashlib
import json
import math
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from lungrt.errors import CheckpointMismatch, Io
from lungrt.models.file_kinds import what_it_is
from lungrt.models.state_search import WeightsFound, find_weights
from lungrt.models.tensor_names import count, listed, renamed, without_wrappers
from lungrt.models.unpickling import unpickle

# The only strings that are kept as metadata: others may hold paths or names of users or patients.
_TEXT_METADATA = frozenset({"architecture", "license", "model_name", "optimizer_name", "time"})
_LONGEST_TEXT = 100


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Weights of a checkpoint file.

    Attributes
    ----------
    path : pathlib.Path
        The file, as it was given.
    sha256 : str
        SHA-256 of the file, in hexadecimal.
    state : dict of str to torch.Tensor
        Tensors on the CPU by name, after prefixes were stripped and keys renamed.
    metadata : dict
        Information about the training that may be published: numbers, and a few strings such as
        ``model_name``. It never holds paths, command lines or optimizer state.
    notes : tuple of str
        What was taken from the file and what was left out, for the user.
    in_order : bool
        Whether the tensors are in the order in which they were saved, which a safetensors file
        does not keep.
    """

    path: Path
    sha256: str
    state: dict[str, Tensor] = field(repr=False)
    metadata: dict[str, Any]
    notes: tuple[str, ...] = ()
    in_order: bool = True


def load_checkpoint(
    path: Path | str,
    *,
    key_map: Mapping[str, str | None] | None = None,
    state_key: str | None = None,
) -> Checkpoint:
    """Read the weights of a checkpoint; nothing in the file is imported or executed.

    The file must be written by ``torch.save`` (any version) or be a safetensors file. The weights
    are the one dictionary of tensors in it, wherever it is, or a pickled module. Objects of
    classes that torch does not know are replaced by inert ones. Where there are several sets of
    weights, one that is not an average is preferred, then a usual key: ``model_state`` (as in the
    book), ``model_state_dict``, ``state_dict``, ``model``, ``net``. `Checkpoint.notes` say what was
    taken.

    Prefixes of wrappers, such as ``module.``, are stripped, and any prefix that leaves the names of
    a built-in family.

    Parameters
    ----------
    path : path
        The checkpoint.
    key_map : mapping of str to (str or None), optional
        Renames tensors, after prefixes were stripped. A key that ends with a dot renames every
        name that begins with it (``{"encoder.": "unet.down_path."}``; the new prefix may be
        empty), any other key renames that one tensor; None leaves tensors out. An exact rule wins
        over a prefix, the longest prefix over shorter ones, and a name is renamed once.
    state_key : str, optional
        Where in the file the weights are, as keys joined by dots (``"ema.module"``).

    Returns
    -------
    Checkpoint

    Raises
    ------
    Io
        The file cannot be read.
    CheckpointMismatch
        The file is damaged, is not a checkpoint, needs to execute code, or holds no usable
        weights, or several of which none is plainly the one to take.
    InvalidArgument
        There are no weights at `state_key`. Or a rule of `key_map` is malformed, matches nothing,
        or makes two names the same.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Io(f"{path}: cannot read the checkpoint: {error.strerror or error}") from error

    is_safetensors = _is_safetensors(data)
    content, foreign = _parse_safetensors(path, data) if is_safetensors else _parse(path, data)
    found = find_weights(path, content, state_key)
    named = without_wrappers(found.tensors)
    notes = [_taken(found), *named.notes]
    if foreign:
        notes.append(f"not loaded, because they are no weights: objects of {listed(foreign)}")
    state = named.state
    if key_map:
        state = renamed(path, state, key_map)
        notes.append(f"{count(len(key_map), 'rule')} of the key map applied")
    _check_values(path, state)
    if converted := {str(t.dtype) for t in state.values() if _is_converted(t)}:
        notes.append(f"weights of type {', '.join(sorted(converted))} become float32")
    metadata = _metadata(content) if isinstance(content, Mapping) else {}
    if found.others and found.key:
        metadata["state_key"] = found.key
    return Checkpoint(
        path,
        hashlib.sha256(data).hexdigest(),
        state,
        metadata,
        tuple(notes),
        in_order=not is_safetensors,
    )


def _taken(found: WeightsFound) -> str:
    place = f"under the key {found.key!r}" if found.key else "of the file"
    kind = " of a pickled module, whose code was not loaded," if found.from_module else ""
    text = f"took the {count(len(found.tensors), 'tensor')}{kind} {place}"
    if found.others:
        keys = ", ".join(key or "(the file itself)" for key in found.others)
        text += f"; it also holds weights under {keys}, which --state-key takes"
    return text


def _is_converted(tensor: Tensor) -> bool:
    return tensor.is_floating_point() and tensor.dtype != torch.float32


def _is_safetensors(data: bytes) -> bool:
    header_size = int.from_bytes(data[:8], "little")
    return data[8:9] == b"{" and header_size < 100_000_000


def _parse_safetensors(path: Path, data: bytes) -> tuple[object, tuple[str, ...]]:
    try:
        tensors = safetensors.torch.load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise CheckpointMismatch(
            f"{path}: damaged or truncated safetensors file ({error}); copy or download it again"
        ) from error
    return {**(header.get("__metadata__") or {}), **tensors}, ()


def _parse(path: Path, data: bytes) -> tuple[object, tuple[str, ...]]:
    if other := what_it_is(data):
        raise CheckpointMismatch(f"{path}: {other}")
    try:
        return unpickle(data)
    # A damaged or hostile file makes the parser raise any exception (KeyError, EOFError,
    # ValueError, struct.error ...); each means that this is not a checkpoint.
    except Exception as error:
        raise CheckpointMismatch(f"{path}: {_why_unreadable(error)}") from error


def _why_unreadable(error: Exception) -> str:
    text = str(error)
    refused = re.search(r"GLOBAL (\S+)", text)
    if isinstance(error, pickle.UnpicklingError) and refused:
        return (
            f"the file wants to load {refused[1]!r}, which is code, not weights. The file was "
            "refused and nothing in it was executed. If you wrote it yourself, save only "
            "model.state_dict()"
        )
    if isinstance(error, pickle.UnpicklingError) and "Unsupported operand" in text:
        return (
            "the file is a pickle of a newer protocol than torch.save writes, which cannot be "
            "loaded without executing what is in it; nothing was executed. Save "
            "model.state_dict() with torch.save, without the argument pickle_protocol"
        )
    if named := re.search(r"lungrt\.foreign\.(\S+?)'", text):
        return (
            f"the file holds objects of {named[1]!r} in a form that only its own code can load; "
            "nothing in it was executed. Save only model.state_dict()"
        )
    return (
        "not a checkpoint, or a truncated one: expected a file written by torch.save or "
        f"safetensors, but reading it failed with {type(error).__name__}; nothing in it was "
        "executed. Copy or download it again"
    )


def _metadata(content: Mapping[Any, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, str):
            publishable = (
                key in _TEXT_METADATA
                and len(value) <= _LONGEST_TEXT
                and not any(separator in value for separator in "/\\")
            )
        else:
            publishable = isinstance(value, (bool, int)) or (
                isinstance(value, float) and math.isfinite(value)
            )
        if publishable:
            kept[str(key)] = value
    return kept


def _check_values(path: Path, state: Mapping[str, Tensor]) -> None:
    problems = []
    for name, tensor in state.items():
        if (
            tensor.layout is not torch.strided
            or tensor.is_quantized
            or tensor.is_complex()
            or tensor.is_meta
        ):
            problems.append(
                f"{name}: {tensor.dtype}, {tensor.layout}; expected a dense real tensor that is "
                "not quantised"
            )
        elif tensor.is_floating_point():
            bad = int((~torch.isfinite(tensor.to(torch.float32))).sum())
            if bad:
                problems.append(f"{name}: {bad} of {tensor.numel()} values are NaN or infinite")
    if problems:
        raise CheckpointMismatch(
            f"{path}: unusable weights; expected finite numbers in the range of float32. Perhaps "
            "the training diverged:\n  " + "\n  ".join(problems)
        )
