"""Networks of a known family whose layers have other names: matched only where it is no guess."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from lungrt.errors import CheckpointMismatch
from lungrt.models import load_checkpoint, load_network
from lungrt.models.classifier import Classifier3d, ClassifierOptions
from lungrt.models.unet import SegmentationUNet, UNetOptions

Save = Callable[[object], Path]
Trained = Callable[[nn.Module], dict[str, Tensor]]

CROP = {"crop": [4, 8, 8]}


def possible(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return weights in which batch norms after a ReLU saw no negative means."""
    return {n: t.abs() if n.endswith("running_mean") else t for n, t in state.items()}


def renamed_unet(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a U-Net's tensors by names such as other code gives."""
    rules = [
        (r"^input_batchnorm", "norm0"),
        (r"^unet\.down_path\.(\d)\.block\.", r"encoder.\1.layers."),
        (r"^unet\.up_path\.(\d)\.conv_block\.block\.", r"decoder.\1.layers."),
        (r"^unet\.up_path\.(\d)\.up\.", r"rise.\1."),
        (r"^unet\.last\.", "head."),
    ]
    found = {}
    for name, tensor in state.items():
        new = name
        for pattern, replacement in rules:
            new = re.sub(pattern, replacement, new)
        found[new] = tensor
    return found


def renamed_classifier(state: dict[str, Tensor]) -> dict[str, Tensor]:
    names = [("tail_batchnorm", "bn"), ("block", "stage"), ("conv", "c"), ("head_linear", "fc")]
    found = {}
    for name, tensor in state.items():
        for old, new in names:
            name = name.replace(old, new)
        found[name] = tensor
    return found


@pytest.mark.parametrize(
    "options",
    [
        UNetOptions(widths=(4, 8)),
        UNetOptions(widths=(4,), batch_norm=False),
        UNetOptions(widths=(4, 4, 4), in_channels=3, up_mode="upsample"),
        UNetOptions(widths=(4, 8, 6), input_batch_norm=False, out_channels=3),
        UNetOptions(widths=(3, 5), batch_norm=False, input_batch_norm=False),
    ],
)
def test_unet(save: Save, trained: Trained, options: UNetOptions) -> None:
    module = SegmentationUNet(options)
    state = possible(trained(module))
    module.load_state_dict(state)
    network = load_network("segmentation", save({"model": renamed_unet(state), "epoch": 1}))
    assert UNetOptions(**network.options) == options
    x = torch.randn(1, options.in_channels, 16, 16)
    assert torch.equal(network.module(x), module(x))
    text = "\n".join(network.notes)
    assert "matched by order and shape" in text
    assert "encoder.0.layers.0 -> unet.down_path.0.block.0\n" in text
    assert text.endswith("head -> unet.last")


def test_classifier(save: Save, trained: Trained) -> None:
    module = Classifier3d(ClassifierOptions(widths=(2, 4), crop=(4, 8, 8)))
    state = trained(module)
    network = load_network("nodule", save(renamed_classifier(state)), options=CROP)
    x = torch.randn(2, 1, 4, 8, 8)
    assert torch.equal(network.module(x)[1], module(x)[1])
    assert "  fc -> head_linear" in "\n".join(network.notes)


def test_layers_of_each_kind_in_an_order_of_their_own(save: Save, trained: Trained) -> None:
    module = SegmentationUNet(UNetOptions(widths=(4, 8)))
    state = possible(trained(module))
    module.load_state_dict(state)
    norms = {n: t for n, t in renamed_unet(state).items() if re.search(r"\.[25]\.|norm0", n)}
    others = {n: t for n, t in renamed_unet(state).items() if n not in norms}
    network = load_network("segmentation", save({**others, **norms}))
    x = torch.randn(1, 7, 16, 16)
    assert torch.equal(network.module(x), module(x))


def test_some_layers_renamed(save: Save, trained: Trained) -> None:
    module = SegmentationUNet(UNetOptions(widths=(4, 8)))
    state = {n.replace("unet.last", "unet.final"): t for n, t in trained(module).items()}
    network = load_network("segmentation", save(state))
    x = torch.randn(1, 7, 16, 16)
    assert torch.equal(network.module(x), module(x))


def test_names_of_the_family_need_no_matching(save: Save, trained: Trained) -> None:
    state = trained(SegmentationUNet(UNetOptions(widths=(4, 8))))
    for names in (state, {n.removeprefix("unet."): t for n, t in state.items()}):
        network = load_network("segmentation", save(names))
        assert not any("order" in note for note in network.notes)


def swapped(state: dict[str, Tensor], first: str, second: str) -> dict[str, Tensor]:
    """Return tensors in which two layers have exchanged their places."""
    items = list(state.items())
    one = [n for n, (name, _) in enumerate(items) if name.startswith(first)]
    other = [n for n, (name, _) in enumerate(items) if name.startswith(second)]
    assert len(one) == len(other) > 0
    for a, b in zip(one, other, strict=True):
        items[a], items[b] = items[b], items[a]
    return dict(items)


def refuses(path: Path, stage: str = "segmentation", match: str = "no tensor is named") -> None:
    with pytest.raises(CheckpointMismatch, match=match):
        load_network(stage, path)


def test_numbers_against_the_order_are_refused(save: Save, trained: Trained) -> None:
    state = possible(trained(SegmentationUNet(UNetOptions(widths=(4, 4, 4)))))
    names = renamed_unet(state)
    refuses(save(swapped(names, "encoder.1.layers.0.", "encoder.1.layers.3.")))
    refuses(save(swapped(names, "decoder.0.layers.2.", "decoder.1.layers.2.")))


def test_the_order_of_the_alphabet_is_refused(save: Save, trained: Trained) -> None:
    names = renamed_unet(possible(trained(SegmentationUNet(UNetOptions(widths=(4, 8))))))
    refuses(save(dict(sorted(names.items()))))


def test_a_safetensors_file_has_no_order(tmp_path: Path, trained: Trained) -> None:
    path = tmp_path / "network.safetensors"
    state = renamed_classifier(
        trained(Classifier3d(ClassifierOptions(widths=(2, 4), crop=(4, 8, 8))))
    )
    safetensors.torch.save_file(state, path)
    assert not load_checkpoint(path).in_order
    refuses(path, "nodule", match="a safetensors file does not keep the order")


@pytest.mark.parametrize("what", ["one more layer", "one less", "other shape", "no bias"])
def test_another_graph_is_refused(save: Save, trained: Trained, what: str) -> None:
    names = renamed_unet(possible(trained(SegmentationUNet(UNetOptions(widths=(4, 8))))))
    if what == "one more layer":
        names |= {"gate.weight": torch.ones(4, 4, 1, 1), "gate.bias": torch.ones(4)}
    elif what == "one less":
        names = {n: t for n, t in names.items() if not n.startswith("rise")}
    elif what == "other shape":
        names["decoder.0.layers.0.weight"] = torch.ones(4, 12, 3, 3)
    else:
        del names["encoder.0.layers.0.bias"]
    refuses(save(names))


def test_another_family_is_refused(save: Save, trained: Trained) -> None:
    names = renamed_unet(possible(trained(SegmentationUNet(UNetOptions(widths=(4, 8))))))
    refuses(save(names), "nodule")


def test_normalisation_before_the_activation_is_refused(save: Save, trained: Trained) -> None:
    """A network with tensors of the same shapes that computes something else."""
    state = possible(trained(SegmentationUNet(UNetOptions(widths=(4, 8)))))
    state["unet.up_path.0.conv_block.block.2.running_mean"] = torch.tensor([0.1, -0.1, 0.2, 0])
    path = save(renamed_unet(state))
    refuses(path, match=r"block\.2 is negative.*normalises before.*'package.module:Class'")
    # What the user has named is no guess, and a leaky ReLU has negative means.
    rules = {"encoder.": "unet.down_path.", "decoder.": "unet.up_path.", "head.": "unet.last."}
    keys = {n: n.replace("layers", "block") for n in renamed_unet(state) if "layers" in n}
    for name, new in keys.items():
        for old, family in rules.items():
            new = new.replace(old, family)
        keys[name] = new.replace("up_path.0.block", "up_path.0.conv_block.block")
    keys |= {"rise.0.": "unet.up_path.0.up.", "head.": "unet.last.", "norm0.": "input_batchnorm."}
    named = load_network("segmentation", load_checkpoint(path, key_map=keys))
    assert torch.equal(named.module.state_dict()["unet.last.bias"], state["unet.last.bias"])
    load_network("segmentation", path, options={"activation": "leaky_relu"})
