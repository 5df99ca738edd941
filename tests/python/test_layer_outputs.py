"""Outputs of the native engine's layers, and arguments that are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import lungrt
from lungrt.errors import BadBundle, InvalidArgument

CROP = (4, 6, 8)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export an ensemble of two U-Nets and a classifier, weights alone."""
    torch = pytest.importorskip("torch")
    from lungrt.export import export_bundle
    from lungrt.models import load_network
    from lungrt.models.classifier import Classifier3d, ClassifierOptions
    from lungrt.models.unet import SegmentationUNet, UNetOptions

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("layers")
    modules = {
        "first": SegmentationUNet(UNetOptions(in_channels=3, widths=(2, 4))),
        "second": SegmentationUNet(UNetOptions(in_channels=3, widths=(2, 4))),
        "crops": Classifier3d(ClassifierOptions(widths=(3,), crop=CROP)),
    }
    for name, module in modules.items():
        torch.save(module.state_dict(), folder / f"{name}.pt")
    unets = [load_network("segmentation", folder / f"{name}.pt") for name in ("first", "second")]
    crops = load_network("nodule", folder / "crops.pt", options={"crop": list(CROP)})
    stages = {"segmentation": unets, "nodule": [crops]}
    export_bundle(stages, folder / "bundle", formats=("safetensors",))
    return folder / "bundle"


def noise(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(0, 500, shape).astype(np.float32)


def test_layers_of_a_slice(bundle: Path) -> None:
    layers = lungrt.layer_outputs(bundle, "segmentation", noise(3, 10, 14))
    assert {name: values.shape for name, values in layers.items()} == {
        "input_batchnorm": (3, 10, 14),
        "unet.down_path.0.block.2": (2, 10, 14),
        "unet.down_path.0.block.5": (2, 10, 14),
        "unet.down_path.1.block.2": (4, 5, 7),
        "unet.down_path.1.block.5": (4, 5, 7),
        "unet.up_path.0.up": (2, 10, 14),
        "unet.up_path.0.conv_block.block.2": (2, 10, 14),
        "unet.up_path.0.conv_block.block.5": (2, 10, 14),
    }
    assert all(values.dtype == np.float32 for values in layers.values())


def test_layers_of_a_crop(bundle: Path) -> None:
    crop = noise(*CROP)
    direct = lungrt.layer_outputs(bundle, "nodule", crop, engine_options={"kernels": "direct"})
    assert {name: values.shape for name, values in direct.items()} == {
        "tail_batchnorm": (1, *CROP),
        "block1.conv1": (3, *CROP),
        "block1.conv2": (3, *CROP),
        "block1": (3, 2, 3, 4),
    }
    # The pooling of few channels goes together with Winograd's second convolution.
    winograd = lungrt.layer_outputs(bundle, "nodule", crop)
    assert set(direct) - set(winograd) == {"block1.conv2"}
    np.testing.assert_allclose(winograd["block1"], direct["block1"], rtol=1e-4, atol=1e-2)


def test_members_of_an_ensemble(bundle: Path) -> None:
    values = noise(3, 8, 8)
    first = lungrt.layer_outputs(bundle, "segmentation", values)
    again = lungrt.layer_outputs(str(bundle), "segmentation", values, member=0)
    second = lungrt.layer_outputs(bundle, "segmentation", values, member=1)
    for name, layer in first.items():
        np.testing.assert_array_equal(layer, again[name])
    assert (first["unet.down_path.0.block.2"] != second["unet.down_path.0.block.2"]).any()
    with pytest.raises(InvalidArgument, match="no member 2"):
        lungrt.layer_outputs(bundle, "segmentation", values, member=2)


def test_any_strides(bundle: Path) -> None:
    values = noise(8, 10, 3)
    turned = values.transpose(2, 0, 1)
    expected = lungrt.layer_outputs(bundle, "segmentation", np.ascontiguousarray(turned))
    for name, layer in lungrt.layer_outputs(bundle, "segmentation", turned).items():
        np.testing.assert_array_equal(layer, expected[name])


@pytest.mark.parametrize("dtype", [np.float64, np.int16, np.float16])
def test_other_types_are_refused(bundle: Path, dtype: type) -> None:
    with pytest.raises(
        InvalidArgument, match="expected a float32 array as input of the network, got"
    ):
        lungrt.layer_outputs(bundle, "nodule", np.zeros(CROP, dtype))


def test_an_empty_slice_is_refused(bundle: Path) -> None:
    with pytest.raises(InvalidArgument, match="an axis of the network's input has 0 values"):
        lungrt.layer_outputs(bundle, "segmentation", noise(3, 0, 8))


def test_a_stage_that_the_bundle_does_not_have(bundle: Path) -> None:
    with pytest.raises(BadBundle, match="has no stage malignancy"):
        lungrt.layer_outputs(bundle, "malignancy", noise(*CROP))


def test_a_bundle_without_weights_alone(tiny_bundle: Path) -> None:
    with pytest.raises(BadBundle, match="engine native needs the artifact 'safetensors'"):
        lungrt.layer_outputs(tiny_bundle, "nodule", noise(8, 8, 8))


def test_damaged_weights(bundle: Path, tmp_path: Path) -> None:
    import shutil

    damaged = tmp_path / "bundle"
    shutil.copytree(bundle, damaged)
    file = damaged / "nodule" / "weights.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(BadBundle, match=r"weights\.safetensors.*SHA-256"):
        lungrt.layer_outputs(damaged, "nodule", noise(*CROP))
    with pytest.raises(BadBundle, match=r"weights\.safetensors.*SHA-256"):
        lungrt.Pipeline(damaged, profile="book")
