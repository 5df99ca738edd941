"""``lungrt info`` and a diagnosis in clean environments: which engines are there, and why not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from .conftest import SITE_PACKAGES, MakeEnvironment, run

pytestmark = pytest.mark.index


def engines(python: Path) -> dict[str, Any]:
    """Return what the command tells of each engine as JSON; people read the same."""
    done = run(python, "-m", "lungrt", "info", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = {e["name"]: e for e in json.loads(done.stdout)["engines"]}
    table = run(python, "-m", "lungrt", "info")
    assert table.returncode == 0, table.stderr
    rows = [line.split() for line in table.stdout.splitlines()]
    said = "".join(table.stdout.split())  # long reasons are broken into lines
    for name, engine in found.items():
        assert [name, "yes" if engine["available"] else "no"] in [row[:2] for row in rows]
        assert "".join((engine["version"] or engine["reason"]).split()) in said
    return found


def available(found: dict[str, Any]) -> set[str]:
    return {name for name, engine in found.items() if engine["available"]}


def test_bare(bare_environment: Path) -> None:
    found = engines(bare_environment / "bin" / "python")
    assert available(found) == {"native"}
    for engine in ("torchscript", "aotinductor"):
        assert found[engine]["reason"].startswith(
            f"engine {engine} is not installed: no liblungrt_"
        )
        assert found[engine]["reason"].endswith(
            "; pip install lungrt-torch, or add its folder to LUNGRT_ENGINE_PATH"
        )
    if found["onnxruntime"]["library"]:  # built where its headers were
        assert "install ONNX Runtime (pip install onnxruntime)" in found["onnxruntime"]["reason"]


def test_onnxruntime_without_torch(environment: Path) -> None:
    found = engines(environment)
    if not found["onnxruntime"]["library"]:
        pytest.skip(found["onnxruntime"]["reason"])
    assert available(found) == {"native", "onnxruntime"}
    assert found["onnxruntime"]["version"].startswith("onnxruntime ")


def test_torch_without_its_engines(make_environment: MakeEnvironment) -> None:
    found = engines(make_environment("torch"))
    assert available(found) == {"native"}
    assert "; pip install lungrt-torch," in found["torchscript"]["reason"]


def test_torch(make_environment: MakeEnvironment, torch_wheel: Path) -> None:
    python = make_environment("torch", wheel=torch_wheel)
    found = engines(python)
    assert available(found) == {"native", "torchscript", "aotinductor"}
    assert found["torchscript"]["version"].startswith("torch 2.")
    minor = found["torchscript"]["version"].removeprefix("torch ").rpartition(".")[0]
    folder = python.parents[1] / SITE_PACKAGES / "lungrt_torch" / f"torch-{minor}"
    assert Path(found["torchscript"]["library"]).parent == folder


def test_both(make_environment: MakeEnvironment, torch_wheel: Path) -> None:
    found = engines(make_environment("torch", "onnxruntime", wheel=torch_wheel))
    if not found["onnxruntime"]["library"]:
        pytest.skip(found["onnxruntime"]["reason"])
    assert available(found) == set(found)


def test_engines_without_their_torch(make_environment: MakeEnvironment, torch_wheel: Path) -> None:
    found = engines(make_environment(wheel=torch_wheel))
    assert available(found) == {"native"}
    reason = found["aotinductor"]["reason"]
    assert "but torch is not installed; run pip install torch" in reason


def test_the_fitting_libraries_are_taken(
    make_environment: MakeEnvironment, torch_wheel: Path
) -> None:
    python = make_environment("torch", wheel=torch_wheel)
    package = python.parents[1] / SITE_PACKAGES / "lungrt_torch"
    (folder,) = package.glob("torch-*")
    for minor in ("1.13", "9.9"):  # loading one of these would fail
        (package / f"torch-{minor}").mkdir()
        for library in folder.iterdir():
            (package / f"torch-{minor}" / library.name).write_bytes(b"no library")
    assert available(engines(python)) == {"native", "torchscript", "aotinductor"}
    shutil.rmtree(folder)
    found = engines(python)
    assert available(found) == {"native"}
    assert "supports torch 1.13 or 9.9, but torch 2." in found["torchscript"]["reason"]


def test_a_misplaced_library_is_refused(
    make_environment: MakeEnvironment, torch_wheel: Path
) -> None:
    python = make_environment("torch", wheel=torch_wheel)
    (folder,) = (python.parents[1] / SITE_PACKAGES / "lungrt_torch").glob("torch-*")
    (folder / "liblungrt_torchscript.so").write_bytes(b"no library")
    found = engines(python)
    assert available(found) == {"native", "aotinductor"}
    assert "cannot be loaded" in found["torchscript"]["reason"]
