"""Where in a checkpoint the weights are: one dictionary, several, prefixes of wrappers."""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lungrt.errors import CheckpointMismatch, InvalidArgument
from lungrt.models import load_checkpoint, load_network
from lungrt.models.classifier import Classifier3d, ClassifierOptions
from lungrt.models.unet import SegmentationUNet, UNetOptions

Save = Callable[[object], Path]
Trained = Callable[[nn.Module], dict[str, Tensor]]

STATE = {"conv.weight": torch.arange(6.0).reshape(2, 3), "conv.bias": torch.tensor([1.0, 2.0])}
OTHER = {name: tensor + 1 for name, tensor in STATE.items()}
CROP = {"crop": [4, 8, 8]}


def assert_is(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    assert state.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(state[name], tensor), name


def adam_state() -> dict[str, Any]:
    layer = nn.Linear(2, 2)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    state: dict[str, Any] = optimizer.state_dict()
    return state


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"net": STATE, "acc": 0.9}, "net"),
        ({"checkpoint": {"generator": {"weights": STATE}}}, "checkpoint.generator.weights"),
        ({"ema": {"module": STATE, "decay": 0.99}}, "ema.module"),
        ([STATE, adam_state()], "0"),
        ((3, STATE), "1"),
        ({"whatever": STATE, "optimizer_states": [adam_state()]}, "whatever"),
        ({"net": STATE, "class_weights": torch.ones(3), "best": torch.tensor(0.9)}, "net"),
        ({"net": STATE, "history": {"loss": torch.arange(5.0)}}, "net"),
    ],
)
def test_the_one_dictionary_of_tensors_is_found(save: Save, content: object, key: str) -> None:
    checkpoint = load_checkpoint(save(content))
    assert_is(checkpoint.state, STATE)
    assert checkpoint.notes[0] == f"took the 2 tensors under the key '{key}'"
    assert "state_key" not in checkpoint.metadata


@pytest.mark.parametrize(
    ("content", "key", "others"),
    [
        ({"model": STATE, "model_ema": OTHER}, "model", "model_ema"),
        ({"ema": OTHER, "online": STATE}, "online", "ema"),
        ({"swa_model": OTHER, "state": STATE}, "state", "swa_model"),
        ({"state_dict": OTHER, "model_state": STATE}, "model_state", "state_dict"),
        ({"a": OTHER, "net": STATE}, "net", "a"),
        ({"model": {"teacher": OTHER, "student": STATE}}, "model.student", "model.teacher"),
    ],
)
def test_of_several_one_is_taken_and_said(
    save: Save, content: object, key: str, others: str
) -> None:
    path = save(content)
    checkpoint = load_checkpoint(path)
    assert_is(checkpoint.state, STATE)
    assert f"under the key '{key}'; it also holds weights under {others}" in checkpoint.notes[0]
    assert "--state-key" in checkpoint.notes[0]
    assert checkpoint.metadata["state_key"] == key
    assert_is(load_checkpoint(path, state_key=others).state, OTHER)
    assert load_checkpoint(path, state_key=others).metadata["state_key"] == others


@pytest.mark.parametrize(
    "content",
    [
        {"generator": STATE, "discriminator": OTHER},
        {"ema": STATE, "swa": OTHER},
        {"fold_1": {"model": STATE}, "fold_2": {"model": OTHER}},
    ],
)
def test_there_is_no_guess_between_equals(save: Save, content: dict[str, Any]) -> None:
    path = save(content)
    with pytest.raises(CheckpointMismatch, match=r"several sets of weights.*--state-key") as caught:
        load_checkpoint(path)
    first, second = content
    assert first in str(caught.value)
    assert f"{second}" in str(caught.value)
    assert_is(load_checkpoint(path, state_key=second).state, OTHER)


def test_one_dictionary_under_two_keys_is_one(save: Save) -> None:
    checkpoint = load_checkpoint(save({"first": STATE, "second": STATE}))
    assert checkpoint.notes[0].endswith("under the key 'first'")


def test_state_key_that_is_not_there(save: Save) -> None:
    path = save({"model": STATE, "model_ema": OTHER})
    with pytest.raises(InvalidArgument, match=r"(?s)key 'ema'; expected.*model: 2 .*model_ema: 2"):
        load_checkpoint(path, state_key="ema")


def test_optimizers_are_no_weights(save: Save) -> None:
    with pytest.raises(CheckpointMismatch, match="holds no tensors"):
        load_checkpoint(save({"optimizer": adam_state(), "list": [torch.ones(2, 2)]}))


@pytest.fixture
def classifier(trained: Trained) -> tuple[Classifier3d, dict[str, Tensor]]:
    module = Classifier3d(ClassifierOptions(widths=(2, 4), crop=(4, 8, 8)))
    return module, trained(module)


@pytest.mark.parametrize(
    "prefix", ["model.", "net.", "module.model.", "_orig_mod.", "a.b.c.", "model._orig_mod."]
)
def test_any_prefix_of_a_known_network_is_stripped(
    save: Save, classifier: tuple[Classifier3d, dict[str, Tensor]], prefix: str
) -> None:
    module, state = classifier
    path = save({"state_dict": {prefix + name: tensor for name, tensor in state.items()}})
    checkpoint = load_checkpoint(path)
    assert_is(checkpoint.state, state)
    network = load_network("nodule", checkpoint, options=CROP)
    x = torch.randn(2, 1, 4, 8, 8)
    assert torch.equal(network.module(x)[1], module(x)[1])
    assert any("removed from" in note for note in network.notes)


@pytest.mark.parametrize(
    ("prefix", "wrapped"),
    [
        ("model.", True),
        ("model.", False),
        ("unet.", True),
        ("module.net.", True),
        ("module.net.", False),
    ],
)
def test_any_prefix_of_a_unet_is_stripped(
    save: Save, trained: Trained, prefix: str, wrapped: bool
) -> None:
    module = SegmentationUNet(UNetOptions(widths=(4, 8)))
    state = trained(module)
    inner = state if wrapped else {n.removeprefix("unet."): t for n, t in state.items()}
    network = load_network("segmentation", save({prefix + n: t for n, t in inner.items()}))
    assert_is(dict(network.module.state_dict()), state)


def test_compiled_part_of_a_network(save: Save, trained: Trained) -> None:
    module = SegmentationUNet(UNetOptions(widths=(4, 8)))
    state = trained(module)
    path = save({name.replace("unet.", "unet._orig_mod."): t for name, t in state.items()})
    assert_is(dict(load_network("segmentation", path).module.state_dict()), state)


def test_averaged_model(save: Save, classifier: tuple[Classifier3d, dict[str, Tensor]]) -> None:
    module, state = classifier
    averaged = torch.optim.swa_utils.AveragedModel(module)
    averaged.update_parameters(module)
    checkpoint = load_checkpoint(save(averaged.state_dict()))
    assert_is(checkpoint.state, state)
    assert "left out, because outside of 'module.': n_averaged" in checkpoint.notes


def test_loss_and_metrics_beside_the_network_are_left_out(
    save: Save, classifier: tuple[Classifier3d, dict[str, Tensor]]
) -> None:
    _, state = classifier
    content: dict[str, Tensor] = {f"model.{name}": tensor for name, tensor in state.items()}
    content["loss.weight"] = torch.ones(2, 2)
    checkpoint = load_checkpoint(save({"state_dict": content}))
    assert_is(checkpoint.state, state)
    assert any("outside of 'model.': loss.weight" in note for note in checkpoint.notes)


def test_counters_beside_the_layers_are_left_out(
    save: Save, classifier: tuple[Classifier3d, dict[str, Tensor]]
) -> None:
    _, state = classifier
    path = save({**state, "epoch": torch.tensor(3), "decay": torch.tensor(0.99)})
    network = load_network("nodule", path, options=CROP)
    assert_is(dict(network.module.state_dict()), state)
    assert any("epoch, decay" in note for note in network.notes)


def test_network_and_its_average_in_one_dictionary(
    save: Save, classifier: tuple[Classifier3d, dict[str, Tensor]]
) -> None:
    _, state = classifier
    content = {f"model.{name}": tensor for name, tensor in state.items()}
    content |= {f"model_ema.module.{name}": tensor + 1 for name, tensor in state.items()}
    path = save({"state_dict": content})
    checkpoint = load_checkpoint(path)
    assert_is(checkpoint.state, state)
    assert "weights under state_dict.model_ema.module" in checkpoint.notes[0]
    averaged = load_checkpoint(path, state_key="state_dict.model_ema").state
    assert_is(averaged, {name: tensor + 1 for name, tensor in state.items()})


def test_two_networks_in_one_dictionary(
    save: Save, classifier: tuple[Classifier3d, dict[str, Tensor]], trained: Trained
) -> None:
    _, state = classifier
    unet = trained(SegmentationUNet(UNetOptions(widths=(4, 8))))
    path = save(
        {f"find.{n}": t for n, t in unet.items()} | {f"rate.{n}": t for n, t in state.items()}
    )
    with pytest.raises(CheckpointMismatch, match=r"(?s)several sets.*find: .*rate: "):
        load_checkpoint(path)
    assert_is(load_checkpoint(path, state_key="rate").state, state)
    assert_is(load_checkpoint(path, state_key="find").state, unet)


def test_prefix_of_an_own_architecture(save: Save) -> None:
    layer = nn.Conv2d(3, 1, 1)
    options = {
        "in_channels": 3,
        "out_channels": 1,
        "kernel_size": 1,
        "contract": {"context_slices": 1, "output_kind": "logits", "scale": 0.001},
    }
    content = {f"model.{name}": tensor for name, tensor in layer.state_dict().items()}
    path = save({"state_dict": {**content, "loss.weight": torch.ones(2)}})
    network = load_network("segmentation", path, arch="torch.nn:Conv2d", options=options)
    assert_is(dict(network.module.state_dict()), dict(layer.state_dict()))
    assert "left out, because outside of 'model.': loss.weight" in network.notes


def test_prefix_that_belongs_to_an_own_architecture_stays(save: Save) -> None:
    content = collections.OrderedDict({"model.conv.weight": torch.ones(2, 2)})
    assert list(load_checkpoint(save(content)).state) == ["model.conv.weight"]


def test_key_map_leaves_tensors_out(save: Save) -> None:
    others = {name: torch.ones(2) for name in ("loss.weight", "loss.pos", "x")}
    path = save({**STATE, **others})
    checkpoint = load_checkpoint(path, key_map={"loss.": None, "x": None})
    assert_is(checkpoint.state, STATE)
    assert "2 rules of the key map applied" in checkpoint.notes
    with pytest.raises(InvalidArgument, match=r"every tensor of .* would be left out"):
        load_checkpoint(path, key_map={"loss.": None, "x": None, "conv.": None})


def test_precision_that_changes_is_said(save: Save) -> None:
    notes = load_checkpoint(save({n: t.half() for n, t in STATE.items()})).notes
    assert "weights of type torch.float16 become float32" in notes
