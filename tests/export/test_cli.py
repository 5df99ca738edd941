"""The commands export and verify."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from typer.testing import CliRunner

from lungrt.cli.app import app
from lungrt.export.manifest import read_manifest

Checkpoint = Callable[..., Path]

CROP = json.dumps({"crop": [8, 12, 16]})


def _run(*arguments: object) -> Any:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def _export(output: Path, *arguments: object) -> Any:
    return _run("export", "--output", output, "--formats", "torchscript", *arguments)


@pytest.fixture
def nodule(checkpoint: Checkpoint) -> Path:
    return checkpoint("nodule")


class TestExport:
    def test_two_stages(self, checkpoint: Checkpoint, nodule: Path, tmp_path: Path) -> None:
        output, rows = tmp_path / "bundle", tmp_path / "rows.json"
        seg = checkpoint("segmentation")
        arguments = ("--segmentation", seg, "--nodule", nodule, "--nodule-options", CROP)
        result = _export(output, *arguments, "--json", rows)
        assert result.exit_code == 0, result.stderr
        assert "max abs" in result.stdout
        assert f"written to {output}" in result.stdout
        assert "nodule/model.ts" in result.stdout
        assert list(read_manifest(output).stages) == ["segmentation", "nodule"]
        compared = json.loads(rows.read_text())
        assert {row["stage"] for row in compared} == {"segmentation", "nodule"}
        assert all(row["comparison"]["max_absolute"] <= 2.5e-4 for row in compared)
        assert not any(row["failed"] for row in compared)

    def test_an_ensemble_with_options_for_each(
        self, checkpoint: Checkpoint, tmp_path: Path
    ) -> None:
        options = tmp_path / "options.json"
        options.write_text(CROP)
        wide = {"crop": [8, 12, 16], "activation": "leaky_relu"}
        result = _export(
            tmp_path / "bundle",
            *("--malignancy", checkpoint("malignancy"), "--malignancy-options", options),
            *("--malignancy", checkpoint("malignancy", seed=1)),
            *("--malignancy-options", json.dumps(wide)),
        )
        assert result.exit_code == 0, result.stderr
        networks = read_manifest(tmp_path / "bundle").stages["malignancy"].networks
        activations = [network.options["activation"] for network in networks]
        assert activations == ["relu", "leaky_relu"]

    def test_another_architecture(self, tmp_path: Path) -> None:
        path = tmp_path / "own.state"
        torch.save(torch.nn.Conv2d(3, 1, 1).eval().state_dict(), path)
        options = {
            "in_channels": 3,
            "out_channels": 1,
            "kernel_size": 1,
            "contract": {"context_slices": 1, "output_kind": "logits", "scale": 0.001},
        }
        result = _export(
            tmp_path / "bundle",
            *("--segmentation", path, "--segmentation-arch", "torch.nn:Conv2d"),
            *("--segmentation-options", json.dumps(options)),
        )
        assert result.exit_code == 0, result.stderr
        stage = read_manifest(tmp_path / "bundle").stages["segmentation"]
        assert stage.output.kind == "logits"
        assert stage.networks[0].architecture == "torch.nn:Conv2d"

    def test_formats_that_nobody_named(self, nodule: Path, tmp_path: Path) -> None:
        own = tmp_path / "own.state"
        torch.save(torch.nn.Conv2d(1, 1, 1).eval().state_dict(), own)
        options = {
            "in_channels": 1,
            "out_channels": 1,
            "kernel_size": 1,
            "contract": {"context_slices": 0, "output_kind": "logits", "scale": 0.001},
        }
        given = (
            *("--nodule", nodule, "--nodule-options", CROP, "--output", tmp_path / "bundle"),
            *("--segmentation", own, "--segmentation-arch", "torch.nn:Conv2d"),
            *("--segmentation-options", json.dumps(options)),
        )
        result = _run("export", *given)
        assert result.exit_code == 0, result.stderr
        assert (
            f"{own} as segmentation: cannot be written as safetensors: this format stores only"
            in result.stdout
        )
        stages = read_manifest(tmp_path / "bundle").stages
        assert list(stages["segmentation"].networks[0].artifacts) == ["torchscript", "onnx"]
        assert list(stages["nodule"].networks[0].artifacts) == [
            "torchscript",
            "onnx",
            "safetensors",
        ]

        result = _run("export", *given, "--force", "--formats", "torchscript, safetensors")
        assert result.exit_code == 2
        assert "cannot be written as safetensors" in result.stderr
        assert "leave this format out" in result.stderr

    @pytest.mark.parametrize("by_stage", [False, True])
    def test_renamed_tensors(self, nodule: Path, tmp_path: Path, by_stage: bool) -> None:
        state = torch.load(nodule, weights_only=True)["model_state"]
        renamed = {name.replace("head_linear.", "head."): value for name, value in state.items()}
        torch.save(renamed, tmp_path / "renamed.state")
        names: dict[str, Any] = {"head.": "head_linear."}
        (tmp_path / "names.json").write_text(json.dumps({"nodule": names} if by_stage else names))
        result = _export(
            tmp_path / "bundle",
            *("--nodule", tmp_path / "renamed.state", "--nodule-options", CROP),
            *("--key-map", tmp_path / "names.json"),
        )
        assert result.exit_code == 0, result.stderr

    def test_tensors_left_out_by_the_key_map(self, nodule: Path, tmp_path: Path) -> None:
        state = torch.load(nodule, weights_only=True)["model_state"]
        torch.save({**state, "loss.weight": torch.ones(2)}, tmp_path / "more.state")
        arguments = ("--nodule", tmp_path / "more.state", "--nodule-options", CROP)
        result = _export(tmp_path / "bundle", *arguments)
        assert result.exit_code == 2
        assert "loss.weight" in result.stderr
        (tmp_path / "names.json").write_text('{"loss.": null}')
        result = _export(tmp_path / "bundle", *arguments, "--key-map", tmp_path / "names.json")
        assert result.exit_code == 0, result.stderr
        assert "1 rule of the key map applied" in result.stdout

    def test_weights_and_their_average(self, nodule: Path, tmp_path: Path) -> None:
        state = torch.load(nodule, weights_only=True)["model_state"]
        doubled = {name: tensor * 2 for name, tensor in state.items()}
        torch.save({"model": state, "model_ema": doubled}, tmp_path / "both.pt")
        arguments = ("--nodule", tmp_path / "both.pt", "--nodule-options", CROP)
        result = _export(tmp_path / "bundle", *arguments)
        assert result.exit_code == 0, result.stderr
        assert f"nodule: {tmp_path / 'both.pt'}\n" in result.stdout
        assert "under the key 'model'; it also holds weights under model_ema" in result.stdout
        found = []
        for key in ("model_ema", "nodule=model_ema", "nodule=model"):
            output = tmp_path / key
            given = (*arguments, "--state-key", key, "--formats", "safetensors")
            result = _run("export", "--output", output, *given)
            assert result.exit_code == 0, result.stderr
            weights = safetensors.torch.load_file(output / "nodule" / "weights.safetensors")
            found.append(weights["head_linear.bias"])
            metadata = read_manifest(output).stages["nodule"].networks[0].checkpoint_metadata
            assert metadata["state_key"] == key.removeprefix("nodule=")
        assert torch.equal(found[0], doubled["head_linear.bias"])
        assert torch.equal(found[1], doubled["head_linear.bias"])
        assert torch.equal(found[2], state["head_linear.bias"])

    def test_state_keys_that_cannot_be_meant(self, nodule: Path, tmp_path: Path) -> None:
        arguments = ("--nodule", nodule, "--nodule-options", CROP)
        for keys, message in (
            (["segmentation=model"], r"expected KEY, or STAGE=KEY with one of"),
            (["model", "nodule=model"], "more than once for nodule"),
            (["absent"], "no weights under the key 'absent'"),
        ):
            given = [word for key in keys for word in ("--state-key", key)]
            result = _export(tmp_path / "bundle", *arguments, *given)
            assert result.exit_code == 2
            assert message in result.stderr.replace("\n", " ")

    def test_needs_force(self, nodule: Path, bundle: Path) -> None:
        arguments = ("--nodule", nodule, "--nodule-options", CROP)
        result = _export(bundle, *arguments)
        assert result.exit_code == 2
        assert result.stderr.endswith(
            "this bundle already exists; use --force (force=True) to replace it\n"
        )
        assert _export(bundle, *arguments, "--force").exit_code == 0
        assert list(read_manifest(bundle).stages) == ["nodule"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (
                ("--nodule-arch", "a:B"),
                "--nodule-arch and --nodule-options need a checkpoint; give one with --nodule",
            ),
            (("--malignancy-options", "{}"), "need a checkpoint; give one with --malignancy"),
            (("--nodule", "missing.state"), "missing.state: cannot read the checkpoint"),
            (("--nodule", "N", "--nodule-options", "{"), "options {: not valid JSON"),
            (("--nodule", "N", "--nodule-options", "no.json"), "no.json: cannot read the file"),
            (
                ("--nodule", "N", "--nodule", "N", "--nodule", "N", *["--nodule-arch", "a:B"] * 2),
                "--nodule-arch: given 2 times for 3 checkpoints",
            ),
            (
                ("--nodule", "N", "--formats", "pickle"),
                "formats ['pickle']: expected one or more of",
            ),
            (("--nodule", "N", "--json", "rows.txt"), "expected .json"),
        ],
    )
    def test_what_is_refused(
        self, nodule: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
    ) -> None:
        named = [nodule if argument == "N" else argument for argument in arguments]
        if "N" in arguments and "--nodule-options" not in arguments and "a:B" not in arguments:
            named += ["--nodule-options", CROP]
        result = _export(tmp_path / "bundle", *named)
        assert result.exit_code == 2
        assert message in result.stderr
        assert not (tmp_path / "bundle").exists()

    @pytest.mark.parametrize(
        ("names", "message"),
        [
            ({"a.": "b."}, 'must have one object of names for each stage to rename: {"segmen'),
            ({"malignancy": {"a.": "b."}}, "renames tensors of ['malignancy']"),
            ({"nodule": {"a": 1}}, "the new names of ['a'] in nodule must be strings"),
            ([], "expected a JSON object, found []"),
        ],
    )
    def test_key_maps_that_cannot_be(
        self, nodule: Path, tmp_path: Path, names: object, message: str
    ) -> None:
        (tmp_path / "names.json").write_text(json.dumps(names))
        result = _export(
            tmp_path / "bundle",
            *("--segmentation", nodule, "--nodule", nodule, "--key-map", tmp_path / "names.json"),
        )
        assert result.exit_code == 2
        assert message in result.stderr

    def test_without_torch(self, nodule: Path, tmp_path: Path) -> None:
        program = "import sys; sys.modules['torch'] = None; from lungrt.cli import main; main()"
        arguments = ["export", "--nodule", str(nodule), "--output", str(tmp_path / "bundle")]
        result = subprocess.run(
            [sys.executable, "-c", program, *arguments], capture_output=True, text=True
        )
        assert result.returncode == 2
        assert (
            "exporting needs torch, which is not installed; run pip install 'lungrt[tor"
            in result.stderr
        )


class TestVerify:
    def test_in_tolerance(self, bundle: Path, tmp_path: Path) -> None:
        result = _run("verify", bundle, "--json", tmp_path / "rows.json")
        assert result.exit_code == 0, result.stderr
        rows = json.loads((tmp_path / "rows.json").read_text())
        compared = [row for row in rows if not row["skipped"]]
        assert f"{bundle}: {len(compared)} comparisons, all in tolerance" in result.stdout
        assert {"torch", "onnxruntime", "weights"} <= {row["runtime"] for row in compared}

    def test_one_format(self, bundle: Path) -> None:
        result = _run("verify", bundle, "--formats", "onnx")
        assert "onnxruntime" in result.stdout
        assert "torch" not in result.stdout

    def test_out_of_tolerance(self, bundle: Path, tmp_path: Path) -> None:
        manifest = json.loads((bundle / "manifest.json").read_text())
        manifest["stages"]["nodule"]["tolerance"]["cpu"]["absolute"] = 0
        (bundle / "manifest.json").write_text(json.dumps(manifest))
        result = _run("verify", bundle, "--json", tmp_path / "rows.json")
        assert result.exit_code == 2
        assert "failed" in result.stdout
        assert "comparisons are out of tolerance on this machine" in result.stderr
        rows = json.loads((tmp_path / "rows.json").read_text())
        assert {row["stage"] for row in rows if row["failed"]} == {"nodule"}

    def test_damage(self, bundle: Path, tmp_path: Path) -> None:
        (bundle / "nodule" / "model.ts").unlink()
        result = _run("verify", bundle, "--json", tmp_path / "rows.json")
        assert result.exit_code == 2
        assert "nodule/model.ts is missing" in result.stderr
        assert not (tmp_path / "rows.json").exists()


def test_help_does_not_wait_for_torch() -> None:
    program = (
        "import sys; from lungrt.cli.app import app; import lungrt.export; "
        "sys.exit(', '.join({'torch', 'onnx', 'onnxruntime', 'numpy'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.stderr == "\n"
