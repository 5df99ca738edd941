"""Networks compiled in earnest: parity with eager, and what the engine refuses to run.

Compiling takes ten seconds a network, so it is done once; tests that damage something do it to a
copy. `tests/export/test_compile.py` has what needs no compiler.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import compare
import eager_pipeline as eager
import numpy as np
import pytest
import small_networks as small
from scipy import ndimage
from typer.testing import CliRunner

import lungrt
from lungrt.cli.app import app
from lungrt.errors import (
    BadBundle,
    DeviceUnavailable,
    Error,
    InvalidArgument,
)

ROWS, COLUMNS = 43, 51  # padded to 44 x 52 by the network of three levels

pytestmark = pytest.mark.skipif(
    shutil.which(os.environ.get("CXX", "g++")) is None, reason="compiling needs a C++ compiler"
)


def _scan(shape: tuple[int, int, int] = (9, ROWS, COLUMNS), seed: int = 1) -> eager.Scan:
    noise = ndimage.gaussian_filter(
        np.random.default_rng(seed).normal(size=shape), sigma=(0.6, 1.5, 1.5)
    )
    return eager.Scan((noise / noise.std() * 700 - 200).astype(np.int16))


def _run(*arguments: object) -> Any:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def _export(networks: eager.Networks, bundle: Path) -> Path:
    return small.export(networks, bundle, formats=("torchscript", "safetensors"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the module's compiled code out of the user's own cache."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def bundle(
    cache: Path, small_networks: eager.Networks, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Export and compile `small_networks`."""
    folder = _export(small_networks, tmp_path_factory.mktemp("aotinductor") / "bundle")
    result = _run("compile", folder, "--size", f"{ROWS}x{COLUMNS}", "--batch", 4)
    assert result.exit_code == 0, result.stderr
    assert "aotinductor" in result.stdout
    return folder


@pytest.fixture(scope="module")
def pipeline(bundle: Path) -> lungrt.Pipeline:
    return lungrt.Pipeline(bundle, engine="aotinductor", profile="book")


@pytest.fixture
def copied_cache(
    bundle: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Return a copy of the segmentation's compiled folder, in a cache for one test to spoil."""
    copy = Path(shutil.copytree(cache, tmp_path / "cache"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(copy))
    (folder,) = copy.glob("lungrt/compiled/*/segmentation/member-0/44x52")
    return folder


def _edit(folder: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    record = json.loads((folder / "model.json").read_text())
    edit(record)
    (folder / "model.json").write_text(json.dumps(record))


class TestParity:
    def test_every_stage_equals_eager(
        self, pipeline: lungrt.Pipeline, small_networks: eager.Networks
    ) -> None:
        scan = _scan()
        expected = eager.run(scan, small_networks)
        assert len(expected.indices) > 8, "the case is to fill more than one batch"
        volume = compare.volume_of(scan)
        mask = np.asarray(pipeline.segment(volume))
        compare.assert_same_decisions(mask, expected.probability, 0.5, "mask voxels")
        findings = pipeline.classify(volume, map(tuple, expected.indices))
        compare.assert_same_probabilities(findings, expected.p_nodule, expected.p_malignant, "cpu")
        report = pipeline.run(volume)
        assert report.engine == "aotinductor"
        assert [c.index for c in report.candidates] == [tuple(i) for i in expected.indices]

    def test_probabilities_of_the_segmentation(
        self, bundle: Path, small_networks: eager.Networks
    ) -> None:
        network = lungrt.StageNetwork(bundle, "segmentation", engine="aotinductor")
        contract = small_networks.segmentation[0].input
        stacked = eager.stack_context(_scan().hu, range(9), contract)
        x = eager.pad_images(stacked, contract)
        expected = eager.infer(small_networks.segmentation, x)
        np.testing.assert_allclose(network.run(x), expected, rtol=0, atol=1e-3)

    def test_threads_change_nothing(self, bundle: Path, pipeline: lungrt.Pipeline) -> None:
        volumes = [compare.volume_of(_scan(seed=seed)) for seed in range(4)]

        def decisions(run: lungrt.Pipeline, volume: lungrt.CtVolume) -> list[object]:
            return [(c.index, c.p_nodule) for c in run.run(volume).candidates]

        one = lungrt.Pipeline(bundle, engine="aotinductor", threads=1, profile="book")
        alone = [decisions(one, volume) for volume in volumes]
        # More callers than run streams: they take turns.
        with ThreadPoolExecutor(6) as pool:
            together = list(pool.map(lambda v: decisions(pipeline, v), volumes * 4))
        assert together == alone * 4

    def test_engines_share_a_process(self, bundle: Path, pipeline: lungrt.Pipeline) -> None:
        volume = compare.volume_of(_scan())
        alone = np.asarray(pipeline.segment(volume))
        for _ in range(2):
            other = lungrt.Pipeline(bundle, engine="torchscript", profile="book")
            assert (np.asarray(other.segment(volume)) != alone).sum() < 5
            del other  # gives the memory back that both keep
            np.testing.assert_array_equal(np.asarray(pipeline.segment(volume)), alone)

    def test_an_unpadded_ensemble(
        self, cache: Path, halo_networks: eager.Networks, tmp_path: Path
    ) -> None:
        segmentation = eager.Networks(halo_networks.segmentation, ())
        folder = _export(segmentation, tmp_path / "bundle")
        result = _run("compile", folder, "--size", "37x45")
        assert result.exit_code == 0, result.stderr
        scan = _scan((9, 37, 45), seed=13)
        mask = lungrt.Pipeline(folder, engine="aotinductor", profile="book").segment(
            compare.volume_of(scan)
        )
        probability = eager.segment(scan.hu, halo_networks.segmentation)
        compare.assert_same_decisions(np.asarray(mask), probability, 0.5, "mask voxels")


class TestPackagesStayLoaded:
    def test_code_compiled_again_takes_the_place_of_the_old(
        self, bundle: Path, copied_cache: Path
    ) -> None:
        volume = compare.volume_of(_scan())
        places = [(4, 20, 25), (5, 10, 12)]

        def judge() -> list[lungrt.Finding]:
            pipeline = lungrt.Pipeline(bundle, engine="aotinductor", threads=1, profile="book")
            return list(pipeline.classify(volume, places))

        before = judge()
        assert [f.p_nodule for f in judge()] == [f.p_nodule for f in before]
        # Malignancy's network in the place of the nodules': other weights, the same shapes.
        stages = copied_cache.parents[2]
        (nodule,) = (stages / "nodule" / "member-0").iterdir()
        (other,) = (stages / "malignancy" / "member-0").iterdir()
        (nodule / "new").write_bytes((other / "model.pt2").read_bytes())
        (nodule / "new").replace(nodule / "model.pt2")
        record = json.loads((other / "model.json").read_text())
        _edit(nodule, lambda r: r.update(model=record["model"]))
        after = judge()
        assert after[0].p_nodule not in {f.p_nodule for f in before}
        nodules = [f for f in before if f.p_malignant is not None]
        assert nodules, "the case is to have a nodule"
        assert [
            a.p_nodule for a, b in zip(after, before, strict=True) if b.p_malignant is not None
        ] == [f.p_malignant for f in nodules]


class TestCommands:
    def test_verify_replays_what_is_compiled(self, bundle: Path) -> None:
        result = _run("verify", bundle)
        assert result.exit_code == 0, result.stderr
        assert "lungrt aotinductor" in result.stdout
        result = _run("verify", bundle, "--formats", "aotinductor")
        assert result.exit_code == 0, result.stderr
        assert "torchscript" not in result.stdout

    def test_verify_finds_what_does_not_fit(self, bundle: Path, copied_cache: Path) -> None:
        (copied_cache / "model.pt2").write_bytes(b"damaged")
        result = _run("verify", bundle)
        assert result.exit_code == 2
        assert "model.pt2 is damaged" in result.stdout

    def test_verify_leaves_out_what_is_not_compiled(
        self, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert "lungrt aotinductor" not in _run("verify", bundle).stdout
        result = _run("verify", bundle, "--formats", "aotinductor")
        assert result.exit_code == 2
        assert "has only safetensors, torchscript" in result.stderr

    def test_a_diagnosis_needs_no_torch_of_python(self, bundle: Path) -> None:
        program = f"""
import sys
import numpy as np, lungrt
hu = np.random.default_rng(0).integers(-1000, 500, (9, {ROWS}, {COLUMNS}), dtype=np.int16)
pipeline = lungrt.Pipeline({str(bundle)!r}, engine="aotinductor", profile="book")
pipeline.run((hu, lungrt.Geometry()))
assert "torch" not in sys.modules
print(pipeline.engine)
"""
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout == "aotinductor\n"
        assert done.stderr == ""


class TestWhatIsRefused:
    @staticmethod
    def _refused(bundle: Path, kind: type[Error], message: str, **options: Any) -> None:
        with pytest.raises(kind, match=message):
            lungrt.Pipeline(bundle, engine="aotinductor", **options)

    def test_verify_hashes_off_spares_code_nothing(self, bundle: Path, copied_cache: Path) -> None:
        (copied_cache / "model.pt2").write_bytes(b"damaged")
        self._refused(bundle, BadBundle, r"model\.pt2 is damaged", verify_hashes=False)

    def test_a_file_that_is_no_package(self, bundle: Path, copied_cache: Path) -> None:
        (copied_cache / "model.pt2").write_bytes(b"nothing")
        digest = hashlib.sha256(b"nothing").hexdigest()
        _edit(copied_cache, lambda r: r["model"].update(sha256=digest, bytes=7))
        self._refused(bundle, BadBundle, "engine aotinductor: ")

    def test_a_torch_that_uses_other_instructions(self, bundle: Path) -> None:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                f"import lungrt; lungrt.Pipeline({str(bundle)!r}, engine='aotinductor')",
            ],
            env={**os.environ, "ATEN_CPU_CAPABILITY": "default"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "EngineUnavailable" in done.stderr
        assert "compiled for another processor" in done.stderr
        assert "with DEFAULT" in done.stderr

    def test_a_gpu(self, bundle: Path) -> None:
        self._refused(bundle, DeviceUnavailable, "run on the CPU only", device="cuda")

    def test_options(self, bundle: Path) -> None:
        options = {"colour": "red"}
        self._refused(bundle, InvalidArgument, "unknown option 'colour'", engine_options=options)


def test_the_books_networks_equal_eager(
    eager_networks: eager.Networks,
    reference_scan: Callable[[str], eager.Scan],
    cache: Path,
    tmp_path: Path,
) -> None:
    folder = _export(eager_networks, tmp_path / "bundle")
    result = _run("compile", folder)
    assert result.exit_code == 0, result.stderr
    pipeline = lungrt.Pipeline(folder, engine="aotinductor", profile="book")

    hu = reference_scan("LIDC-IDRI-0001").hu
    few = eager.Scan(hu[60:64])
    probability = eager.segment(few.hu, eager_networks.segmentation)
    mask = np.asarray(pipeline.segment(compare.volume_of(few)))
    assert mask.any()
    compare.assert_same_decisions(mask, probability, 0.5, "mask voxels")

    deep = eager.Scan(hu[40:80])
    places = np.argwhere(mask[1:2])[::50][:9]
    places[:, 0] = 21  # of `deep`
    expected = eager.judge(deep.hu, places, eager_networks)
    findings = pipeline.classify(compare.volume_of(deep), map(tuple, places))
    compare.assert_same_probabilities(findings, *expected, "cpu")
