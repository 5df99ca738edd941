"""The 3-D classifier family: what is read from tensors, and what the networks compute."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lungrt.errors import CheckpointMismatch, InvalidArgument
from lungrt.models import load_network
from lungrt.models.classifier import Classifier3d, ClassifierOptions

Save = Callable[[object], Path]
Trained = Callable[[nn.Module], dict[str, Tensor]]

MEMBERS: dict[str, dict[str, Any]] = {
    "book": {},
    "uneven widths": {"widths": (3, 5, 4, 7)},
    "three blocks": {"widths": (4, 6, 8)},
    "five blocks": {"widths": (2, 3, 4, 5, 6)},
    "no tail batch norm": {"tail_batch_norm": False},
    "three classes": {"out_channels": 3},
    "leaky": {"activation": "leaky_relu"},
    "epsilon": {"batch_norm_eps": 1e-2},
}
STATED = ("activation", "batch_norm_eps")


def crops(options: ClassifierOptions) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn((2, 1, *options.crop), generator=generator)
    return (noise * 800 - 300).clamp(-1000, 1000)


def written_out(state: dict[str, Tensor], options: ClassifierOptions, x: Tensor) -> Tensor:
    """Compute the logits from the tensors alone, as the book's code does."""
    if options.tail_batch_norm:
        x = F.batch_norm(
            x,
            state["tail_batchnorm.running_mean"],
            state["tail_batchnorm.running_var"],
            state["tail_batchnorm.weight"],
            state["tail_batchnorm.bias"],
            eps=options.batch_norm_eps,
        )
    for block in range(1, len(options.widths) + 1):
        for conv in ("conv1", "conv2"):
            name = f"block{block}.{conv}"
            x = F.conv3d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1)
            x = F.leaky_relu(x) if options.activation == "leaky_relu" else F.relu(x)
        x = F.max_pool3d(x, 2, 2)
    return F.linear(x.reshape(len(x), -1), state["head_linear.weight"], state["head_linear.bias"])


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_survives_its_checkpoint(save: Save, trained: Trained, member: str) -> None:
    options = ClassifierOptions(**MEMBERS[member])
    module = Classifier3d(options)
    state = trained(module)
    stated = {name: getattr(options, name) for name in STATED}

    network = load_network("nodule", save({"model_state": state}), options=stated)

    assert ClassifierOptions(**network.options) == options
    assert network.inferred == ("out_channels", "widths", "tail_batch_norm")
    assert network.architecture == "classifier3d"
    assert network.output_kind == "probability"
    assert network.input.crop == (32, 48, 48)
    assert network.input.context_slices is None
    x = crops(options)
    with torch.no_grad():
        logits, probabilities = network.module(x)
        expected = written_out(state, options, x)
    assert torch.equal(logits, expected)
    assert torch.equal(probabilities, torch.softmax(expected, 1))
    assert expected.std() > 1e-3, "a constant output would prove nothing"


def test_classes_by_stage_and_width(save: Save, trained: Trained) -> None:
    two = save(trained(Classifier3d(ClassifierOptions(widths=(2, 2, 2, 2)))))
    assert load_network("nodule", two).classes == ("non-nodule", "nodule")
    assert load_network("malignancy", two).classes == ("benign", "malignant")
    three = save(trained(Classifier3d(ClassifierOptions(widths=(2, 2, 2, 2), out_channels=3))))
    assert load_network("nodule", three).classes == ("non-nodule", "benign", "malignant")
    with pytest.raises(CheckpointMismatch, match=r"3 classes; expected 2 \(benign, malignant\)"):
        load_network("malignancy", three)


def test_real_checkpoint_judges_the_real_crop(nodule_checkpoint: Path, reference: Path) -> None:
    network = load_network("nodule", nodule_checkpoint)
    assert network.options["widths"] == [8, 16, 32, 64]
    assert not network.module.training
    assert all(not parameter.requires_grad for parameter in network.module.parameters())
    crop, label, _, _ = torch.load(reference / "ct" / "cls_val_example.pt", weights_only=True)
    logits, probabilities = network.module(crop[None])
    expected = written_out(network.checkpoint.state, ClassifierOptions(), crop[None])
    assert torch.equal(logits, expected)
    assert int(probabilities.argmax()) == int(label.argmax())
    assert float(probabilities.max()) > 0.999


def test_crop_that_tensors_do_not_tell(save: Save, trained: Trained) -> None:
    options = ClassifierOptions(widths=(2, 3, 2), crop=(24, 40, 40))
    path = save(trained(Classifier3d(options)))
    with pytest.raises(CheckpointMismatch) as caught:
        load_network("nodule", path)
    text = str(caught.value)
    assert "head_linear has 150 input features (2 channels of 75 voxels)" in text
    assert "the default crop [32, 48, 48] leaves 4 x 6 x 6 = 144 voxels" in text
    assert "each divided by 8 and rounded down, must be 75" in text
    assert "for example [24, 40, 40] or [600, 8, 8]" in text

    network = load_network("nodule", path, options={"crop": [24, 40, 40]})
    assert network.input.crop == (24, 40, 40)
    assert network.options["crop"] == [24, 40, 40]
    network.module(torch.zeros(1, 1, 24, 40, 40))

    with pytest.raises(CheckpointMismatch, match=r"the option crop \[32, 48, 48\] leaves"):
        load_network("nodule", path, options={"crop": [32, 48, 48]})


def test_crop_with_a_remainder(save: Save, trained: Trained) -> None:
    path = save(trained(Classifier3d(ClassifierOptions(widths=(2, 2), crop=(9, 10, 11)))))
    network = load_network("nodule", path, options={"crop": [9, 10, 11]})
    network.module(torch.zeros(1, 1, 9, 10, 11))


@pytest.mark.parametrize("shape", [(1, 1, 32, 48, 47), (1, 2, 32, 48, 48), (32, 48, 48)])
def test_input_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidArgument, match=r"expected \[N, 1, 32, 48, 48\]"):
        Classifier3d(ClassifierOptions(widths=(2, 2, 2, 2)))(torch.zeros(shape))


def test_traces_and_exports_without_warnings() -> None:
    options = ClassifierOptions(widths=(2, 3), crop=(4, 6, 6))
    module = Classifier3d(options).eval().requires_grad_(False)
    two, five = crops(options), torch.ones(5, 1, 4, 6, 6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*torch.jit.*", category=DeprecationWarning)
        traced = torch.jit.trace(module, two)  # type: ignore[no-untyped-call]
    torch.testing.assert_close(traced(five), module(five))
    exported = torch.export.export(module, (two,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
    torch.testing.assert_close(exported.module()(five), module(five))


def test_mismatch_lists_everything_at_once(save: Save, trained: Trained) -> None:
    state = trained(Classifier3d(ClassifierOptions(widths=(2, 2, 2, 2))))
    del state["block2.conv1.weight"]
    del state["head_linear.weight"]
    state["block3.conv2.bias"] = torch.zeros(5)
    state["head_softmax.weight"] = torch.zeros(1)
    with pytest.raises(CheckpointMismatch) as caught:
        load_network("nodule", save(state))
    text = str(caught.value)
    assert "does not fit a 3-D classifier with blocks of 2/2/2/2 channels" in text
    assert "missing (2):\n    block2.conv1.weight [2, 2, 3, 3, 3]\n    head_linear.weight" in text
    assert "unexpected (1):\n    head_softmax.weight [1]" in text
    assert "wrong shape or type (1):\n    block3.conv2.bias: found [5], expected [2]" in text


def test_missing_block_is_listed(save: Save, trained: Trained) -> None:
    state = trained(Classifier3d(ClassifierOptions(widths=(2, 4, 4, 4))))
    rest = {name: tensor for name, tensor in state.items() if not name.startswith("block2.")}
    with pytest.raises(CheckpointMismatch, match=r"missing \(4\):\s+block2.conv1.weight"):
        load_network("nodule", save(rest))


def test_other_number_of_classes(save: Save, trained: Trained) -> None:
    path = save(trained(Classifier3d(ClassifierOptions(widths=(2, 2, 2, 2), out_channels=5))))
    with pytest.raises(CheckpointMismatch, match=r"5 classes; expected 2 .* or 3 \(non-nodule"):
        load_network("nodule", path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 4}, r"classifier3d: unknown options \['depth'\]"),
        ({"crop": [32, 48]}, "crop: expected a list of 3 whole numbers"),
        ({"crop": "32x48x48"}, "crop: expected a list of 3 whole numbers"),
        ({"tail_batch_norm": "no"}, "tail_batch_norm: expected true or false"),
        ({"activation": "tanh"}, "activation: expected one of"),
        ({"batch_norm_eps": -1}, "batch_norm_eps: expected a number above zero"),
    ],
)
def test_impossible_option(
    save: Save, trained: Trained, options: dict[str, Any], message: str
) -> None:
    path = save(trained(Classifier3d(ClassifierOptions(widths=(2, 2, 2, 2)))))
    with pytest.raises(InvalidArgument, match=message):
        load_network("nodule", path, options=options)


def test_crop_of_which_nothing_is_left() -> None:
    with pytest.raises(InvalidArgument, match="at least 16 voxels along every axis"):
        ClassifierOptions(crop=(15, 48, 48))
