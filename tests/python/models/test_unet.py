"""The U-Net family: what is read from tensors, and what the networks compute."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lungrt.errors import CheckpointMismatch, InvalidArgument
from lungrt.models import load_checkpoint, load_network
from lungrt.models.unet import SegmentationUNet, UNetOptions

Save = Callable[[object], Path]
Trained = Callable[[nn.Module], dict[str, Tensor]]

MEMBERS: dict[str, dict[str, Any]] = {
    "book": {},
    "uneven widths": {"widths": (6, 9, 5)},
    "one level": {"widths": (5,)},
    "two levels": {"widths": (4, 8)},
    "four levels": {"widths": (4, 8, 4, 6)},
    "no context": {"in_channels": 1},
    "context 1": {"in_channels": 3},
    "context 4": {"in_channels": 9},
    "upsample": {"up_mode": "upsample"},
    "no batch norm": {"batch_norm": False},
    "no input batch norm": {"input_batch_norm": False},
    "no batch norm at all": {"batch_norm": False, "input_batch_norm": False},
    "two classes": {"out_channels": 2},
    "three classes": {"out_channels": 3},
    "max pooling": {"pooling": "max"},
    "leaky": {"activation": "leaky_relu"},
    "epsilon": {"batch_norm_eps": 1e-2},
    "no padding": {"padding": False},
    "no padding, two levels": {"padding": False, "widths": (4, 8)},
    "no padding, four levels": {"padding": False, "widths": (3, 4, 5, 6)},
    "no padding, five levels": {"padding": False, "widths": (2, 3, 2, 3, 2)},
    "no padding, upsample, uneven": {"padding": False, "up_mode": "upsample", "widths": (5, 3, 4)},
}
# What the caller must state because no tensor tells it.
STATED = ("padding", "pooling", "activation", "batch_norm_eps")


def hu_like(options: UNetOptions, *, rows: int = 1, columns: int = 2) -> Tensor:
    """Return clamped noise of a size, in multiples, that the network takes."""
    generator = torch.Generator().manual_seed(3)
    multiple, border = options.size_multiple, 2 * options.halo
    shape = (2, options.in_channels, multiple * rows + border, multiple * columns + border)
    return (torch.randn(shape, generator=generator) * 800 - 300).clamp(-1000, 1000)


def written_out(state: dict[str, Tensor], options: UNetOptions, x: Tensor) -> Tensor:
    """Compute the network's logits from its tensors alone, as the family's public code does."""

    def norm(name: str, x: Tensor) -> Tensor:
        return F.batch_norm(
            x,
            state[f"{name}.running_mean"],
            state[f"{name}.running_var"],
            state[f"{name}.weight"],
            state[f"{name}.bias"],
            training=False,
            eps=options.batch_norm_eps,
        )

    def conv(name: str, x: Tensor, padding: int = 0) -> Tensor:
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=padding)

    def block(name: str, x: Tensor) -> Tensor:
        step = 3 if options.batch_norm else 2
        for first in (0, step):
            x = conv(f"{name}.{first}", x, padding=1 if options.padding else 0)
            x = F.leaky_relu(x) if options.activation == "leaky_relu" else F.relu(x)
            if options.batch_norm:
                x = norm(f"{name}.{first + 2}", x)
        return x

    if options.input_batch_norm:
        x = norm("input_batchnorm", x)
    levels = len(options.widths)
    skips = []
    for level in range(levels):
        x = block(f"unet.down_path.{level}.block", x)
        if level < levels - 1:
            skips.append(x)
            x = F.max_pool2d(x, 2) if options.pooling == "max" else F.avg_pool2d(x, 2)
    for index in range(levels - 1):
        name = f"unet.up_path.{index}"
        if options.up_mode == "upconv":
            up = F.conv_transpose2d(x, state[f"{name}.up.weight"], state[f"{name}.up.bias"], 2)
        else:
            up = conv(f"{name}.up.1", F.interpolate(x, scale_factor=2, mode="bilinear"))
        skip = skips.pop()
        top = (skip.shape[2] - up.shape[2]) // 2
        left = (skip.shape[3] - up.shape[3]) // 2
        skip = skip[:, :, top : top + up.shape[2], left : left + up.shape[3]]
        x = block(f"{name}.conv_block.block", torch.cat([up, skip], 1))
    return conv("unet.last", x)


def probability(logits: Tensor) -> Tensor:
    if logits.shape[1] == 1:
        return torch.sigmoid(logits)
    return torch.softmax(logits, 1)[:, 1:].sum(1, keepdim=True)


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_survives_its_checkpoint(save: Save, trained: Trained, member: str) -> None:
    options = UNetOptions(**MEMBERS[member])
    module = SegmentationUNet(options)
    state = trained(module)
    stated = {name: getattr(options, name) for name in STATED}

    network = load_network("segmentation", save({"model_state": state}), options=stated)

    assert network.options == json.loads(json.dumps(network.options))
    assert UNetOptions(**network.options) == options
    assert set(network.options) - set(STATED) - set(network.inferred) <= (
        {"up_mode"} if len(options.widths) == 1 else set()
    )
    assert network.architecture == "unet"
    assert (network.output_kind, network.classes) == ("probability", ("nodule",))
    contract = network.input
    assert contract.context_slices == options.in_channels // 2
    assert contract.crop is None
    x = hu_like(options)
    with torch.no_grad():
        expected = module(x)
        found = network.module(x)
    assert torch.equal(found, expected)
    assert list(found.shape) == [2, 1, *(size - 2 * contract.halo for size in x.shape[2:])]


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_computes_what_the_family_defines(trained: Trained, member: str) -> None:
    options = UNetOptions(**MEMBERS[member])
    module = SegmentationUNet(options)
    state = trained(module)
    x = hu_like(options)
    with torch.no_grad():
        logits, found = written_out(state, options, x), module(x)
    border = (logits.shape[2] - found.shape[2]) // 2
    assert border == (2 if not options.padding and len(options.widths) > 3 else 0)
    if border:
        logits = logits[:, :, border:-border, border:-border]
    assert torch.equal(found, probability(logits))
    assert found.std() > 1e-2, "a constant output would prove nothing"


@pytest.mark.parametrize(
    ("levels", "halo"),
    [(1, 2), (2, 8), (3, 20), (4, 46), (5, 94)],
)
def test_halo_without_padding(levels: int, halo: int) -> None:
    options = UNetOptions(padding=False, widths=(2,) * levels)
    assert options.halo == halo
    assert options.size_multiple == 2 ** (levels - 1)
    assert UNetOptions(widths=(2,) * levels).halo == 0


def test_unpadded_output_is_that_of_the_middle() -> None:
    """A larger view of the same scene gives the same pixels: the halo is where it should be."""
    options = UNetOptions(padding=False, widths=(3, 4, 3, 4), in_channels=1)
    torch.manual_seed(0)
    module = SegmentationUNet(options).eval()
    scene = hu_like(options, rows=4, columns=4)
    step = options.size_multiple
    with torch.no_grad():
        whole = module(scene)
        part = module(scene[:, :, step:, step:])
    torch.testing.assert_close(whole[:, :, step:, step:], part, rtol=0, atol=1e-6)


def test_real_checkpoint(segmentation_checkpoint: Path) -> None:
    network = load_network("segmentation", segmentation_checkpoint)
    assert network.options == {
        "in_channels": 7,
        "out_channels": 1,
        "widths": [16, 32, 64],
        "up_mode": "upconv",
        "batch_norm": True,
        "input_batch_norm": True,
        "padding": True,
        "pooling": "average",
        "activation": "relu",
        "batch_norm_eps": 1e-5,
    }
    assert network.inferred == (
        "in_channels",
        "out_channels",
        "widths",
        "up_mode",
        "batch_norm",
        "input_batch_norm",
    )
    assert network.input.context_slices == 3
    assert (network.input.size_multiple, network.input.halo) == (4, 0)
    assert network.input.hu_window == (-1000.0, 1000.0)
    module = network.module
    assert sum(tensor.numel() for tensor in module.state_dict().values()) == 118_936
    assert not module.training
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in module.parameters())
    x = hu_like(UNetOptions(), rows=10, columns=12)
    with torch.no_grad():
        expected = probability(written_out(network.checkpoint.state, UNetOptions(), x))
        assert torch.equal(module(x), expected)


@pytest.mark.parametrize("input_batch_norm", [True, False])
def test_network_saved_without_its_wrapper(
    save: Save, trained: Trained, input_batch_norm: bool
) -> None:
    options = UNetOptions(widths=(4, 8), input_batch_norm=input_batch_norm)
    module = SegmentationUNet(options)
    state = {name.removeprefix("unet."): tensor for name, tensor in trained(module).items()}
    network = load_network("segmentation", save(state))
    assert UNetOptions(**network.options) == options
    x = hu_like(options)
    assert torch.equal(network.module(x), module(x))


def test_renamed_keys_with_a_mapping(save: Save, trained: Trained) -> None:
    module = SegmentationUNet(UNetOptions(widths=(4, 8)))
    state = {n.replace("unet.down_path", "encoder"): t for n, t in trained(module).items()}
    path = save({"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}})
    checkpoint = load_checkpoint(path, key_map={"encoder.": "unet.down_path."})
    x = hu_like(module.options)
    assert torch.equal(load_network("segmentation", checkpoint).module(x), module(x))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_float32(save: Save, trained: Trained, dtype: torch.dtype) -> None:
    module = SegmentationUNet(UNetOptions(widths=(4, 8)))
    trained(module)
    network = load_network("segmentation", save(module.to(dtype).state_dict()))
    assert torch.equal(
        network.module(hu_like(module.options)), module.float()(hu_like(module.options))
    )


def test_checkpoint_from_before_batches_were_counted(save: Save, trained: Trained) -> None:
    module = SegmentationUNet(UNetOptions(widths=(4,)))
    state = {n: t for n, t in trained(module).items() if not n.endswith("num_batches_tracked")}
    network = load_network("segmentation", save(state))
    x = hu_like(module.options)
    assert torch.equal(network.module(x), module(x))


def test_input_scaling_is_recorded(save: Save, trained: Trained) -> None:
    path = save(trained(SegmentationUNet(UNetOptions(widths=(4,)))))
    given = {"hu_window": [-1200, 600], "scale": 1 / 1800, "offset": 2 / 3}
    network = load_network("segmentation", path, options=given)
    assert network.input.hu_window == (-1200.0, 600.0)
    assert (network.input.scale, network.input.offset) == (1 / 1800, 2 / 3)
    assert "scale" not in network.options


@pytest.mark.parametrize("padding", [True, False])
@pytest.mark.parametrize("odd", ["rows", "columns"])
def test_size_that_would_shrink_is_refused(padding: bool, odd: str) -> None:
    options = UNetOptions(padding=padding, widths=(2, 2, 2))
    x = hu_like(options, rows=2, columns=2)
    x = x[:, :, :-1] if odd == "rows" else x[:, :, :, :-1]
    with pytest.raises(InvalidArgument, match="multiples of 4"):
        SegmentationUNet(options)(x)


@pytest.mark.parametrize("shape", [(1, 6, 8, 8), (7, 8, 8), (1, 7, 0, 8)])
def test_input_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidArgument, match="U-Net input"):
        SegmentationUNet(UNetOptions(widths=(2, 2)))(torch.zeros(shape))


@pytest.mark.parametrize("padding", [True, False])
def test_traces_and_exports_without_warnings(padding: bool) -> None:
    options = UNetOptions(padding=padding, widths=(2, 3, 2))
    module = SegmentationUNet(options).eval().requires_grad_(False)
    small, large = hu_like(options, rows=4, columns=4), hu_like(options, rows=5, columns=7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*torch.jit.*", category=DeprecationWarning)
        traced = torch.jit.trace(module, small)  # type: ignore[no-untyped-call]
    assert torch.equal(traced(large), module(large))
    dims = {
        0: torch.export.Dim.DYNAMIC,
        2: torch.export.Dim.DYNAMIC,
        3: torch.export.Dim.DYNAMIC,
    }
    exported = torch.export.export(module, (small,), dynamic_shapes=(dims,))
    torch.testing.assert_close(exported.module()(large), module(large))


def damaged(state: dict[str, Tensor]) -> dict[str, Tensor]:
    state = dict(state)
    del state["unet.down_path.1.block.3.bias"]
    del state["unet.last.weight"]
    state["unet.up_path.0.up.bias"] = torch.zeros(9)
    state["unet.last.bias"] = torch.zeros(1, dtype=torch.int64)
    state["aux.head"] = torch.zeros(3, 2)
    return state


def test_mismatch_lists_everything_at_once(save: Save, trained: Trained) -> None:
    state = trained(SegmentationUNet(UNetOptions(widths=(4, 8))))
    with pytest.raises(CheckpointMismatch) as caught:
        load_network("segmentation", save(damaged(state)))
    text = str(caught.value)
    assert "network.state as segmentation: does not fit a U-Net with levels of 4/8 channels" in text
    assert (
        "missing (2):\n    unet.down_path.1.block.3.bias [8]\n    unet.last.weight [1, 4, 1, 1]"
        in text
    )
    assert "unexpected (1):\n    aux.head [3, 2]" in text
    assert "unet.up_path.0.up.bias: found [9], expected [4]" in text
    assert "unet.last.bias: found [1] int64, expected [1]" in text
    assert "wrong shape or type (2)" in text


def test_missing_level_is_listed(save: Save, trained: Trained) -> None:
    state = trained(SegmentationUNet(UNetOptions(widths=(4, 8, 6))))
    rest = {name: t for name, t in state.items() if not name.startswith("unet.down_path.1.")}
    with pytest.raises(CheckpointMismatch) as caught:
        load_network("segmentation", save(rest))
    missing = [name for name in state if name not in rest and "tracked" not in name]
    assert len(missing) == 12
    assert all(f"\n    {name} [" in str(caught.value) for name in missing)
    assert "wrong shape or type" not in str(caught.value)


def test_absurd_level_number_is_not_believed(save: Save, trained: Trained) -> None:
    state = trained(SegmentationUNet(UNetOptions(widths=(4, 8))))
    state["unet.down_path.9999.block.0.weight"] = torch.zeros(1, 1, 3, 3)
    with pytest.raises(CheckpointMismatch, match=r"unexpected \(1\):\s+unet.down_path.9999"):
        load_network("segmentation", save(state))


def test_stated_option_that_contradicts_the_tensors(save: Save, trained: Trained) -> None:
    path = save(trained(SegmentationUNet(UNetOptions(widths=(4, 8)))))
    with pytest.raises(
        CheckpointMismatch, match=r"levels of 4/16 channels(.|\n)*wrong shape or type"
    ):
        load_network("segmentation", path, options={"widths": [4, 16]})


def test_even_number_of_channels(save: Save, trained: Trained) -> None:
    path = save(trained(SegmentationUNet(UNetOptions(widths=(4,), in_channels=6))))
    with pytest.raises(CheckpointMismatch, match="6 input channels; expected an odd number"):
        load_network("segmentation", path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"paddding": True, "crop": 3}, r"unknown options \['crop', 'paddding'\]; the options are"),
        ({"padding": 1}, "padding: expected true or false"),
        ({"pooling": "median"}, r"pooling: expected one of \['average', 'max'\], got 'median'"),
        ({"activation": "gelu"}, "activation: expected one of"),
        ({"up_mode": "nearest"}, "up_mode: expected one of"),
        ({"widths": []}, "widths: expected a list of whole numbers"),
        ({"widths": [4, 0]}, "widths: expected a whole number of at least 1, got 0"),
        ({"batch_norm_eps": 0}, "batch_norm_eps: expected a number above zero"),
        ({"batch_norm_eps": "small"}, "batch_norm_eps: expected a finite number"),
        ({"hu_window": [0]}, "hu_window: expected"),
        ({"hu_window": [600, -1200]}, "hu_window: expected lowest < highest"),
        ({"scale": 0}, "scale: expected a number other than 0"),
        ({"offset": "x"}, "offset: expected a finite number"),
        ({"padding": {1, 2}}, "options must be JSON values"),
    ],
)
def test_impossible_option(
    save: Save, trained: Trained, options: dict[str, Any], message: str
) -> None:
    path = save(trained(SegmentationUNet(UNetOptions(widths=(4,)))))
    with pytest.raises(InvalidArgument, match=message):
        load_network("segmentation", path, options=options)


@pytest.mark.parametrize(
    "options",
    [
        UNetOptions(widths=(7, 9, 4), convolution_widths=(5, 7, 8, 9, 3, 4, 2, 6, 10, 11, 12, 13)),
        UNetOptions(widths=(3,), convolution_widths=(2, 3)),
        UNetOptions(
            widths=(3, 6),
            convolution_widths=(7, 3, 5, 6, 8, 4, 9),
            up_mode="upsample",
            batch_norm=False,
            padding=False,
        ),
    ],
)
def test_pruned_network_is_built_from_its_tensors(
    save: Save, trained: Trained, options: UNetOptions
) -> None:
    module = SegmentationUNet(options)
    given = {} if options.padding else {"padding": False}
    network = load_network("segmentation", save(trained(module)), options=given)
    assert UNetOptions(**network.options) == options
    assert set(network.inferred) >= {"widths", "convolution_widths"}
    x = hu_like(options)
    assert torch.equal(network.module(x), module(x))


def test_equal_widths_are_not_described_as_pruned(save: Save, trained: Trained) -> None:
    plain = UNetOptions(widths=(4, 8))
    assert UNetOptions(widths=(4, 8), convolution_widths=(4, 4, 8, 8, 4, 4, 4)) == plain
    network = load_network("segmentation", save(trained(SegmentationUNet(plain))))
    assert "convolution_widths" not in network.options


@pytest.mark.parametrize(
    "widths", [(4, 4, 8, 8, 4, 4), (4, 5, 8, 8, 4, 4, 4), (4, 4, 8, 8, 0, 4, 4)]
)
def test_widths_of_convolutions_that_cannot_be(widths: tuple[int, ...]) -> None:
    with pytest.raises(InvalidArgument, match="convolution_widths"):
        UNetOptions(widths=(4, 8), convolution_widths=widths)


def test_pruned_network_with_a_wrong_tensor_is_compared_with_equal_widths(
    save: Save, trained: Trained
) -> None:
    state = trained(SegmentationUNet(UNetOptions(widths=(4, 8))))
    state["unet.up_path.0.conv_block.block.0.weight"] = torch.ones(5, 8, 3, 3)
    with pytest.raises(CheckpointMismatch, match=r"block\.0\.weight: found \[5, 8, 3, 3\]"):
        load_network("segmentation", save(state))
