"""Checkpoints and what a training needs to go on, written aside and renamed."""

from __future__ import annotations

import io
import os
import pickle
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from lungrt.errors import InvalidArgument, Io, UnsupportedVersion

_RESUME_VERSION = 1


def write_checkpoint(
    path: Path, network: nn.Module, optimizer: Optimizer, *, epoch: int, samples: int
) -> None:
    """Write a checkpoint as the book's code does, which ``lungrt export`` takes.

    Parameters
    ----------
    path : path
        An older file stays whole until the new one is.
    network, optimizer
        Whose state is written.
    epoch : int
        Epochs that were trained.
    samples : int
        Items that were drawn in all.

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
    """Write what a training needs to go on.

    Raises
    ------
    Io
        The file cannot be written.
    """
    _save(path, {"resume_version": _RESUME_VERSION, **state})


def read_resume(path: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """Read what `write_resume` wrote, and hold it against the settings of now.

    Raises
    ------
    Io
        The file is not there or damaged.
    UnsupportedVersion
        Another version of lungrt wrote it.
    InvalidArgument
        It was trained with other settings; only epochs, patience and workers may differ.
    """
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
    except FileNotFoundError as error:
        raise Io(
            f"{path}: not there, so there is no training to go on with; begin it without resuming"
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise Io(
            f"{path}: is damaged, or no file of a training ({type(error).__name__})"
        ) from error
    version = state.get("resume_version") if isinstance(state, dict) else None
    if version != _RESUME_VERSION:
        raise UnsupportedVersion(
            f"{path}: a resume file of version {version}, this lungrt goes on from version "
            f"{_RESUME_VERSION}; begin the training anew"
        )
    free = {"epochs", "patience", "workers"}
    if settings.get("average") == "swa":
        free.remove("epochs")  # its share of them is averaged
    before = state["settings"]
    differ = [
        f"{name} was {before.get(name)!r}, is {settings.get(name)!r}"
        for name in sorted(set(before) | set(settings))
        if name not in free and before.get(name) != settings.get(name)
    ]
    if differ:
        raise InvalidArgument(
            f"{path}: the training that is to go on had other settings: {'; '.join(differ)}"
        )
    return dict(state)


def _save(path: Path, content: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise Io(f"{path}: cannot be written ({error.strerror})") from error
    aside = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(buffer.getbuffer())
        mask = os.umask(0)
        os.umask(mask)
        aside.chmod(0o666 & ~mask)
        aside.replace(path)
    except OSError as error:
        raise Io(f"{path}: cannot be written ({error.strerror})") from error
    finally:
        aside.unlink(missing_ok=True)
