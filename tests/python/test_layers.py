"""Who may know whom (DESIGN.md, "Layers"): walks every include and import of the project."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Each may include itself and what stands before it.
# From left to right; those of one rank know nothing of each other.
CPP_LAYERS = {
    "core": 0,
    "report": 1,
    "ops": 1,
    "native": 1,
    "backend": 2,
    "stages": 3,
    "pipeline": 4,
    "c_api": 5,
}
ENGINE_HEADERS = re.compile(r"(torch|ATen|c10|caffe2|onnxruntime|openvino|NvInfer)[/_.].*")
# Folders of the backend that several engines share.
SHARED_BY = {"torch_common": ("aotinductor", "torch_common", "torchscript")}
FILE_HEADERS = re.compile(r"(itk|gdcm|vnl/|zlib).*")  # of what reads and writes files
GDCM_USERS = ("gdcm_codec.cpp", "io.cpp")  # of lungrt::io alone
CUDA_HEADERS = re.compile(r"(cuda|cublas|cudnn|nvtx|cub/|thrust/).*")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)

RUNTIME, MODELS, EXPORT, CLI, ERRORS = "runtime", "models", "export", "cli", "errors"
CORE, WRITE_ASIDE = "_core", "write_aside"
BENCHMARK, EAGER, COMPARISON = "benchmark", "benchmark.eager", "comparison"
DATA, EVALUATION, PHANTOM, TRAINING = "data", "evaluation", "phantom", "training"
DICOM = "dicom"
PYTHON_LAYERS = {  # a layer and the others that it may import
    ERRORS: (),
    CORE: (),
    WRITE_ASIDE: (ERRORS,),
    RUNTIME: (ERRORS, CORE, WRITE_ASIDE),
    MODELS: (ERRORS,),
    # The compiled module reads and verifies what the exporter writes.
    EXPORT: (ERRORS, CORE, WRITE_ASIDE, MODELS),
    COMPARISON: (ERRORS, CORE, RUNTIME),
    # The eager baseline runs in a process of its own.
    BENCHMARK: (ERRORS, CORE, RUNTIME, COMPARISON),
    EAGER: (ERRORS, MODELS, EXPORT, BENCHMARK),
    DATA: (ERRORS, CORE, RUNTIME),
    DICOM: (ERRORS, CORE, WRITE_ASIDE, RUNTIME),
    EVALUATION: (ERRORS, CORE, RUNTIME, DATA),
    PHANTOM: (ERRORS, CORE, WRITE_ASIDE, RUNTIME, DATA),
    TRAINING: (ERRORS, CORE, WRITE_ASIDE, RUNTIME, DATA, MODELS, EXPORT),
    CLI: (
        *(ERRORS, CORE, WRITE_ASIDE, RUNTIME, DATA, DICOM),
        *(COMPARISON, BENCHMARK, EVALUATION, PHANTOM),
    ),
}
TORCH_LAYERS = (MODELS, EXPORT, EAGER, TRAINING)
# The ways from the command line to torch, and to what the exporter knows of bundles.
EXPORT_COMMANDS = (
    "cli/compile.py",
    "cli/export.py",
    "cli/verify.py",
    "cli/engine_runners.py",
    "cli/bench.py",
    "cli/train/command.py",
    "cli/train/options.py",
    "cli/train/table.py",
)

# What DICOM and image files are both read and written with.
FILES_SHARE = tuple(
    f"io/{name}.h"
    for name in ("bunzip2", "byte_source", "files", "inflate", "numbers", "utf8", "workers")
)


def sources(folder: Path, *patterns: str) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(folder.rglob(pattern))


def include_violations(root: Path) -> list[str]:
    """Each include that breaks a rule, as "file: include: why"."""
    found = []
    for folder in ("cpp/include", "cpp/src", "cpp/cli", "python/bindings"):
        for path in sources(root / folder, "*.h", "*.h.in", "*.cpp", "*.cu", "*.cuh"):
            for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
                why = why_not_included(root, path, name)
                if why:
                    found.append(f"{path.relative_to(root)}: {name}: {why}")
    return found


def why_not_included(root: Path, path: Path, name: str) -> str | None:
    place = path.relative_to(root)
    internal = internal_header(root, path, name)
    if place.is_relative_to("cpp/include"):
        standard = "/" not in name and "." not in name
        if place.name == "c_api.h":
            standard = name in ("stddef.h", "stdint.h")
        return None if standard or name.startswith("lungrt/") else "a public header needs only std"
    if place.is_relative_to("python/bindings"):
        private = internal is not None and internal.is_relative_to("cpp/src")
        # Which is inside of their module, but for GDCM.
        reader = internal is not None and internal.is_relative_to("cpp/src/io")
        reader = reader and name != "io/gdcm_codec.h"
        return "bindings know public headers only" if private and not reader else None
    if name.startswith("pybind11/"):
        return "only bindings know Python"
    if place.is_relative_to("cpp/cli"):
        private = internal is not None and internal.is_relative_to("cpp/src")
        return "the native command knows public headers only" if private else None
    if name.startswith("CLI/"):
        return "only the native command knows its parser"

    source = place.relative_to("cpp/src")
    if source.parts[0] == "io":
        # A library of its own: it sees of the core what everybody sees.
        own = internal is None or internal.parts[:3] in {("cpp", "src", "io")}
        public = internal is not None and internal.is_relative_to("cpp/include")
        if not own and not public:
            return "io knows public headers only"
        folder = source.parts[1]
        if folder in ("dicom", "images"):
            shared = public or name.startswith(f"io/{folder}/") or name in FILES_SHARE
            if internal is not None and not shared:
                return f"io/{folder} knows no decoder and no other format"
        if FILE_HEADERS.fullmatch(name) and name != "zlib.h":
            gdcm = name.startswith("gdcm") and folder in GDCM_USERS
            return (
                None if gdcm else "only the codec of lungrt::io knows GDCM, and nothing knows ITK"
            )
        return None
    if FILE_HEADERS.fullmatch(name):
        return "only io knows zlib and GDCM"
    if internal is not None and internal.parts[:3] == ("cpp", "src", "io"):
        return "nothing but io knows io"
    engine_folder = source.parts[0] == "backend" and len(source.parts) > 2
    if ENGINE_HEADERS.fullmatch(name) and not engine_folder:
        return "only backend/<engine>/ knows an engine's headers"
    if CUDA_HEADERS.fullmatch(name) and not (engine_folder or source.parts[:2] == ("ops", "cuda")):
        return "only backend/<engine>/ and ops/cuda/ know CUDA"
    if internal is None or not internal.is_relative_to("cpp/src"):
        return None
    target = internal.relative_to("cpp/src")
    knower, known = cpp_layer(source), cpp_layer(target)
    if knower != known and CPP_LAYERS[known] >= CPP_LAYERS[knower]:
        return f"{knower} knows nothing of {known}"
    if target.parts[0] == "backend" and len(target.parts) > 2 and target.parts[1] != "native":
        owners = SHARED_BY.get(target.parts[1], (target.parts[1],))
        if source.parts[0] != "backend" or source.parts[1] not in owners:
            return "only an engine knows its own folder"
    return None


def internal_header(root: Path, path: Path, name: str) -> Path | None:
    """Return where a header of the project lies, None for anything else."""
    for folder in (path.parent, root / "cpp/src", root / "cpp/include"):
        if (folder / name).is_file():
            return (folder / name).resolve().relative_to(root.resolve())
    return None


def cpp_layer(source: Path) -> str:
    return source.parts[0]


def import_violations(root: Path) -> list[str]:
    """Each import that breaks a rule, as "file: module: why"."""
    found = []
    for folder in ("python/lungrt", "export"):
        for path in sources(root / folder, "*.py", "*.pyi"):
            inside = path.relative_to(root / folder)
            layer = EXPORT if folder == "export" else python_layer(inside.with_suffix("").parts)
            for module in imported_modules(path):
                why = why_not_imported(inside, layer, module)
                if why:
                    found.append(f"{path.relative_to(root)}: {module}: {why}")
    return found


def why_not_imported(inside: Path, layer: str, module: str) -> str | None:
    package, *rest = module.split(".")
    if package == "torch" and layer not in TORCH_LAYERS:
        return f"{layer} never imports torch"
    if package != "lungrt":
        return None
    target = python_layer(tuple(rest))
    if target == layer or target in PYTHON_LAYERS[layer]:
        return None
    if layer == CLI and target in TORCH_LAYERS and inside.as_posix() in EXPORT_COMMANDS:
        return None
    return f"{layer} knows nothing of {target}"


def python_layer(parts: tuple[str, ...]) -> str:
    """Layer of a module below lungrt; what has no layer of its own is the runtime."""
    first = parts[0] if parts else ""
    if parts[:2] == ("benchmark", "eager"):
        return EAGER
    if first == "__main__":
        return CLI
    return first if first in PYTHON_LAYERS else RUNTIME


def imported_modules(path: Path) -> Iterator[str]:
    """Full names of what a file imports anywhere in it, for type checkers alone too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; the project imports by full names"
            # `from lungrt import errors` imports lungrt.errors.
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from names if node.module == "lungrt" else [str(node.module)]


def test_includes_keep_to_their_layers() -> None:
    assert include_violations(ROOT) == []


def test_imports_keep_to_their_layers() -> None:
    assert import_violations(ROOT) == []


def test_the_walk_sees_the_project() -> None:
    assert len(list(sources(ROOT / "cpp/src", "*.cpp"))) > 10
    assert "lungrt._core" in set(imported_modules(ROOT / "python/lungrt/pipeline.py"))


@pytest.mark.parametrize(
    ("file", "include", "why"),
    [
        ("cpp/src/core/a.cpp", "ops/x.h", "core knows nothing of ops"),
        ("cpp/src/core/a.cpp", "cuda_runtime.h", "know CUDA"),
        ("cpp/src/ops/a.cpp", "backend/session.h", "ops knows nothing of backend"),
        ("cpp/src/native/a.cpp", "backend/session.h", "native knows nothing of backend"),
        ("cpp/src/native/a.cpp", "ops/x.h", "native knows nothing of ops"),
        ("cpp/src/backend/a.cpp", "stages/x.h", "backend knows nothing of stages"),
        ("cpp/src/stages/a.h", "pipeline/p.h", "stages knows nothing of pipeline"),
        ("cpp/src/pipeline/a.cpp", "c_api/x.h", "pipeline knows nothing of c_api"),
        ("cpp/src/stages/a.cpp", "torch/script.h", "knows an engine's headers"),
        ("cpp/src/backend/a.cpp", "onnxruntime_c_api.h", "knows an engine's headers"),
        ("cpp/src/stages/a.cpp", "backend/torchscript/own.h", "an engine knows its own folder"),
        ("cpp/src/backend/other/a.cpp", "backend/torchscript/own.h", "knows its own folder"),
        ("cpp/src/backend/other/a.cpp", "backend/torch_common/y.h", "knows its own folder"),
        ("cpp/src/backend/a.cpp", "backend/torch_common/y.h", "knows its own folder"),
        ("cpp/src/backend/torch_common/a.cpp", "backend/torchscript/own.h", "its own folder"),
        ("cpp/src/pipeline/a.cpp", "pybind11/pybind11.h", "only bindings know Python"),
        ("cpp/include/lungrt/a.h", "core/x.h", "needs only std"),
        ("cpp/include/lungrt/a.h", "nlohmann/json.hpp", "needs only std"),
        ("cpp/include/lungrt/a.h", "stdint.h", "needs only std"),
        ("python/bindings/a.cpp", "core/x.h", "public headers only"),
        ("cpp/cli/a.cpp", "core/x.h", "public headers only"),
        ("cpp/src/io/a.cpp", "core/x.h", "io knows public headers only"),
        ("cpp/src/core/a.cpp", "io/files.h", "nothing but io knows io"),
        ("cpp/src/core/a.cpp", "zlib.h", "only io knows zlib and GDCM"),
        ("cpp/src/io/a.cpp", "CLI/App.hpp", "its parser"),
        ("cpp/src/io/dicom/a.cpp", "gdcmReader.h", "only the codec of lungrt::io knows GDCM"),
        ("cpp/src/io/a.cpp", "itkImage.h", "nothing knows ITK"),
        ("cpp/src/io/dicom/a.cpp", "io/gdcm_codec.h", "io/dicom knows no decoder"),
        ("cpp/src/io/images/a.cpp", "io/dicom/slice.h", "and no other format"),
        ("python/bindings/a.cpp", "io/gdcm_codec.h", "public headers only"),
    ],
)
def test_planted_include_is_found(tmp_path: Path, file: str, include: str, why: str) -> None:
    for header in (
        "core/x.h",
        "ops/x.h",
        "backend/session.h",
        "backend/torchscript/own.h",
        "backend/torch_common/y.h",
        "stages/x.h",
        "io/files.h",
        "io/gdcm_codec.h",
        "io/dicom/slice.h",
        "c_api/x.h",
        "pipeline/p.h",
    ):
        place = tmp_path / "cpp/src" / header
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("#pragma once\n#include <vector>\n")
    assert include_violations(tmp_path) == []
    planted = tmp_path / file
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(f'#include <string>\n#  include "{include}"\n')
    (violation,) = include_violations(tmp_path)
    assert violation.startswith(f"{file}: {include}: ")
    assert why in violation


@pytest.mark.parametrize(
    ("file", "include"),
    [
        ("cpp/src/backend/torchscript/a.cpp", "torch/script.h"),
        ("cpp/src/backend/aotinductor/a.cpp", "backend/torch_common/y.h"),
        ("cpp/src/ops/cuda/a.cu", "cuda_runtime.h"),
        ("cpp/src/stages/a.cpp", "core/x.h"),
        ("cpp/include/lungrt/a.h", "cstdint"),
        ("cpp/include/lungrt/c_api.h", "stdint.h"),
        ("python/bindings/a.cpp", "lungrt/volume.h"),
        ("cpp/cli/a.cpp", "CLI/App.hpp"),
        ("cpp/src/io/gdcm_codec.cpp", "gdcmReader.h"),
        ("cpp/src/io/images/a.cpp", "zlib.h"),
        ("cpp/src/io/a.cpp", "lungrt/volume.h"),
        ("cpp/src/io/dicom/a.cpp", "io/files.h"),
        ("python/bindings/a.cpp", "io/dicom/z.h"),
    ],
)
def test_allowed_include_is_not_found(tmp_path: Path, file: str, include: str) -> None:
    headers = ("core/x.h", "backend/torch_common/y.h", "io/files.h", "io/dicom/z.h")
    for name in (*(f"cpp/src/{h}" for h in headers), "cpp/include/lungrt/volume.h", file):
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"#include <{include}>\n" if name == file else "")
    assert include_violations(tmp_path) == []


@pytest.mark.parametrize(
    ("file", "line", "why"),
    [
        ("python/lungrt/pipeline.py", "import torch", "runtime never imports torch"),
        ("python/lungrt/io/dicom.py", "from torch.nn import Module", "never imports torch"),
        ("python/lungrt/cli/info.py", "def f():\n    import torch.jit", "cli never imports torch"),
        ("python/lungrt/cli/export.py", "import torch", "cli never imports torch"),
        ("python/lungrt/cli/app.py", "from lungrt.export import x", "cli knows nothing of export"),
        ("python/lungrt/report.py", "from lungrt.cli import x", "runtime knows nothing of cli"),
        ("python/lungrt/__init__.py", "from lungrt.models import x", "runtime knows nothing"),
        ("python/lungrt/errors.py", "from lungrt import _core", "errors knows nothing of _core"),
        ("python/lungrt/models/unet.py", "from lungrt import _core", "models knows nothing"),
        ("python/lungrt/benchmark/engine.py", "import torch", "benchmark never imports torch"),
        ("python/lungrt/benchmark/a.py", "from lungrt.models import x", "knows nothing of models"),
        ("python/lungrt/benchmark/a.py", "from lungrt.export import x", "knows nothing of export"),
        ("python/lungrt/benchmark/a.py", "import lungrt.benchmark.eager", "of benchmark.eager"),
        ("python/lungrt/benchmark/eager/a.py", "import lungrt._core", "knows nothing of _core"),
        ("python/lungrt/pipeline.py", "import lungrt.benchmark", "runtime knows nothing of bench"),
        ("python/lungrt/pipeline.py", "import lungrt.comparison", "knows nothing of comparison"),
        ("python/lungrt/comparison/a.py", "import torch", "comparison never imports torch"),
        ("python/lungrt/comparison/a.py", "import lungrt.export", "knows nothing of export"),
        ("python/lungrt/comparison/a.py", "import lungrt.benchmark", "nothing of benchmark"),
        ("python/lungrt/evaluation/a.py", "import torch", "evaluation never imports torch"),
        ("python/lungrt/evaluation/a.py", "from lungrt.models import x", "knows nothing of models"),
        ("python/lungrt/evaluation/a.py", "from lungrt.cli import x", "knows nothing of cli"),
        ("python/lungrt/report.py", "import lungrt.evaluation", "runtime knows nothing of eval"),
        ("python/lungrt/report.py", "from lungrt.data import x", "runtime knows nothing of data"),
        ("python/lungrt/data/scans.py", "import torch", "data never imports torch"),
        ("python/lungrt/data/a.py", "import lungrt.training", "data knows nothing of training"),
        ("python/lungrt/data/a.py", "import lungrt.evaluation", "knows nothing of evaluation"),
        ("python/lungrt/pipeline.py", "import lungrt.phantom", "runtime knows nothing of phantom"),
        ("python/lungrt/phantom/build.py", "import torch", "phantom never imports torch"),
        ("python/lungrt/phantom/build.py", "import lungrt.cli", "phantom knows nothing of cli"),
        ("python/lungrt/pipeline.py", "import lungrt.training", "runtime knows nothing of train"),
        ("python/lungrt/models/a.py", "import lungrt.training.loop", "models knows nothing of"),
        ("export/onnx.py", "from lungrt.training import x", "export knows nothing of training"),
        ("python/lungrt/training/a.py", "from lungrt.cli import x", "training knows nothing of"),
        ("python/lungrt/cli/diagnose.py", "from lungrt.training import x", "cli knows nothing"),
        ("python/lungrt/models/unet.py", "import lungrt", "models knows nothing of runtime"),
        ("python/lungrt/models/unet.py", "import lungrt.export", "models knows nothing of export"),
        ("export/onnx.py", "from lungrt import Pipeline", "export knows nothing of runtime"),
        ("export/onnx.py", "from lungrt import __version__", "export knows nothing of runtime"),
    ],
)
def test_planted_import_is_found(tmp_path: Path, file: str, line: str, why: str) -> None:
    planted = tmp_path / file
    planted.parent.mkdir(parents=True)
    planted.write_text(line + "\n")
    (violation,) = import_violations(tmp_path)
    assert violation.startswith(f"{file}: ")
    assert why in violation


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("python/lungrt/models/unet.py", "import torch\nfrom lungrt.errors import Error"),
        ("export/onnx.py", "import torch\nfrom lungrt.models import x\nfrom lungrt import errors"),
        ("export/onnx.py", "import lungrt._core as c"),
        ("python/lungrt/cli/export.py", "from lungrt.export import x"),
        ("python/lungrt/cli/train/command.py", "from lungrt.training import x"),
        ("python/lungrt/training/a.py", "import torch, lungrt\nfrom lungrt.models import x"),
        ("python/lungrt/cli/bench.py", "from lungrt.benchmark.plan import x"),
        ("python/lungrt/cli/evaluate.py", "from lungrt.evaluation.score import x"),
        ("python/lungrt/evaluation/a.py", "import sklearn\nfrom lungrt import Pipeline"),
        ("python/lungrt/evaluation/a.py", "from lungrt.data.truth import x"),
        ("python/lungrt/phantom/a.py", "from lungrt.data.luna16_format import x"),
        ("python/lungrt/training/data/a.py", "from lungrt.data.truth import x"),
        ("python/lungrt/benchmark/engine.py", "from lungrt import _core"),
        ("python/lungrt/benchmark/a.py", "from lungrt.comparison.differences import x"),
        ("python/lungrt/comparison/a.py", "import lungrt\nfrom lungrt import _core"),
        ("python/lungrt/cli/compare.py", "from lungrt.comparison.run import x"),
        ("python/lungrt/benchmark/eager/a.py", "import torch\nfrom lungrt.models import x"),
        ("python/lungrt/cli/info.py", "import lungrt\nfrom lungrt import _core"),
        ("python/lungrt/__main__.py", "from lungrt.cli import main"),
        ("python/lungrt/io/dicom.py", "import SimpleITK\nfrom lungrt.errors import Io"),
    ],
)
def test_allowed_import_is_not_found(tmp_path: Path, file: str, line: str) -> None:
    planted = tmp_path / file
    planted.parent.mkdir(parents=True)
    planted.write_text(line + "\n")
    assert import_violations(tmp_path) == []
