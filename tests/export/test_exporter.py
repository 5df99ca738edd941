"""Networks to bundles: what is written, and what is refused."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lungrt.errors import EngineUnavailable, Inference, InvalidArgument
from lungrt.export import export_bundle, verify_bundle
from lungrt.export.files import write_file
from lungrt.export.goldens import read_goldens
from lungrt.export.manifest import read_manifest
from lungrt.export.network import SingleOutput, run_eager
from lungrt.export.parity import Run
from lungrt.models import InputContract, LoadedNetwork, load_network

Network = Callable[..., LoadedNetwork]

FORMATS = ("torchscript", "onnx")
ONE = ("torchscript",)

JIT: Any = torch.jit  # has no types


def _content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestContent:
    def test_manifest(self, bundle: Path) -> None:
        manifest = json.loads((bundle / "manifest.json").read_text())
        assert manifest["format_version"] == 1
        assert list(manifest["stages"]) == ["segmentation", "nodule"]
        nodule = manifest["stages"]["nodule"]
        assert nodule["input"] == {
            "name": "input",
            "dtype": "float32",
            "shape": ["batch", 1, 8, 12, 16],
            "hu_window": [-1000.0, 1000.0],
            "scale": 1.0,
            "offset": 0.0,
            "crop": [8, 12, 16],
            "spacing_mm": None,
        }
        assert nodule["output"] == {
            "name": "output",
            "kind": "probability",
            "shape": ["batch", 2],
        }
        limits = {"absolute": 0.001, "decision_band": 0.0005}
        assert nodule["tolerance"] == {"cpu": limits, "cuda": limits}
        (network,) = nodule["networks"]
        assert network["architecture"] == "classifier3d"
        assert network["options"]["widths"] == [2, 4]
        assert "widths" in network["inferred"]
        assert network["checkpoint"]["metadata"] == {"epoch": 0}
        version = torch.__version__.partition("+")[0]
        made_with = {name: file["made_with"] for name, file in network["artifacts"].items()}
        assert made_with == {
            "torchscript": f"torch {version}",
            "onnx": f"torch {version}, opset 18",
            "safetensors": f"lungrt {metadata.version('lungrt')}",
        }

    def test_no_other_files(self, bundle: Path) -> None:
        files = [file.file for file in read_manifest(bundle).files]
        assert sorted(_content(bundle)) == sorted([*files, "manifest.json"])  # one entry for each

    def test_any_subset_of_stages(self, network: Network, tmp_path: Path) -> None:
        export_bundle({"malignancy": [network("malignancy")]}, tmp_path / "b", formats=ONE)
        manifest = read_manifest(tmp_path / "b")
        assert list(manifest.stages) == ["malignancy"]
        assert manifest.stages["malignancy"].classes == ("benign", "malignant")
        assert list(manifest.stages["malignancy"].networks[0].artifacts) == ["torchscript"]

    def test_ensemble(
        self, network: Network, tmp_path: Path, open_artifact: Callable[..., Run]
    ) -> None:
        networks = [network("nodule", seed=seed, widths=(2, 3 + seed)) for seed in (0, 1)]
        result = export_bundle({"nodule": networks}, tmp_path / "b", formats=ONE)
        assert {row.member for row in result.rows} == {0, 1}
        for member, loaded in enumerate(networks):
            folder = tmp_path / "b" / "nodule" / f"member-{member}"
            assert _names(folder) == ["golden.safetensors", "model.ts"]
            (golden, *_) = read_goldens(folder / "golden.safetensors")
            eager = run_eager(SingleOutput(loaded.module), golden.input)
            np.testing.assert_array_equal(golden.output, eager)
            actual = open_artifact(tmp_path / "b", "nodule", "torchscript", member)(golden.input)
            np.testing.assert_allclose(actual, eager, atol=1e-4)

    def test_three_classes_as_logits(self, custom: Network, tmp_path: Path) -> None:
        torch.manual_seed(1)
        loaded = custom(
            _Histogram(classes=3).eval(),
            InputContract(crop=(6, 7, 8), hu_window=(-1000, 400), scale=0.001, offset=0.5),
            output_kind="logits",
            classes=("non-nodule", "benign", "malignant"),
        )
        export_bundle({"nodule": [loaded]}, tmp_path / "b", formats=FORMATS)
        entry = read_manifest(tmp_path / "b").stages["nodule"]
        assert (entry.output.kind, len(entry.classes)) == ("logits", 3)
        (golden, *_) = read_goldens(tmp_path / "b" / "nodule" / "golden.safetensors")
        assert golden.input.min() >= -0.5
        assert golden.input.max() <= 0.9
        assert golden.output.shape == (1, 3)
        assert not any(row.failed for row in verify_bundle(tmp_path / "b"))

    def test_output_smaller_than_input(
        self, network: Network, tmp_path: Path, open_artifact: Callable[..., Run]
    ) -> None:
        loaded = network("segmentation", padding=False, in_channels=3)
        assert loaded.input.halo > 0
        export_bundle({"segmentation": [loaded]}, tmp_path / "b", formats=FORMATS)
        multiple, halo = loaded.input.size_multiple, loaded.input.halo
        sizes = [multiple * units + 2 * halo for units in (1, 23)]
        x = np.random.default_rng(0).uniform(-1000, 400, (3, 3, *sizes)).astype(np.float32)
        eager = run_eager(SingleOutput(loaded.module), x)
        for format_ in FORMATS:
            actual = open_artifact(tmp_path / "b", "segmentation", format_)(x)
            np.testing.assert_allclose(actual, eager, atol=1e-4)

    def test_progress_comes_to_its_end(self, network: Network, tmp_path: Path) -> None:
        seen: list[tuple[str, int, int]] = []
        export_bundle(
            {"nodule": [network("nodule")]},
            tmp_path / "b",
            formats=ONE,
            progress=lambda *step: seen.append(step),
        )
        assert seen == [("nodule", done, 4) for done in range(5)]

    def test_the_network_is_left_as_it_was(self, network: Network, tmp_path: Path) -> None:
        loaded = network("segmentation")
        before = {n: (t.clone(), t.stride()) for n, t in loaded.module.state_dict().items()}
        export_bundle({"segmentation": [loaded]}, tmp_path / "b", formats=ONE)
        for name, tensor in loaded.module.state_dict().items():
            assert torch.equal(tensor, before[name][0])
            assert tensor.stride() == before[name][1]


class _Histogram(nn.Module):
    """Classifies by the shares of dark and bright voxels: cheap, and different for each input."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        self.head = nn.Linear(2, classes)

    def forward(self, crops: Tensor) -> Tensor:
        shares = [(crops > 0.2).float().mean(dim=(1, 2, 3, 4)), crops.mean(dim=(1, 2, 3, 4))]
        logits: Tensor = self.head(torch.stack(shares, dim=1))
        return logits


class _BranchOnSize(nn.Module):
    """Does something else for high images, which a trace of a low one does not know."""

    def forward(self, images: Tensor) -> Tensor:
        p = torch.sigmoid(images[:, :1] / 500)
        return 1 - p if images.shape[2] > 64 else p


class TestReadBack:
    def test_the_manifest_is_the_one_that_was_read(self, network: Network, tmp_path: Path) -> None:
        result = export_bundle({"nodule": [network("nodule")]}, tmp_path / "b", formats=ONE)
        assert result.manifest == read_manifest(tmp_path / "b")

    def test_a_contract_that_the_runtime_refuses(self, custom: Network, tmp_path: Path) -> None:
        conv = nn.Sequential(nn.Conv2d(515, 1, 1), nn.Sigmoid()).requires_grad_(False).eval()
        conv[0].weight.fill_(1e-6)
        loaded = custom(conv, InputContract(context_slices=257))
        with pytest.raises(
            InvalidArgument,
            match=r"could not read it: .*context_slices is 257, expected .* from 0 to 256",
        ):
            export_bundle({"segmentation": [loaded]}, tmp_path / "b", formats=ONE)
        assert _names(tmp_path) == []

    def test_a_file_that_changed_on_the_way(
        self, network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def write_other(folder: Path, name: str, data: bytes, **rest: Any) -> Any:
            entry = write_file(folder, name, data, **rest)
            if name.endswith("golden.safetensors"):
                (folder / name).write_bytes(data[:-1])
            return entry

        monkeypatch.setattr("lungrt.export.exporter.write_file", write_other)
        with pytest.raises(
            InvalidArgument, match=r"(?s)1 of 2 files .*golden\.safetensors is damaged"
        ):
            export_bundle({"nodule": [network("nodule")]}, tmp_path / "b", formats=ONE)
        assert _names(tmp_path) == []


class TestOutOfTolerance:
    @pytest.fixture
    def untraceable(self, custom: Network) -> LoadedNetwork:
        return custom(_BranchOnSize().eval(), InputContract(context_slices=0))

    def test_is_refused_with_the_table(self, untraceable: LoadedNetwork, tmp_path: Path) -> None:
        with (
            pytest.warns(JIT.TracerWarning),
            pytest.raises(
                Inference, match="no bundle was written because artifacts differ"
            ) as caught,
        ):
            export_bundle({"segmentation": [untraceable]}, tmp_path / "b", formats=ONE)
        text = str(caught.value)
        assert "runtimes: torch (2." in text
        assert "max abs" in text
        assert "other 0 (3 x 1 x 96 x 80): probabilities differ from eager PyTorch by up to" in text
        assert _names(tmp_path) == []

    def test_leaves_the_old_bundle(
        self, untraceable: LoadedNetwork, bundle: Path, tmp_path: Path
    ) -> None:
        before = _content(bundle)
        with pytest.warns(JIT.TracerWarning), pytest.raises(Inference):
            export_bundle({"segmentation": [untraceable]}, bundle, formats=ONE, force=True)
        assert _content(bundle) == before
        assert _names(tmp_path) == ["bundle"]

    @pytest.mark.parametrize("format_", FORMATS)
    def test_a_network_that_cannot_be_written(
        self, custom: Network, tmp_path: Path, format_: str
    ) -> None:
        loaded = custom(_Uncapturable().eval(), InputContract(context_slices=0))
        with pytest.raises(
            Inference, match=r"(cannot trace the network|cannot be exported to ONNX) \("
        ):
            export_bundle({"segmentation": [loaded]}, tmp_path / "b", formats=[format_])
        assert _names(tmp_path) == []


class _Uncapturable(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        if torch.compiler.is_compiling() or JIT.is_tracing():
            raise RuntimeError("only numbers, please")
        return torch.sigmoid(images)


class TestReplacing:
    def test_needs_force(self, network: Network, bundle: Path, tmp_path: Path) -> None:
        before = _content(bundle)
        with pytest.raises(InvalidArgument, match="already exists; use --force"):
            export_bundle({"nodule": [network("nodule")]}, bundle, formats=ONE)
        assert _content(bundle) == before
        assert _names(tmp_path) == ["bundle"]

    def test_force(self, network: Network, bundle: Path, tmp_path: Path) -> None:
        export_bundle({"nodule": [network("nodule")]}, bundle, formats=ONE, force=True)
        assert list(read_manifest(bundle).stages) == ["nodule"]
        assert not any(row.failed for row in verify_bundle(bundle))
        assert _names(tmp_path) == ["bundle"]

    @pytest.mark.parametrize("force", [False, True])
    @pytest.mark.parametrize("content", [{}, {"notes.txt": "mine"}, {"manifest.json": "{}"}])
    def test_never_another_folder(
        self, network: Network, tmp_path: Path, content: dict[str, str], force: bool
    ) -> None:
        folder = tmp_path / "thesis"
        folder.mkdir()
        for name, text in content.items():
            (folder / name).write_text(text)
        with pytest.raises(
            InvalidArgument, match="exists but is not a lungrt bundle; refusing to overwrite it"
        ):
            export_bundle({"nodule": [network("nodule")]}, folder, formats=ONE, force=force)
        assert _content(folder) == {name: text.encode() for name, text in content.items()}
        assert _names(tmp_path) == ["thesis"]

    def test_never_a_file(self, network: Network, tmp_path: Path) -> None:
        (tmp_path / "b").write_text("mine")
        with pytest.raises(
            InvalidArgument, match="exists but is not a lungrt bundle; refusing to overwrite it"
        ):
            export_bundle({"nodule": [network("nodule")]}, tmp_path / "b", formats=ONE, force=True)
        assert (tmp_path / "b").read_text() == "mine"

    def test_never_files_of_somebody_else(self, network: Network, bundle: Path) -> None:
        (bundle / "nodule" / "notes.txt").write_text("mine")
        with pytest.raises(
            InvalidArgument, match=r"would be deleted: nodule/notes\.txt; move them"
        ):
            export_bundle({"nodule": [network("nodule")]}, bundle, formats=ONE, force=True)
        assert (bundle / "nodule" / "notes.txt").read_text() == "mine"


class TestArguments:
    def test_no_stages(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidArgument, match=r"stages \[\]: expected one or more of"):
            export_bundle({}, tmp_path / "b")

    def test_a_stage_without_networks(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidArgument, match=r"stages \['nodule'\]: expected one or more of"):
            export_bundle({"nodule": []}, tmp_path / "b")

    def test_unknown_stage(self, network: Network, tmp_path: Path) -> None:
        with pytest.raises(InvalidArgument, match=r"stages \['nodules'\]"):
            export_bundle({"nodules": [network("nodule")]}, tmp_path / "b")

    @pytest.mark.parametrize("formats", [(), ("pickle",), ("onnx", "pickle")])
    def test_unknown_format(
        self, network: Network, tmp_path: Path, formats: tuple[str, ...]
    ) -> None:
        with pytest.raises(
            InvalidArgument, match=r"expected one or more of \['torchscript', 'onnx', 'safe"
        ):
            export_bundle({"nodule": [network("nodule")]}, tmp_path / "b", formats=formats)

    def test_a_package_that_is_missing(
        self, network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "onnxscript", None)
        with pytest.raises(EngineUnavailable, match="format onnx needs onnxscript, which is not"):
            export_bundle({"nodule": [network("nodule")]}, tmp_path / "b")
        assert _names(tmp_path) == []

    def test_two_opinions_about_malignancy(self, network: Network, tmp_path: Path) -> None:
        stages = {"nodule": [network("nodule", out_channels=3)], "malignancy": [network("nodule")]}
        with pytest.raises(InvalidArgument, match="already predicts malignancy"):
            export_bundle(stages, tmp_path / "b")

    @pytest.mark.parametrize(
        ("other", "what"),
        [
            ({"hu_window": [-600.0, 600.0]}, "input is"),
            ({"out_channels": 3}, "classes is"),
        ],
    )
    def test_an_ensemble_of_different_kinds(
        self, network: Network, tmp_path: Path, other: dict[str, Any], what: str
    ) -> None:
        odd_options = {k: v for k, v in other.items() if k == "hu_window"}
        shape_options = {k: v for k, v in other.items() if k != "hu_window"}
        odd = network("nodule", **shape_options)
        if odd_options:
            odd = load_network(
                "nodule", odd.checkpoint, options={"crop": [8, 12, 16], **odd_options}
            )
        with pytest.raises(InvalidArgument, match=f"{what} .* for network 0 and .* for network 1"):
            export_bundle({"nodule": [network("nodule"), odd]}, tmp_path / "b")

    def test_an_ensemble_of_logits_and_probabilities(self, custom: Network, tmp_path: Path) -> None:
        contract = InputContract(context_slices=0)
        kinds = [
            custom(nn.Sigmoid(), contract, output_kind=kind) for kind in ("probability", "logits")
        ]
        with pytest.raises(InvalidArgument, match="output_kind is probability for network 0"):
            export_bundle({"segmentation": kinds}, tmp_path / "b")

    def test_a_network_against_its_contract(self, custom: Network, tmp_path: Path) -> None:
        loaded = custom(nn.Identity().eval(), InputContract(context_slices=0))
        with pytest.raises(InvalidArgument, match=r"own\.state as segmentation: cannot be export"):
            export_bundle({"segmentation": [loaded]}, tmp_path / "b", formats=ONE)
        assert _names(tmp_path) == []


@pytest.mark.parametrize("format_", FORMATS)
def test_says_nothing_of_its_own(
    network: Network, tmp_path: Path, format_: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        export_bundle({"nodule": [network("nodule")]}, tmp_path / "b", formats=[format_])
    assert capfd.readouterr() == ("", "")
