"""Averages of weights over a training, which vary less than the weights of the last step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from lungrt.training.settings import Settings

_EMA_DECAY = 0.99  # per step
_SWA_START = 0.75  # share of the epochs after which the mean starts


class Averaging:
    """Average of a network's weights, which is validated and saved.

    Parameters
    ----------
    network : torch.nn.Module
        Network that is trained.
    settings : Settings
        Its ``average`` is "none" for the network itself, "ema" for an exponential moving average
        over steps, or "swa" for the mean over the last epochs.
    """

    def __init__(self, network: nn.Module, settings: Settings) -> None:
        self._network = network
        self._kind = settings.average
        # The mean includes at least the last epoch.
        self._first_epoch = min(int(_SWA_START * settings.epochs) + 1, settings.epochs)
        self._average: AveragedModel | None = None
        if self._kind == "ema":
            decay = get_ema_multi_avg_fn(_EMA_DECAY)  # type: ignore[no-untyped-call]
            self._average = AveragedModel(network, multi_avg_fn=decay)
        elif self._kind == "swa":
            self._average = AveragedModel(network)

    @property
    def result(self) -> nn.Module:
        """Network to validate and to save."""
        if self._average is None or int(self._average.n_averaged) == 0:
            return self._network
        inner: nn.Module = self._average.module
        return inner

    def after_step(self) -> None:
        """Add the weights after a step to the moving average."""
        if self._average is not None and self._kind == "ema":
            self._average.update_parameters(self._network)

    def after_epoch(
        self, epoch: int, trained: Sequence[nn.Module], images: Iterable[Tensor]
    ) -> None:
        """Add the weights after an epoch to the mean, and measure its batch-norm statistics again.

        Parameters
        ----------
        epoch : int
            Number of the epoch, from 1.
        trained : sequence of torch.nn.Module
            Batch norms of the network that are not frozen.
        images : iterable of torch.Tensor
            Batches on which the statistics are measured.
        """
        if self._average is None or self._kind != "swa" or epoch < self._first_epoch:
            return
        self._average.update_parameters(self._network)
        names = {name for name, module in self._network.named_modules() if module in set(trained)}
        inner = self._average.module
        measure_batch_norms(inner, [inner.get_submodule(n) for n in sorted(names)], images)

    def state(self) -> dict[str, Any]:
        """Return the state that is needed to resume."""
        return {} if self._average is None else self._average.state_dict()

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore a state that `state` returned."""
        if self._average is not None:
            self._average.load_state_dict(state)


def measure_batch_norms(
    network: nn.Module, norms: Sequence[nn.Module], images: Iterable[Tensor]
) -> None:
    """Set the statistics of the given batch norms to the mean over some batches."""
    chosen = [norm for norm in norms if isinstance(norm, nn.modules.batchnorm._BatchNorm)]
    if not chosen:
        return
    network.eval()
    momenta = [norm.momentum for norm in chosen]
    for norm in chosen:
        norm.reset_running_stats()
        norm.momentum = None  # PyTorch then computes the mean over all batches
        norm.train()
    with torch.no_grad():
        for batch in images:
            network(batch)
    for norm, momentum in zip(chosen, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()
