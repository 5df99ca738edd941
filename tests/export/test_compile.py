"""Compiling a bundle: everything but the compiler, which is replaced where it would take its time.

`tests/parity/test_aotinductor.py` compiles in earnest.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from typer.testing import CliRunner

from lungrt.cli.app import app
from lungrt.errors import BadBundle, EngineUnavailable, Inference, InvalidArgument
from lungrt.export import (
    Artifact,
    Runner,
    aotinductor,
    compile_bundle,
    export_bundle,
    python_runners,
    verify_bundle,
)
from lungrt.export.network import run_eager
from lungrt.export.parity import Run
from lungrt.models import InputContract, LoadedNetwork

Network = Callable[..., LoadedNetwork]
_Array = NDArray[np.float32]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep every test out of the user's own cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "lungrt" / "compiled"


class FakeCompiler:
    """Keeps modules instead of compiling them; what they give may be spoilt."""

    def __init__(self) -> None:
        self.examples: list[_Array] = []
        self.batches: list[int] = []
        self.error = 0.0
        self._modules: dict[bytes, nn.Module] = {}

    def to_package(self, module: nn.Module, example: _Array, path: Path) -> None:
        self.examples.append(example)
        code = f"code {len(self.examples)}".encode()
        self._modules[code] = module
        path.write_bytes(code)

    def open_package(self, path: Path, batch: int) -> Run:
        self.batches.append(batch)
        module = self._modules[path.read_bytes()]
        return lambda x: run_eager(module, x) + np.float32(self.error)


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> FakeCompiler:
    fake = FakeCompiler()
    monkeypatch.setattr(aotinductor, "to_package", fake.to_package)
    monkeypatch.setattr(aotinductor, "open_package", fake.open_package)
    return fake


def _files(cache: Path) -> list[str]:
    return sorted(str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file())


class TestWhatIsWritten:
    def test_a_folder_for_each_size(
        self, bundle: Path, cache: Path, compiler: FakeCompiler
    ) -> None:
        result = compile_bundle(bundle, sizes=[(41, 48), (48, 40), (42, 48)], batch=3)
        digest = hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
        folders = [
            "segmentation/member-0/42x48",  # 41 rows are padded to the U-Net's multiple of 2
            "segmentation/member-0/48x40",
            "nodule/member-0/8x12x16",
        ]
        assert result.folders == [cache / digest / folder for folder in folders]
        assert [example.shape for example in compiler.examples] == [
            (1, 7, 42, 48),
            (1, 7, 48, 40),
            (3, 1, 8, 12, 16),
        ]
        assert compiler.batches == [1, 1, 3]
        assert _files(cache) == sorted(
            f"{digest}/{folder}/{name}"
            for folder in folders
            for name in ("model.pt2", "model.json", "golden.safetensors")
        )
        assert {row.runtime for row in result.rows} == {"eager", "aotinductor"}
        assert not any(row.failed for row in result.rows)

    def test_the_record(self, bundle: Path, compiler: FakeCompiler) -> None:
        folder = compile_bundle(bundle, sizes=[(48, 48)]).folders[0]
        record = json.loads((folder / "model.json").read_text())
        manifest = json.loads((bundle / "manifest.json").read_text())
        network = manifest["stages"]["segmentation"]["networks"][0]
        assert record["runtime"] == f"torch {torch.__version__.partition('+')[0]}"
        assert len(record["cpu"]["digest"]) == 64
        assert record["cpu"]["capability"] == torch.backends.cpu.get_cpu_capability()
        assert record["checkpoint_sha256"] == network["checkpoint"]["sha256"]
        assert record["weights_sha256"] == network["artifacts"]["safetensors"]["sha256"]
        assert record["input"] == {
            "shape": [1, 7, 48, 48],
            "layout": "interleaved",
            "dtype": "float32",
        }
        assert record["output"]["shape"] == [1, 1, 48, 48]
        golden = (folder / "golden.safetensors").read_bytes()
        assert record["golden"]["sha256"] == hashlib.sha256(golden).hexdigest()
        code = (folder / "model.pt2").read_bytes()
        assert record["model"]["sha256"] == hashlib.sha256(code).hexdigest()
        assert record["model"]["bytes"] == len(code)

    def test_the_goldens_are_replayed(self, bundle: Path, compiler: FakeCompiler) -> None:
        folders = compile_bundle(bundle, sizes=[(48, 48), (40, 48)]).folders
        opened: list[Path] = []

        def open_compiled(artifact: Artifact) -> Run:
            opened.append(artifact.path)
            return python_runners()["weights"].open(
                replace(artifact, path=bundle / artifact.stage / "weights.safetensors")
            )

        runner = Runner("aotinductor", "1.0", open_compiled)
        rows = verify_bundle(bundle, runners={"compiled": runner})
        assert opened == [folders[0].parent, folders[-1].parent]
        assert not any(row.failed for row in rows)
        # One golden of the bundle has a compiled size; each size brought its own.
        assert [row.shape for row in rows if row.stage == "segmentation"] == [
            (1, 7, 48, 48),
            (1, 7, 40, 48),
            (1, 7, 48, 48),
        ]
        (folders[0] / "golden.safetensors").write_bytes(b"damaged")
        rows = verify_bundle(bundle, runners={"compiled": runner})
        assert [row.stage for row in rows if row.failed] == ["segmentation"]
        assert re.search(r"golden.safetensors is damaged.*compile it again", rows[0].problem)

    def test_nobody_else_may_write_it(self, bundle: Path, compiler: FakeCompiler) -> None:
        for folder in compile_bundle(bundle, sizes=[(48, 48)]).folders:
            for path in (folder, *folder.iterdir()):
                assert not stat.S_IMODE(path.stat().st_mode) & (stat.S_IWGRP | stat.S_IWOTH)

    def test_goldens_of_the_size_are_compared_too(
        self, bundle: Path, compiler: FakeCompiler
    ) -> None:
        def inputs(size: tuple[int, int]) -> list[str]:
            rows = compile_bundle(bundle, sizes=[size]).rows
            own = [row for row in rows if row.stage == "segmentation"]
            return [row.input for row in own if row.runtime == "aotinductor"]

        assert inputs((48, 48)) == ["golden 0", "other 0 of 48x48", "other 1 of 48x48"]
        assert inputs((56, 48)) == ["other 0 of 56x48", "other 1 of 56x48"]

    def test_progress(self, bundle: Path, compiler: FakeCompiler) -> None:
        calls: list[tuple[str, int, int]] = []
        compile_bundle(bundle, sizes=[(48, 48)], progress=lambda *call: calls.append(call))
        expected = [(stage, n, 3) for stage in ("segmentation", "nodule") for n in range(4)]
        assert calls == expected

    def test_an_ensemble_with_a_halo(
        self, network: Network, tmp_path: Path, cache: Path, compiler: FakeCompiler
    ) -> None:
        unpadded = {"padding": False, "up_mode": "upsample"}
        members = [network("segmentation", seed=seed, **unpadded) for seed in (0, 1)]
        halo = members[0].input.halo
        assert halo > 0
        formats = ("torchscript", "safetensors")
        export_bundle({"segmentation": members}, tmp_path / "halo", formats=formats)
        result = compile_bundle(tmp_path / "halo", sizes=[(40, 44)])
        places = [folder.relative_to(folder.parents[2]).as_posix() for folder in result.folders]
        assert places == ["segmentation/member-0/40x44", "segmentation/member-1/40x44"]
        assert compiler.examples[0].shape == (1, 7, 40 + 2 * halo, 44 + 2 * halo)
        record = json.loads((result.folders[0] / "model.json").read_text())
        assert record["output"]["shape"] == [1, 1, 40, 44]


class TestWhatIsRefused:
    @pytest.mark.parametrize("size", [(0, 512), (512, -1), (5000, 512)])
    def test_sizes(self, bundle: Path, size: tuple[int, int]) -> None:
        with pytest.raises(InvalidArgument, match="expected 1 to 4096 rows"):
            compile_bundle(bundle, sizes=[size])

    @pytest.mark.parametrize("batch", [0, 5000])
    def test_batches(self, bundle: Path, batch: int) -> None:
        with pytest.raises(InvalidArgument, match="expected 1 to 1024 crops"):
            compile_bundle(bundle, batch=batch)

    def test_no_compiler(
        self, bundle: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("CXX", raising=False)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(EngineUnavailable, match=r"'g\+\+' is not on the PATH; install g\+\+"):
            compile_bundle(bundle)
        assert _files(cache) == []

    @pytest.mark.parametrize("name", ["no-such-compiler -O2", ""])
    def test_a_compiler_that_is_not_there(
        self, bundle: Path, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CXX", name)
        with pytest.raises(EngineUnavailable, match=f"'{name}' is not on the PATH"):
            compile_bundle(bundle)

    def test_an_architecture_of_ones_own(
        self, custom: Network, tmp_path: Path, compiler: FakeCompiler
    ) -> None:
        own = custom(
            nn.Sequential(nn.Conv2d(3, 1, 1), nn.Sigmoid()).eval(), InputContract(context_slices=1)
        )
        export_bundle({"segmentation": [own]}, tmp_path / "own", formats=("torchscript",))
        with pytest.raises(
            InvalidArgument, match="the architecture of segmentation is tests:Sequential"
        ):
            compile_bundle(tmp_path / "own")

    def test_a_bundle_without_weights(self, network: Network, tmp_path: Path) -> None:
        stages = {"nodule": [network("nodule")]}
        export_bundle(stages, tmp_path / "bundle", formats=("torchscript",))
        with pytest.raises(BadBundle, match=r"has no artifact safetensors.*only has torchscript"):
            compile_bundle(tmp_path / "bundle")

    def test_a_damaged_bundle(self, bundle: Path) -> None:
        (bundle / "nodule" / "weights.safetensors").write_bytes(b"damaged")
        with pytest.raises(
            BadBundle, match=r"nodule/weights.safetensors is damaged .*it has 7 bytes"
        ):
            compile_bundle(bundle)

    def test_weights_of_another_network(
        self, bundle: Path, network: Network, tmp_path: Path, cache: Path, compiler: FakeCompiler
    ) -> None:
        stages = {"nodule": [network("nodule", seed=7)]}
        export_bundle(stages, tmp_path / "other", formats=("torchscript", "safetensors"))
        name = "nodule/weights.safetensors"
        shutil.copy(tmp_path / "other" / name, bundle / name)
        manifest = json.loads((bundle / "manifest.json").read_text())
        entry = manifest["stages"]["nodule"]["networks"][0]["artifacts"]["safetensors"]
        entry["sha256"] = hashlib.sha256((bundle / name).read_bytes()).hexdigest()
        entry["bytes"] = (bundle / name).stat().st_size
        (bundle / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(Inference, match="the weights do not reproduce the goldens"):
            compile_bundle(bundle, sizes=[(48, 48)])
        assert not any("nodule" in file for file in _files(cache))


class TestWhatFails:
    def test_a_bundle_that_is_replaced_meanwhile(
        self,
        bundle: Path,
        network: Network,
        cache: Path,
        compiler: FakeCompiler,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def replace_and_compile(module: nn.Module, example: _Array, path: Path) -> None:
            networks = {"segmentation": [network("segmentation", seed=7)]}
            formats = ("torchscript", "safetensors")
            export_bundle(networks, bundle, formats=formats, force=True)
            compiler.to_package(module, example, path)

        monkeypatch.setattr(aotinductor, "to_package", replace_and_compile)
        with pytest.raises(BadBundle, match=r"was replaced while network 0 of segmentation"):
            compile_bundle(bundle, sizes=[(48, 48)])
        assert _files(cache) == []

    def test_code_out_of_tolerance_is_not_kept(
        self, bundle: Path, cache: Path, compiler: FakeCompiler
    ) -> None:
        compile_bundle(bundle, sizes=[(48, 48)])
        before = {file: (cache / file).read_bytes() for file in _files(cache)}
        compiler.error = 0.01
        with pytest.raises(
            Inference,
            match=r"(?s)compiled code was not kept because it is out of tolerance.*failed",
        ):
            compile_bundle(bundle, sizes=[(48, 48)])
        assert {file: (cache / file).read_bytes() for file in _files(cache)} == before

    def test_a_network_that_cannot_be_captured(self, tmp_path: Path) -> None:
        class Branching(nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return x if x.sum() > 0 else -x

        example = np.ones((1, 1, 4, 4), np.float32)
        with pytest.raises(Inference, match="AOTInductor cannot compile the network"):
            aotinductor.to_package(Branching().eval(), example, tmp_path / "model.pt2")

    def test_a_package_that_is_none(self, tmp_path: Path) -> None:
        path = tmp_path / "model.pt2"
        path.write_bytes(b"nothing")
        with pytest.raises(Inference, match="AOTInductor cannot load this package"):
            aotinductor.open_package(path, 1)

    def test_scratch_goes_away_with_the_error(self) -> None:
        seen: list[Path] = []

        def fail() -> None:
            with aotinductor.scratch_folder():
                seen.append(Path(os.environ["TORCHINDUCTOR_CACHE_DIR"]))
                assert seen[0].is_dir()
                raise ValueError("compiler")

        with pytest.raises(ValueError, match="compiler"):
            fail()
        assert not seen[0].exists()


def _run(*arguments: object) -> Any:
    result = CliRunner().invoke(app, ["compile", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


class TestCommand:
    def test_tells_what_it_wrote(
        self, bundle: Path, cache: Path, tmp_path: Path, compiler: FakeCompiler
    ) -> None:
        rows = tmp_path / "rows.json"
        result = _run(bundle, "--size", "48x48", "--size", "40x48", "--batch", 2, "--json", rows)
        assert result.exit_code == 0, result.stderr
        assert "aotinductor" in result.stdout
        assert result.stdout.count(f"written to {cache}") == 3
        assert compiler.batches == [1, 1, 2]
        assert not any(row["failed"] for row in json.loads(rows.read_text()))

    @pytest.mark.parametrize("size", ["512", "1x2x3"])
    def test_refuses_a_size_in_one_line(self, bundle: Path, size: str) -> None:
        result = _run(bundle, f"--size={size}")
        assert result.exit_code == 2
        assert f"--size {size}: expected ROWSxCOLUMNS, e.g. 512x512" in result.stderr
