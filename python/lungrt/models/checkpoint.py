"""Reader of the weights in checkpoint files that executes no code from the file."""

from __future__ import annotations

import hashlib
import io
import json
import math
import pickle
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from lungrt.errors import CheckpointMismatch, InvalidArgument, Io

# Keys under which training code stores the weights in a larger dictionary; the book uses the first.
_WRAPPERS = ("model_state", "model_state_dict", "state_dict", "model")

# Prefixes that DataParallel and torch.compile add to every name.
_FOREIGN_PREFIXES = ("module.", "_orig_mod.")

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
    """

    path: Path
    sha256: str
    state: dict[str, Tensor] = field(repr=False)
    metadata: dict[str, Any]


def load_checkpoint(path: Path | str, *, key_map: Mapping[str, str] | None = None) -> Checkpoint:
    """Read the weights of a checkpoint; nothing in the file is executed.

    The file must be written by ``torch.save`` (any version) or be a safetensors file. It holds a
    state dict, either directly or under the key ``model_state`` (as in the book),
    ``model_state_dict``, ``state_dict`` or ``model``. A prefix ``module.`` or ``_orig_mod.`` that
    all names share is stripped.

    Parameters
    ----------
    path : path
        The checkpoint.
    key_map : mapping of str to str, optional
        Renames tensors, after prefixes were stripped. A key that ends with a dot renames every
        name that begins with it (``{"encoder.": "unet.down_path."}``; the new prefix may be
        empty), any other key renames that one tensor. An exact rule wins over a prefix, the
        longest prefix over shorter ones, and a name is renamed once.

    Returns
    -------
    Checkpoint

    Raises
    ------
    Io
        The file cannot be read.
    CheckpointMismatch
        The file is damaged, is not a checkpoint, needs to execute code, or holds no usable
        weights.
    InvalidArgument
        A rule of `key_map` is malformed, matches nothing, or makes two names the same.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Io(f"{path}: cannot read the checkpoint: {error.strerror or error}") from error

    parse = _parse_safetensors if _is_safetensors(data) else _parse_pickle
    content = parse(path, data)
    state, metadata = _split(path, content)
    state = _strip_prefixes(state)
    if key_map:
        state = _rename(path, state, key_map)
    _check_values(path, state)
    return Checkpoint(path, hashlib.sha256(data).hexdigest(), state, metadata)


def _is_safetensors(data: bytes) -> bool:
    header_size = int.from_bytes(data[:8], "little")
    return data[8:9] == b"{" and header_size < 100_000_000


def _parse_safetensors(path: Path, data: bytes) -> object:
    try:
        tensors = safetensors.torch.load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise CheckpointMismatch(
            f"{path}: damaged or truncated safetensors file ({error}); copy or download it again"
        ) from error
    return {"state_dict": tensors, **header.get("__metadata__", {})}


def _parse_pickle(path: Path, data: bytes) -> object:
    try:
        with warnings.catch_warnings():
            # Torch warns about pickles that it did not write; their content is checked below.
            warnings.simplefilter("ignore")
            return torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
    # A damaged or hostile file makes the parser raise any exception (KeyError, EOFError,
    # ValueError, struct.error ...); each means that this is not a checkpoint.
    except Exception as error:
        raise CheckpointMismatch(f"{path}: {_why_unreadable(data, error)}") from error


def _why_unreadable(data: bytes, error: Exception) -> str:
    text = str(error)
    if not data:
        return "the file is empty; expected a PyTorch checkpoint or a safetensors file"
    if "TorchScript archive" in text:
        return (
            "this is a TorchScript program, not a checkpoint; nothing in it was executed. "
            "Use the state dict that it was made from"
        )
    asked_for = re.search(r"GLOBAL (\S+)", text)
    if isinstance(error, pickle.UnpicklingError) and asked_for:
        return (
            f"the file wants to load {asked_for.group(1)!r}, which is code, not weights. The file "
            "was refused and nothing in it was executed. If you wrote it yourself, save only "
            "model.state_dict()"
        )
    return (
        "not a checkpoint, or a truncated one: expected a file written by torch.save or "
        f"safetensors, but reading it failed with {type(error).__name__}; nothing in it was "
        "executed. Copy or download it again"
    )


def _split(path: Path, content: object) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Separate a file's content into its weights and its publishable metadata."""
    if not isinstance(content, Mapping):
        raise CheckpointMismatch(
            f"{path}: the file holds a {type(content).__name__}; expected a state dict, or a "
            f"dictionary with a state dict under one of the keys {', '.join(_WRAPPERS)}"
        )
    for wrapper in _WRAPPERS:
        inner = content.get(wrapper)
        if isinstance(inner, Mapping) and (state := _tensors(inner)):
            return state, _metadata(content)
    if state := _tensors(content):
        return state, _metadata(content)
    raise CheckpointMismatch(
        f"{path}: the file holds no tensors; expected a state dict, or a dictionary with a state "
        f"dict under one of the keys {', '.join(_WRAPPERS)}; found the keys "
        f"{sorted(map(str, content))}"
    )


def _tensors(mapping: Mapping[Any, Any]) -> dict[str, Tensor]:
    return {str(k): v.detach() for k, v in mapping.items() if isinstance(v, Tensor)}


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


def _strip_prefixes(state: dict[str, Tensor]) -> dict[str, Tensor]:
    stripping = True
    while stripping:
        stripping = False
        for prefix in _FOREIGN_PREFIXES:
            if all(name.startswith(prefix) for name in state):
                state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
                stripping = True
    return state


def _rename(path: Path, state: dict[str, Tensor], key_map: Mapping[str, str]) -> dict[str, Tensor]:
    for old, new in key_map.items():
        if not old or (old.endswith(".") and new and not new.endswith(".")):
            raise InvalidArgument(
                f"key_map: invalid rule {old!r} -> {new!r}; expected 'name' -> 'name', "
                "'prefix.' -> 'prefix.' or 'prefix.' -> ''"
            )
    prefixes = sorted((k for k in key_map if k.endswith(".")), key=len, reverse=True)
    renamed: dict[str, Tensor] = {}
    used: set[str] = set()
    origin: dict[str, str] = {}
    for name, tensor in state.items():
        rule = name if name in key_map else next(filter(name.startswith, prefixes), None)
        new_name = name
        if rule is not None:
            used.add(rule)
            new_name = key_map[rule] + name[len(rule) :]
        if new_name in renamed:
            raise InvalidArgument(
                f"key_map: both {origin[new_name]!r} and {name!r} of {path} would be renamed to "
                f"{new_name!r}"
            )
        renamed[new_name] = tensor
        origin[new_name] = name
    if unused := [rule for rule in key_map if rule not in used]:
        raise InvalidArgument(
            f"key_map: no tensor of {path} matches {unused}; its tensors are {sorted(state)}"
        )
    return renamed


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
