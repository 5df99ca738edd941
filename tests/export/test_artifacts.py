"""What lies in TorchScript and ONNX files."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from torch import nn

from lungrt.export.manifest import FileEntry, read_manifest
from lungrt.export.network import channels_last

JIT: Any = torch.jit  # has no types


@pytest.fixture
def artifact(bundle: Path) -> Callable[[str, str], tuple[Path, FileEntry]]:
    """Return a function that finds an artifact of a stage, of a format."""

    def find(stage: str, format_: str) -> tuple[Path, FileEntry]:
        entry = read_manifest(bundle).stages[stage].networks[0].artifacts[format_]
        return bundle / entry.file, entry

    return find


Find = Callable[[str, str], tuple[Path, FileEntry]]


class TestTorchScript:
    def test_convolutions_are_channels_last(self, artifact: Find) -> None:
        path, _ = artifact("segmentation", "torchscript")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            program = JIT.load(path)
        weights = [
            node.t("value")
            for node in program.graph.nodes()
            if node.kind() == "prim::Constant" and node.output().type().kind() == "TensorType"
        ]
        convolutions = [w for w in weights if w.ndim == 4 and min(w.shape[1:]) > 1]
        assert convolutions
        for weight in convolutions:
            assert weight.is_contiguous(memory_format=torch.channels_last)

    def test_has_no_debug_records(self, artifact: Find) -> None:
        with zipfile.ZipFile(artifact("segmentation", "torchscript")[0]) as archive:
            names = archive.namelist()
        assert any(name.endswith(".py") for name in names)
        assert not any("debug" in name for name in names)

    def test_the_debug_records_would_have_told_paths(self) -> None:
        file = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            JIT.save(JIT.trace(nn.Sigmoid(), torch.zeros(2)), file)
        with zipfile.ZipFile(file) as archive:
            (debug,) = (name for name in archive.namelist() if name.endswith(".debug_pkl"))
            assert str(Path(torch.__file__).parent).encode() in archive.read(debug)


class TestOnnx:
    @pytest.mark.parametrize(
        ("stage", "image", "result"),
        [
            ("segmentation", ["batch", 7, "height", "width"], ["batch", 1, "height", "width"]),
            ("nodule", ["batch", 1, 8, 12, 16], ["batch", 2]),
        ],
    )
    def test_axes_are_those_of_the_manifest(
        self, artifact: Find, stage: str, image: list[object], result: list[object]
    ) -> None:
        model = onnx.load(artifact(stage, "onnx")[0])
        values = (*model.graph.input, *model.graph.output)
        assert [value.name for value in values] == ["input", "output"]
        shapes = [
            [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
            for value in values
        ]
        assert shapes == [image, result]

    def test_opset_is_what_the_manifest_says(self, artifact: Find) -> None:
        path, entry = artifact("nodule", "onnx")
        versions = {imported.domain: imported.version for imported in onnx.load(path).opset_import}
        assert versions == {"": 18}
        assert entry.made_with is not None
        assert entry.made_with.endswith("opset 18")

    def test_is_one_valid_file_and_not_folded(self, artifact: Find) -> None:
        path, _ = artifact("segmentation", "onnx")
        model = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(model, full_check=True)
        assert not any(tensor.external_data for tensor in model.graph.initializer)
        assert "BatchNormalization" in [node.op_type for node in model.graph.node]

    def test_says_nothing_about_its_sources(self, artifact: Find) -> None:
        model = onnx.load(artifact("segmentation", "onnx")[0])
        assert not any(node.metadata_props or node.doc_string for node in model.graph.node)


def test_channels_last_takes_convolutions_of_any_rank() -> None:
    module = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Conv3d(2, 3, 3), nn.Linear(2, 3))
    weights = channels_last(module).state_dict()
    assert weights["0.weight"].is_contiguous(memory_format=torch.channels_last)
    assert weights["1.weight"].is_contiguous(memory_format=torch.channels_last_3d)
    assert weights["2.weight"].is_contiguous()
    assert module.state_dict()["0.weight"].is_contiguous()
