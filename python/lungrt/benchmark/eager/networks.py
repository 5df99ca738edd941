"""Eager networks of a bundle, built of its original checkpoints or of its own weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lungrt.errors import BadBundle, CheckpointMismatch, DeviceUnavailable
from lungrt.export.manifest import NetworkEntry, StageEntry, read_manifest
from lungrt.export.weights import open_weights
from lungrt.models import load_network

__all__ = ["StageNetworks", "open_networks"]

WEIGHTS = "safetensors"  # name of the artifact format in the manifest


@dataclass(frozen=True, eq=False)
class StageNetworks:
    """Networks of a stage; several of them are an ensemble."""

    entry: StageEntry
    modules: tuple[nn.Module, ...]
    device: torch.device
    channels_last: bool

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean of the networks' probabilities: (N, 1, rows, columns) or (N, classes)."""
        inputs = torch.from_numpy(np.ascontiguousarray(batch)).to(self.device)
        if self.channels_last and inputs.ndim == 4:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        total: torch.Tensor | None = None
        for module in self.modules:
            with torch.inference_mode():
                output = module(inputs)
            output = output[-1] if isinstance(output, (tuple, list)) else output
            if self.entry.output.kind == "logits":
                output = output.sigmoid() if output.ndim == 4 else output.softmax(dim=1)
            total = output if total is None else total + output
        assert total is not None, "a stage has at least one network"
        mean = total / len(self.modules) if len(self.modules) > 1 else total
        return np.asarray(mean.cpu().numpy())


def open_networks(
    bundle: Path,
    checkpoints: Mapping[str, Sequence[str]],
    *,
    device: str,
    channels_last: bool,
) -> dict[str, StageNetworks]:
    """Open the networks of every stage of a bundle.

    Parameters
    ----------
    bundle : pathlib.Path
        The bundle, whose manifest describes the networks.
    checkpoints : mapping of str to sequence of path
        Checkpoints by stage that the bundle was exported from. For stages without checkpoints, the
        bundle's own weights are used.
    device : str
        Device of PyTorch, e.g. ``"cpu"`` or ``"cuda:0"``.
    channels_last : bool
        Whether to use PyTorch's channels-last memory format.

    Raises
    ------
    lungrt.errors.CheckpointMismatch
        If a checkpoint is not the one that the bundle was exported from.
    lungrt.errors.BadBundle
        If a stage has neither checkpoints nor weights.
    lungrt.errors.DeviceUnavailable
        If this PyTorch cannot use the device.
    """
    place = torch.device(device)
    if place.type == "cuda" and not torch.cuda.is_available():
        raise DeviceUnavailable(f"{device}: torch {torch.__version__} finds no CUDA device")
    opened = {}
    for stage, entry in read_manifest(bundle).stages.items():
        given = checkpoints.get(stage, ())
        if given and len(given) != len(entry.networks):
            raise CheckpointMismatch(
                f"{bundle}: stage {stage} has {len(entry.networks)} networks, but {len(given)} "
                "checkpoints were given; give all checkpoints that it was exported from"
            )
        modules = [
            _from_checkpoint(stage, entry, network, given[number])
            if given
            else _from_weights(bundle, stage, network)
            for number, network in enumerate(entry.networks)
        ]
        opened[stage] = StageNetworks(
            entry,
            tuple(_placed(module, stage, place, channels_last) for module in modules),
            place,
            channels_last,
        )
    return opened


def _from_checkpoint(stage: str, entry: StageEntry, network: NetworkEntry, path: str) -> nn.Module:
    options = dict(network.options)
    if (
        ":" in network.architecture
    ):  # a network of the user's: only the contract describes its input
        contract: dict[str, Any] = {"output_kind": entry.output.kind, "classes": entry.classes}
        wanted = ("crop",) if entry.input.crop else ("context_slices", "size_multiple", "halo")
        options["contract"] = contract | {name: getattr(entry.input, name) for name in wanted}
    loaded = load_network(stage, path, arch=network.architecture, options=options)
    if loaded.checkpoint.sha256 != network.checkpoint_sha256:
        raise CheckpointMismatch(
            f"{path}: not the checkpoint that the bundle's stage {stage} was exported from (its "
            f"SHA-256 is {loaded.checkpoint.sha256[:12]}..., expected "
            f"{network.checkpoint_sha256[:12]}...), so the results could not be compared"
        )
    return loaded.module


def _from_weights(bundle: Path, stage: str, network: NetworkEntry) -> nn.Module:
    artifact = network.artifacts.get(WEIGHTS)
    if artifact is None:
        raise BadBundle(
            f"{bundle}: stage {stage} has no artifact {WEIGHTS!r} of which to build the eager "
            f"network; give its checkpoint with --{stage}, or export again with "
            f"--formats {WEIGHTS}"
        )
    return open_weights(bundle / artifact.file)


def _placed(module: nn.Module, stage: str, device: torch.device, channels_last: bool) -> nn.Module:
    module = module.to(device)
    if channels_last:
        layout = torch.channels_last if stage == "segmentation" else torch.channels_last_3d
        module = module.to(memory_format=layout)  # type: ignore[call-overload]
    return module
