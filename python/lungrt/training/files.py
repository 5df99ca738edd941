"""Checkpoints and resume files of a training, written atomically."""

from __future__ import annotations

import io
import pickle
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from lungrt.errors import InvalidArgument, Io, UnsupportedVersion
from lungrt.write_aside import write_file

_RESUME_VERSION = 1

# Settings that resume files of earlier lungrt know by another name.
_RENAMED_SETTINGS = {"draws": "samples_per_epoch"}
# Settings that it no longer has, with the values that are now the only ones.
_REMOVED_SETTINGS = {
    "lr_decay_by_depth": 1.0,
    "elastic": 0.0,
    "book_augmentation": False,
    "label_smoothing": 0.0,
    "ema_decay": 0.99,
    "swa_start": 0.75,
}


def write_checkpoint(
    path: Path, network: nn.Module, optimizer: Optimizer, *, epoch: int, samples: int
) -> None:
    """Write a checkpoint in the book's format, which ``lungrt export`` reads.

    Parameters
    ----------
    path : path
        File to write; an existing file is replaced only when the new one is complete.
    network, optimizer
        Network and optimizer whose state is written.
    epoch : int
        Number of epochs that were trained.
    samples : int
        Total number of samples that were used.

    Raises
    ------
    Io
        The file cannot be written.
    """
    state = {
        "time": datetime.now(timezone.utc).isoformat(sep=" ", timespec="seconds"),
        "model_state": {name: tensor.cpu() for name, tensor in network.state_dict().items()},
        "model_name": type(network).__name__,
        "optimizer_state": optimizer.state_dict(),
        "optimizer_name": type(optimizer).__name__,
        "epoch": epoch,
        "totalTrainingSamples_count": samples,
    }
    _save(path, state)


def write_resume(path: Path, state: dict[str, Any]) -> None:
    """Write the state that is needed to resume a training.

    Raises
    ------
    Io
        The file cannot be written.
    """
    _save(path, {"resume_version": _RESUME_VERSION, **state})


def read_resume(path: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """Read a file of `write_resume` and compare its settings with the current ones.

    Raises
    ------
    Io
        The file does not exist or is damaged.
    UnsupportedVersion
        Another version of lungrt wrote the file.
    InvalidArgument
        The training had other settings; only epochs, patience and workers may differ.
    """
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
    except FileNotFoundError as error:
        raise Io(
            f"{path}: file not found, so there is no training to resume; start without --resume"
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise Io(
            f"{path}: damaged, or not a resume file of a training ({type(error).__name__})"
        ) from error
    version = state.get("resume_version") if isinstance(state, dict) else None
    if version != _RESUME_VERSION:
        raise UnsupportedVersion(
            f"{path}: this resume file has version {version}, but this lungrt can only resume from "
            f"version {_RESUME_VERSION}; start the training again"
        )
    free = {"epochs", "patience", "workers"}
    if settings.get("average") == "swa":
        free.remove("epochs")  # the mean is over a share of the epochs
    before = {
        _RENAMED_SETTINGS.get(name, name): value
        for name, value in state["settings"].items()
        if name not in _REMOVED_SETTINGS or value != _REMOVED_SETTINGS[name]
    }
    differ = [
        f"{name} was {before.get(name)!r} and is now {settings.get(name)!r}"
        for name in sorted(set(before) | set(settings))
        if name not in free and before.get(name) != settings.get(name)
    ]
    if differ:
        raise InvalidArgument(
            f"{path}: the training to resume had other settings: {'; '.join(differ)}; use the same "
            "settings, or start a new training without --resume"
        )
    return dict(state)


def _save(path: Path, content: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_file(path, buffer.getbuffer())
