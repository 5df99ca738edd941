"""The ONNX Runtime engine: what it gives, and everything that it refuses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lungrt
from lungrt import errors

ENGINE = "onnxruntime"


@pytest.fixture(scope="module", autouse=True)
def _engine() -> None:
    """Skip where the engine was not built; one that was built and does not work is a failure."""
    (engine,) = (engine for engine in lungrt.engines() if engine.name == ENGINE)
    if not engine.library:
        pytest.skip(engine.reason)
    assert engine.available, engine.reason


def on_engine(bundle: Path, device: str = "cpu", **options: str) -> lungrt.Pipeline:
    return lungrt.Pipeline(
        bundle, engine=ENGINE, device=device, threads=2, engine_options=options, profile="book"
    )


def network(bundle: Path, stage: str) -> lungrt.StageNetwork:
    return lungrt.StageNetwork(bundle, stage, engine=ENGINE, threads=1, verify_hashes=False)


def findings(report: lungrt.Report) -> list[tuple[object, ...]]:
    return [(f.index, f.center_mm, f.p_nodule, f.p_malignant) for f in report.candidates]


def python(
    program: str, *arguments: object, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_told(onnx_bundle: Path, small_ct: lungrt.CtVolume) -> None:
    report = on_engine(onnx_bundle).run(small_ct)
    assert report.engine == ENGINE
    assert report.provenance.engine_version.startswith("onnxruntime 1.")
    assert report.provenance.device_name


def test_it_finds_what_torchscript_finds(
    onnx_bundle: Path, tiny_bundle: Path, small_ct: lungrt.CtVolume
) -> None:
    ours = on_engine(onnx_bundle).run(small_ct)
    theirs = lungrt.Pipeline(tiny_bundle, threads=1, profile="book").run(small_ct)
    assert len(ours.candidates) > 3
    assert [c.index for c in ours.candidates] == [c.index for c in theirs.candidates]
    for one, other in zip(ours.candidates, theirs.candidates, strict=True):
        assert one.p_nodule == pytest.approx(other.p_nodule, abs=1e-4)


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_threads_do_not_change_the_result(
    threads: int, onnx_bundle: Path, small_ct: lungrt.CtVolume
) -> None:
    pipeline = lungrt.Pipeline(onnx_bundle, engine=ENGINE, threads=threads, profile="book")
    expected = findings(on_engine(onnx_bundle).run(small_ct))
    assert findings(pipeline.run(small_ct)) == expected
    assert findings(pipeline.run(small_ct)) == expected


@pytest.mark.parametrize(
    "options",
    [
        {"provider": "cpu"},
        {"arena": "off"},
        {"arena": "on", "graph": "all"},
        {"graph": "extended"},
        {"graph": "basic"},
        {"graph": "off"},
    ],
)
def test_options_change_the_way_not_the_result(
    options: dict[str, str], onnx_bundle: Path, small_ct: lungrt.CtVolume
) -> None:
    expected = on_engine(onnx_bundle).run(small_ct)
    report = on_engine(onnx_bundle, **options).run(small_ct)
    assert [c.index for c in report.candidates] == [c.index for c in expected.candidates]
    for one, other in zip(report.candidates, expected.candidates, strict=True):
        assert one.p_nodule == pytest.approx(other.p_nodule, abs=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"colour": "red"}, "unknown option 'colour'.*provider=cpu, cuda.*arena=on, off.*graph="),
        ({"provider": "abacus"}, "provider=abacus: expected one of cpu, cuda, tensorrt, openvino"),
        ({"arena": "maybe"}, "arena=maybe: expected one of on, off"),
        ({"graph": ""}, "graph=: expected one of all"),
        ({"cuda_graph": "on"}, "cuda_graph=on needs provider cuda, got cpu"),
        ({"cuda_graph": "maybe"}, "cuda_graph=maybe: expected one of off, on"),
        ({"cudnn_search": "quick"}, "cudnn_search=quick: expected one of heuristic"),
        ({"provider": "cuda"}, "provider=cuda needs device cuda, but device cpu was requested"),
    ],
)
def test_options_that_it_does_not_have(
    options: dict[str, str], message: str, onnx_bundle: Path
) -> None:
    with pytest.raises(errors.InvalidArgument, match=message):
        on_engine(onnx_bundle, **options)


@pytest.mark.parametrize("region", [{}, {"region": "lung"}])
def test_cuda_graphs_are_refused_within_the_lungs(
    region: dict[str, Any], onnx_bundle: Path
) -> None:
    profile = "book" if region else "lung"
    with pytest.raises(
        errors.InvalidArgument, match=r"cuda_graph=on needs inputs of one size.*profile 'book'"
    ):
        lungrt.Pipeline(
            onnx_bundle,
            engine=ENGINE,
            profile=profile,
            engine_options={"cuda_graph": "on"},
            **region,
        )
    off = {"cuda_graph": "off"}
    lungrt.Pipeline(onnx_bundle, engine=ENGINE, profile="lung", engine_options=off)


def _providers() -> list[str]:
    program = "import onnxruntime; print(*onnxruntime.get_available_providers())"
    return python(program).stdout.split()


def test_a_provider_that_is_absent(onnx_bundle: Path) -> None:
    if "OpenVINOExecutionProvider" in _providers():
        pytest.skip("this ONNX Runtime has OpenVINO")
    with pytest.raises(
        errors.DeviceUnavailable, match=r"provider openvino was requested.*CPUExecutionProvider"
    ):
        on_engine(onnx_bundle, provider="openvino")


def test_cuda_asked_for_and_absent(onnx_bundle: Path) -> None:
    (engine,) = (engine for engine in lungrt.engines() if engine.name == ENGINE)
    if any(device.startswith("cuda") for device in engine.devices):
        pytest.skip("this machine has a CUDA device, and ONNX Runtime one that uses it")
    with pytest.raises(
        errors.DeviceUnavailable,
        match=r"device cuda was requested.*CPUExecutionProvider.*use cpu, or",
    ):
        on_engine(onnx_bundle, "cuda")
    assert on_engine(onnx_bundle, "auto").device == "cpu"


def test_a_bundle_without_its_artifact(tiny_bundle: Path) -> None:
    with pytest.raises(errors.BadBundle, match=r"needs the artifact 'onnx'.*has only torchscript"):
        on_engine(tiny_bundle)


@pytest.fixture
def damaged(onnx_bundle: Path, tmp_path: Path) -> Path:
    """Copy the bundle, to be damaged."""
    return Path(shutil.copytree(onnx_bundle, tmp_path / "bundle"))


@pytest.mark.parametrize("keep", [0, 5, 700])
def test_a_damaged_artifact(keep: int, damaged: Path) -> None:
    artifact = damaged / "nodule" / "model.onnx"
    artifact.write_bytes(artifact.read_bytes()[:keep] + b"?" * 50)
    with pytest.raises(errors.BadBundle, match=r"SHA-256|bytes"):
        lungrt.StageNetwork(damaged, "nodule", engine=ENGINE)
    with pytest.raises(errors.BadBundle, match=r"engine onnxruntime: .*model\.onnx"):
        network(damaged, "nodule")


def graph(
    node: str = "Sigmoid",
    *,
    inputs: tuple[str, ...] = ("input",),
    output: str = "output",
    rank: int = 4,
    kind: str = "FLOAT",
    channels: int | str = 3,
) -> bytes:
    """Return a graph of one node."""
    onnx = pytest.importorskip("onnx")
    helper, element = onnx.helper, getattr(onnx.TensorProto, kind)
    shape = ["batch", channels, "height", "width", "depth"][:rank]
    model = helper.make_model(
        helper.make_graph(
            [helper.make_node(node, list(inputs), [output])],
            "test",
            [helper.make_tensor_value_info(name, element, shape) for name in inputs],
            [helper.make_tensor_value_info(output, element, None)],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=8,
    )
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({"inputs": ("image",)}, "first called 'image'; expected one called 'input'"),
        ({"output": "mask"}, "first called 'mask'; expected one called 'output'"),
        ({"node": "Add", "inputs": ("input", "other")}, "2 inputs"),
        ({"kind": "DOUBLE"}, "input is not float32"),
        ({"rank": 5}, "input has 5 axes, expected 4"),
        ({"node": "Riddle"}, "Riddle"),
    ],
)
def test_a_graph_that_is_not_what_the_manifest_says(
    made: dict[str, Any], message: str, damaged: Path
) -> None:
    (damaged / "segmentation" / "model.onnx").write_bytes(graph(**made))
    with pytest.raises(errors.BadBundle, match=message):
        network(damaged, "segmentation")


@pytest.mark.parametrize(
    ("channels", "message"), [(3, "output.*Got: 1 Expected: 3"), ("any", r"\{1,3,8,8\}")]
)
def test_a_graph_that_gives_another_shape(channels: int | str, message: str, damaged: Path) -> None:
    graph_file = damaged / "segmentation" / "model.onnx"
    graph_file.write_bytes(graph(channels=channels))  # as many come out as go in
    opened = network(damaged, "segmentation")
    with pytest.raises(errors.Inference, match=message):
        opened.run(np.zeros((1, 3, 8, 8), np.float32))


def test_no_runtime_at_all(onnx_bundle: Path, tmp_path: Path) -> None:
    program = "from lungrt.cli import main; main()"
    arguments = ("diagnose", tmp_path, "--bundle", onnx_bundle, "--engine", ENGINE)
    done = python(program, *arguments, ONNXRUNTIME_ROOT="/nowhere")
    assert done.returncode == 2
    assert done.stderr.startswith("error: engine onnxruntime")
    assert "no libonnxruntime.so in ONNXRUNTIME_ROOT, /nowhere" in done.stderr
    assert done.stdout == ""


OUT_OF_MEMORY = """
import resource, sys
import numpy as np
import lungrt

options = dict(option.split("=") for option in sys.argv[2:])
network = lungrt.StageNetwork(
    sys.argv[1], "segmentation", engine="onnxruntime", threads=1, engine_options=options
)
small = np.ones((1, 3, 64, 64), np.float32)
expected = network.run(small)
large = np.zeros((1, 3, 4096, 4096), np.float32)
with open("/proc/self/statm") as file:
    held = int(file.read().split()[0]) * resource.getpagesize()
# Enough for what lungrt needs itself (input and output, 270 MB each way), not for activations.
resource.setrlimit(resource.RLIMIT_AS, (held + 2**20 * 450, resource.RLIM_INFINITY))
try:
    network.run(large)
except lungrt.errors.OutOfMemory as error:
    print(error)
assert (network.run(small) == expected).all()
"""


@pytest.mark.parametrize("arena", ["on", "off"])
def test_memory_that_runs_out_inside(arena: str, onnx_bundle: Path) -> None:
    done = python(OUT_OF_MEMORY, onnx_bundle, f"arena={arena}")
    assert done.returncode == 0, done.stderr
    assert "engine onnxruntime: " in done.stdout
    assert done.stderr == ""


# Runs a network and prints what the library keeps for its telemetry.
TELEMETRY = """
import sys
import numpy as np, lungrt
network = lungrt.StageNetwork(sys.argv[1], "nodule", engine="onnxruntime")
network.run(np.zeros((1, 1, 8, 8, 8), np.float32))
with open("/proc/self/maps") as file:
    print(*{line.split("/")[-1].strip() for line in file if "onnxruntime.db" in line})
"""


def test_nothing_is_reported_to_the_runtimes_maker(onnx_bundle: Path, tmp_path: Path) -> None:
    # Without the variables that tests, and continuous integration, have set.
    bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", TELEMETRY, onnx_bundle],
        env=bare,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
    assert list(tmp_path.rglob("*")) == []


def test_neither_pythons_onnxruntime_nor_torch_is_imported(onnx_bundle: Path) -> None:
    program = """
import sys
import numpy as np, lungrt
hu = np.random.default_rng(0).integers(-1000, 500, (12, 24, 20), dtype=np.int16)
pipeline = lungrt.Pipeline(sys.argv[1], engine="onnxruntime", profile="book")
pipeline.run((hu, lungrt.Geometry())).to_dict()
with open("/proc/self/maps") as file:
    libraries = {line.split("/")[-1].strip() for line in file if "/" in line}
assert any(name.startswith("libonnxruntime.so") for name in libraries)
assert not [name for name in libraries if "torch" in name or "pybind11_state" in name]
assert not {"torch", "onnxruntime"} & set(sys.modules)
"""
    done = python(program, onnx_bundle)
    assert done.returncode == 0, done.stderr
