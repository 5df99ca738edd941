"""Installing the package, and building against it, as others do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import lungrt

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "python"  # of `make build`: everything is compiled there already
CONSUMER = Path(__file__).parent / "consumer"
EXAMPLES = ROOT / "cpp" / "examples"

# The environment's own programs first: `make setup` puts CMake and Ninja there.
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "/usr/bin:/bin")])


def call(
    *arguments: object, env: dict[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a program in an environment that holds nothing but PATH and `env`."""
    return subprocess.run(
        [str(argument) for argument in arguments],
        env={"PATH": PATH, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def succeed(*arguments: object, **options: Any) -> str:
    """Run a program that has to succeed; return what it printed."""
    done = call(*arguments, **options)
    assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def tool(name: str) -> str:
    """Return the path of a program; a test that needs one fails without it."""
    found = shutil.which(name, path=PATH)
    assert found is not None, f"{name} is not installed"
    return found


def install(prefix: Path, *components: str) -> None:
    """Install components of what is compiled, or everything."""
    for arguments in [["--component", name] for name in components] or [[]]:
        succeed(tool("cmake"), "--install", BUILD, "--prefix", prefix, *arguments)


def configure(source: Path, build: Path, prefix: Path, *definitions: str) -> Any:
    """Configure a project that looks for lungrt in a prefix."""
    return call(
        tool("cmake"),
        *("-S", source, "-B", build, "-G", "Ninja"),
        f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}",
        f"-DCMAKE_PREFIX_PATH={prefix}",
        "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF",
        "-DCMAKE_BUILD_TYPE=Release",
        *definitions,
    )


def build_project(source: Path, build: Path, prefix: Path) -> Path:
    """Configure and build a project against a prefix; return its build folder."""
    done = configure(source, build, prefix)
    assert done.returncode == 0, done.stdout + done.stderr
    succeed(tool("cmake"), "--build", build)
    return build


def runtime_folder(module: str, inside: str) -> Path | None:
    """Folder of a runtime's libraries in its Python package, or None where that is not here."""
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / inside


def engine_environment(engine: str) -> dict[str, str]:
    """How a program that is no Python finds the runtime of an engine."""
    if engine == "native":
        return {}
    if engine == "onnxruntime":
        return {"ONNXRUNTIME_ROOT": str(runtime_folder("onnxruntime", "capi"))}
    return {"LD_LIBRARY_PATH": str(runtime_folder("torch", "lib"))}


@dataclass(frozen=True)
class RawCt:
    """A CT as the outside programs take it: raw voxels, and its place as text."""

    voxels: Path
    place: str
    arguments: tuple[str, ...]  # of the examples: file, shape, spacing

    @classmethod
    def write(cls, volume: lungrt.CtVolume, path: Path) -> RawCt:
        """Write the voxels of a volume."""
        volume.hu.tofile(path)
        geometry = volume.geometry
        shape, spacing = volume.hu.shape, tuple(geometry.spacing_mm)
        direction = [value for row in geometry.direction for value in row]
        numbers = (*shape, *spacing, *geometry.origin_mm, *direction)
        return cls(
            path,
            " ".join(repr(float(n)) if i > 2 else str(n) for i, n in enumerate(numbers)),
            (str(path), *(str(n) for n in shape), *(repr(float(mm)) for mm in spacing)),
        )


def diagnose(
    program: Path, bundle: Path, engine: str, ct: RawCt, env: dict[str, str] | None = None
) -> dict[str, Any]:
    """Run the consumer; return its report."""
    environment = {**engine_environment(engine), "OMP_WAIT_POLICY": "passive", **(env or {})}
    printed = succeed(program, bundle, engine, ct.voxels, input=ct.place, env=environment)
    report: dict[str, Any] = json.loads(printed)
    return report


def engines(program: Path, **env: str) -> dict[str, dict[str, str]]:
    """What the consumer says of each engine."""
    names = ("name", "available", "library", "version", "reason")
    lines = [line.split("\t") for line in succeed(program, env=env).splitlines()]
    return {line[0]: dict(zip(names, line, strict=True)) for line in lines}
