"""Training session: trains a network for an epoch, and validates it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.utils.data import DataLoader, Dataset

from lungrt.errors import DeviceUnavailable, Inference, InvalidArgument
from lungrt.models import Checkpoint
from lungrt.models.classifier import Classifier3d
from lungrt.training.averaging import Averaging
from lungrt.training.data.samples import TRAITS, DataSet, Sample
from lungrt.training.finetune import Frozen, blocks, trained_depth
from lungrt.training.networks import TraitHead, add_dropout, make_network
from lungrt.training.objectives import Classification, Objective, Outcome, Segmentation
from lungrt.training.scores import Predictions, Scores
from lungrt.training.settings import Settings

Progress = Callable[[str, int, int], None]

_BATCH_NORM_BATCHES = 50  # to measure the batch-norm statistics of averaged weights


class Session:
    """State of a training: network, optimizer, averaged weights and data.

    Parameters
    ----------
    settings : Settings
    data : DataSet
        Source of the crops or slices.
    training, validation : sequence of Sample
        Samples of `data`; `validation` may be empty.
    checkpoint : Checkpoint, optional
        Checkpoint to fine-tune; by default a new network is trained.
    device : {"cpu", "cuda", "cuda:N", "auto"}

    Raises
    ------
    InvalidArgument
        The data does not have what the task or the settings need.
    DeviceUnavailable
        The CUDA device is not available.
    CheckpointMismatch
        The checkpoint does not fit the network of the task.
    """

    def __init__(
        self,
        settings: Settings,
        data: DataSet,
        training: Sequence[Sample],
        validation: Sequence[Sample],
        *,
        checkpoint: Checkpoint | None = None,
        device: str = "cpu",
    ) -> None:
        self.settings = settings
        self.device = _device(device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.network = make_network(settings, checkpoint).to(self.device)
            add_dropout(self.network, settings.dropout)
            self.traits: TraitHead | None = None
            if settings.trait_weight:
                _require_traits(training)
                self.traits = TraitHead(cast(Classifier3d, self.network), TRAITS).to(self.device)
        depth = settings.finetune_depth if checkpoint else len(blocks(self.network))
        if settings.unfreeze_every and not checkpoint:
            raise InvalidArgument(
                "unfreeze_every is for fine-tuning only; give a checkpoint to fine-tune"
            )
        self._depth = depth
        self._frozen = Frozen(self.network, depth)
        self._frozen.train_last(trained_depth(1, depth, settings.unfreeze_every))
        self.optimizer = self._make_optimizer()
        self.averaging = Averaging(self.network, settings)
        self._scaler = torch.amp.GradScaler(
            self.device.type, enabled=settings.amp and self.device.type == "cuda"
        )
        self.objective: Objective = (
            Segmentation(data, training, validation, settings)
            if settings.task == "segmentation"
            else Classification(data, training, validation, settings, self.traits)
        )
        self.samples_seen = 0

    @property
    def result(self) -> nn.Module:
        """Network to validate and to save: the trained one, or its average."""
        return self.averaging.result

    @property
    def learning_rates(self) -> dict[str, float]:
        """Learning rate of each block that is currently trained."""
        return {
            str(group["name"]): float(group["lr"])
            for group in self.optimizer.param_groups
            if any(parameter.requires_grad for parameter in group["params"])
        }

    def train_epoch(
        self, epoch: int, progress: Progress | None = None
    ) -> tuple[Scores, Predictions | None]:
        """Train for an epoch; its random numbers depend only on the seed and the epoch.

        Raises
        ------
        Inference
            The loss is NaN or infinite.
        """
        settings = self.settings
        self._frozen.train_last(trained_depth(epoch, self._depth, settings.unfreeze_every))
        self._frozen.train_mode()
        self.objective.training.begin(epoch)
        outcomes: list[Outcome] = []
        with torch.random.fork_rng(devices=_cuda_devices(self.device)):
            torch.manual_seed(_mixed(settings.seed, epoch))
            generator = torch.Generator().manual_seed(_mixed(settings.seed, -epoch))
            loader = self._loader(cast("Dataset[Any]", self.objective.training), settings.batch)
            for number, batch in enumerate(loader):
                outcomes.append(self._step(self._moved(batch), generator, epoch))
                self.samples_seen += len(outcomes[-1].losses)
                if progress:
                    progress(f"epoch {epoch}", number + 1, len(loader))
            self.averaging.after_epoch(epoch, self._frozen.trained_batch_norms(), self._images())
        return self.objective.scores(outcomes)

    def validate(self, progress: Progress | None = None) -> tuple[Scores, Predictions | None]:
        """Score `result` on the validation samples; return empty scores if there are none."""
        items = cast("Dataset[Any]", self.objective.validation)
        loader = self._loader(items, self.objective.validation_batch)
        if not len(loader):
            return {}, None
        network = self.result.eval()
        outcomes = []
        with torch.no_grad(), self._autocast():
            for number, batch in enumerate(loader):
                outcomes.append(self.objective.evaluate(network, self._moved(batch)))
                if progress:
                    progress("validate", number + 1, len(loader))
        return self.objective.scores(outcomes)

    def state(self) -> dict[str, Any]:
        """Return the state that is needed to resume after an epoch."""
        return {
            "network": self.network.state_dict(),
            "traits": self.traits.state_dict() if self.traits else {},
            "optimizer": self.optimizer.state_dict(),
            "averaging": self.averaging.state(),
            "scaler": self._scaler.state_dict(),
            "samples_seen": self.samples_seen,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore a state that `state` returned."""
        self.network.load_state_dict(state["network"])
        if self.traits:
            self.traits.load_state_dict(state["traits"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.averaging.load_state(state["averaging"])
        self._scaler.load_state_dict(state["scaler"])
        self.samples_seen = state["samples_seen"]

    def _step(self, batch: Any, generator: torch.Generator, epoch: int) -> Outcome:
        self.optimizer.zero_grad(set_to_none=True)
        with self._autocast():
            loss, outcome = self.objective.learn(self.network, batch, generator)
        if not torch.isfinite(loss):
            raise Inference(
                f"the training diverged: the loss is {loss.item()} in epoch {epoch}; use a lower "
                f"learning rate than {self.settings.lr:g}"
            )
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._scaler.step(self.optimizer)
        self._scaler.update()
        self.averaging.after_step()
        return outcome

    def _make_optimizer(self) -> Optimizer:
        settings = self.settings
        groups = self._frozen.parameter_groups(lr=settings.lr)
        if self.traits:
            groups.append(
                {"params": list(self.traits.parameters()), "lr": settings.lr, "name": "traits"}
            )
        decay = settings.weight_decay
        if settings.optimizer == "sgd":
            return SGD(groups, lr=settings.lr, momentum=settings.momentum, weight_decay=decay)
        kind = Adam if settings.optimizer == "adam" else AdamW
        return kind(groups, lr=settings.lr, weight_decay=decay)

    def _loader(self, items: Dataset[Any], batch: int) -> DataLoader[Any]:
        return DataLoader(
            items,
            batch_size=batch,
            num_workers=self.settings.workers,
            pin_memory=self.device.type == "cuda",
            generator=torch.Generator(),  # so that the loader leaves the global one unchanged
        )

    def _images(self) -> Iterator[Tensor]:
        loader = self._loader(cast("Dataset[Any]", self.objective.training), self.settings.batch)
        for batch in islice(loader, _BATCH_NORM_BATCHES):
            yield batch[0].to(self.device)

    def _moved(self, batch: Sequence[Tensor]) -> list[Tensor]:
        return [tensor.to(self.device, non_blocking=True) for tensor in batch]

    def _autocast(self) -> torch.autocast:
        dtype = torch.float16 if self.device.type == "cuda" else torch.bfloat16
        return torch.autocast(self.device.type, dtype=dtype, enabled=self.settings.amp)


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InvalidArgument(f"device {name!r}: expected cpu, cuda, cuda:N or auto") from error
    if device.type not in ("cpu", "cuda"):
        raise InvalidArgument(f"device {name!r}: expected cpu, cuda, cuda:N or auto")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise DeviceUnavailable(
            f"device {name} is not available: PyTorch sees {torch.cuda.device_count()} CUDA "
            "devices; train on the CPU, or install a CUDA driver and a PyTorch for CUDA"
        )
    return device


def _cuda_devices(device: torch.device) -> list[torch.device]:
    return [device] if device.type == "cuda" else []


def _mixed(seed: int, epoch: int) -> int:
    """Return a seed for an epoch that is far from the seeds of neighbouring epochs."""
    return (seed * 1_000_003 + epoch * 7919) % 2**63


def _require_traits(samples: Sequence[Sample]) -> None:
    if not any(set(sample.traits) & set(TRAITS) for sample in samples):
        raise InvalidArgument(
            "trait_weight needs readers' ratings, but no training sample has any; only LIDC "
            "folders with XML files and reader-rated crops have them"
        )
