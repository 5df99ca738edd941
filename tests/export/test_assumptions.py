"""Networks that are not what their contract says; each assumption is broken once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lungrt.errors import InvalidArgument
from lungrt.export.assumptions import check_assumptions
from lungrt.export.goldens import golden_inputs
from lungrt.export.manifest import InputEntry, OutputEntry, StageEntry, Tolerance
from lungrt.export.network import SingleOutput

TOLERANCE = {"cpu": Tolerance(1e-3, 5e-4)}
NODULE = ("non-nodule", "nodule")


def _segmentation(*, kind: str = "probability", multiple: int = 1, halo: int = 0) -> StageEntry:
    entry = InputEntry((-1000, 1000), 1, 0, context_slices=1, size_multiple=multiple, halo=halo)
    return StageEntry(entry, OutputEntry(kind), ("nodule",), 0.5, TOLERANCE, [])


def _nodule(classes: tuple[str, ...] = NODULE) -> StageEntry:
    entry = InputEntry((-1000, 1000), 1, 0, crop=(4, 5, 6))
    return StageEntry(entry, OutputEntry("probability"), classes, 0.5, TOLERANCE, [])


def _check(module: nn.Module, stage: StageEntry) -> None:
    check_assumptions(SingleOutput(module), stage, golden_inputs(stage.input), what="network")


class _Image(nn.Module):
    """Segments by a function of the middle slice."""

    def __init__(self, function: Callable[[Tensor], Tensor] = lambda p: p) -> None:
        super().__init__()
        self.function = function

    def forward(self, images: Tensor) -> Tensor:
        return self.function(torch.sigmoid(images[:, 1:2] / 300))


class _Crop(nn.Module):
    """Classifies by the mean of a crop."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, crops: Tensor) -> tuple[str, Tensor]:
        return "unused", self.function(torch.sigmoid(crops.mean(dim=(1, 2, 3, 4)) / 300))


def _pair(p: Tensor) -> Tensor:
    return torch.stack([1 - p, p], dim=1)


@pytest.mark.parametrize(
    ("module", "stage"),
    [
        (_Image(), _segmentation()),
        (_Image(lambda p: p[..., 2:-2, 2:-2]), _segmentation(halo=2, multiple=8)),
        (_Image(lambda p: 30 * p), _segmentation(kind="logits")),
        (_Crop(_pair), _nodule()),
    ],
)
def test_what_holds_passes(module: nn.Module, stage: StageEntry) -> None:
    _check(module.eval(), stage)


def _add_mean(p: Tensor) -> Tensor:
    return 0.5 * (p + p.mean(dim=0, keepdim=True))


def _with_nan(p: Tensor) -> Tensor:
    return torch.where(p > 0.9, torch.nan, p)


def _fail_when_wide(p: Tensor) -> Tensor:
    if p.shape[3] > 40:
        raise RuntimeError("too wide")
    return p


@pytest.mark.parametrize(
    ("module", "stage", "message"),
    [
        (_Image(_add_mean), _segmentation(), "with the other items of its batch"),
        (_Image(_with_nan), _segmentation(), r"\d+ of \d+ output values are NaN or infinite"),
        (_Image(lambda p: p / (p > 0.5)), _segmentation(), "output values are NaN or infinite"),
        (_Image(lambda p: 2 * p), _segmentation(), "if the network returns logits, set"),
        (_Image(lambda p: p - 0.5), _segmentation(), r"the output ranges from -0\.\d+ to"),
        (_Image(lambda p: p.double()), _segmentation(), "the output is float64, expected float32"),
        (
            _Image(lambda p: p[..., 1:-1, 1:-1]),
            _segmentation(),
            r"the output has shape \[1, 1, 46, 46\]",
        ),
        (_Image(), _segmentation(halo=1), r"the output has shape .*, expected \[1, 1, 48, 48\]"),
        (_Image(_fail_when_wide), _segmentation(), r"failed \(RuntimeError: too wide\)"),
        (_Image(lambda p: p.repeat(1, 2, 1, 1)), _segmentation(), r"expected \[1, 1, 48, 48\]"),
        (_Image(lambda p: "text"), _segmentation(), r"failed \("),  # type: ignore[arg-type, return-value]
        (
            _Image(lambda p: p * torch.rand(1)),
            _segmentation(),
            "two runs of the same input differ by",
        ),
        (
            nn.Sequential(_Image(), nn.Dropout(0.5)),
            _segmentation(),
            r"not in evaluation mode: the network, network, network\.0",
        ),
        (
            nn.Sequential(nn.Conv2d(3, 1, 1), nn.Sigmoid()).double().eval(),
            _segmentation(),
            r"not float32: network\.0\.weight torch\.float64",
        ),
        (
            nn.Sequential(nn.Conv2d(3, 1, 1), nn.Sigmoid()).to("meta").eval(),
            _segmentation(),
            r"not on the CPU: network\.0\.weight meta",
        ),
        (_Crop(_pair), _nodule(("non-nodule", "benign", "malignant")), r"expected \[1, 3\]"),
        (
            _Crop(lambda p: torch.stack([p, p], 1)),
            _nodule(),
            "probabilities of the 2 classes add up to",
        ),
        (_Crop(lambda p: p), _nodule(), r"the output has shape \[1\], expected \[1, 2\]"),
    ],
)
def test_what_does_not_hold_is_told(module: nn.Module, stage: StageEntry, message: str) -> None:
    if message.startswith("not in eval"):
        module.train()
    else:
        module.eval()
    with pytest.raises(InvalidArgument, match=message):
        _check(module, stage)


def test_everything_is_told_at_once() -> None:
    module = nn.Sequential(nn.Conv2d(3, 1, 1), nn.Tanh()).double().train()
    with pytest.raises(InvalidArgument) as caught:
        _check(module, _segmentation())
    first, *lines = str(caught.value).splitlines()
    assert first == "network: cannot be exported because the network violates its contract:"
    assert lines[0].startswith("  not in evaluation mode")
    assert lines[1].startswith("  not float32")
    sizes = [list(x.shape) for x in golden_inputs(_segmentation().input)]
    assert [line.partition(": ")[0] for line in lines[2:]] == [f"  input {s}" for s in sizes]


def test_a_module_that_cannot_be_copied() -> None:
    module = _Image()
    module.lock = threading.Lock()  # type: ignore[assignment]
    with pytest.raises(
        InvalidArgument, match="network: cannot be exported because the module cannot be copied"
    ):
        _check(module.eval(), _segmentation())


def test_the_module_is_not_changed() -> None:
    norm = nn.BatchNorm2d(3)
    module = nn.Sequential(norm, nn.Conv2d(3, 1, 1), nn.Sigmoid()).train()
    with pytest.raises(InvalidArgument, match="evaluation mode"):
        _check(module, _segmentation())
    assert norm.running_mean is not None
    np.testing.assert_array_equal(norm.running_mean.numpy(), np.zeros(3))
