"""Builds of the package for the Python and torch of the GPU machine, and sources to do it there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from gpu_check.contents import Failure

TARGETS = ("_core", "lungrt_torchscript", "lungrt_onnxruntime", "lungrt_cuda")
PROGRAMS = {
    "lungrt_device_tests": "tests/cpp/lungrt_device_tests",
    "lungrt_cuda_bench": "cpp/bench/cuda/lungrt_cuda_bench",
}
_SOURCES = ("CMakeLists.txt", "pyproject.toml", "README.md", "LICENSE", "licenses", "cpp", "python")


def build_package(
    sources: Path,
    *,
    python: Path,
    build: Path,
    package: Path,
    defines: Mapping[str, str],
    targets: tuple[str, ...] = (),
    jobs: int | None = None,
) -> None:
    """Compile lungrt for a Python and the torch that it has, and unpack it into a folder.

    Parameters
    ----------
    sources
        The source tree.
    python
        Python that has torch, scikit-build-core, pybind11 and nlohmann-json.
    build
        Folder of the build; what is in it already is not compiled again.
    package
        Folder to unpack to; it is what belongs on Python's path.
    defines
        Variables of CMake.
    targets
        What to build; by default everything.
    jobs
        Number of compilers at once; by default CMake's.

    Raises
    ------
    Failure
        The build failed.
    """
    with tempfile.TemporaryDirectory() as wheels:
        command = [str(python), "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
        command += ["--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels]
        command += ["-C", f"build-dir={build.resolve()}"]
        if targets:
            command += ["-C", f"build.targets={';'.join(targets)}"]
        for name, value in defines.items():
            command += ["-C", f"cmake.define.{name}={value}"]
        # Where CMake and Ninja are as well, if they were installed with pip.
        paths = [str(python.parent), os.environ.get("PATH", "")]
        environment = {**os.environ, "PATH": os.pathsep.join(paths)}
        if jobs:
            environment["CMAKE_BUILD_PARALLEL_LEVEL"] = str(jobs)
        done = subprocess.run(
            [*command, str(sources)], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise Failure(f"the build for {python} failed:\n{(done.stdout + done.stderr)[-4000:]}")
        (wheel,) = Path(wheels).glob("lungrt-*.whl")
        aside = package.with_name(package.name + ".new")
        shutil.rmtree(aside, ignore_errors=True)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(aside)
        shutil.rmtree(package, ignore_errors=True)
        aside.rename(package)


def build_for(python: Path, root: Path, build: Path, package: Path, programs: Path) -> None:
    """Build the package and the programs for another Python, without what debuggers need.

    Raises
    ------
    Failure
        The build failed.
    """
    defines = {"LUNGRT_BUILD_TESTS": "ON", "LUNGRT_CUDA": "ON", "LUNGRT_ENGINE_AOTINDUCTOR": "OFF"}
    headers = root / "build" / "onnxruntime" / "include"
    targets = [*TARGETS, *PROGRAMS]
    if headers.is_dir():
        defines["LUNGRT_ONNXRUNTIME_INCLUDE"] = str(headers)
    else:
        defines["LUNGRT_ENGINE_ONNXRUNTIME"] = "OFF"
        targets.remove("lungrt_onnxruntime")
    build_package(
        root,
        python=python,
        build=build,
        package=package,
        defines=defines,
        targets=tuple(targets),
    )
    programs.mkdir()
    for name, place in PROGRAMS.items():
        shutil.copy2(build / place, programs / name)
    for binary in [*package.rglob("*.so*"), *programs.iterdir()]:
        subprocess.run(["strip", "--strip-unneeded", str(binary)], check=True)


def pack_sources(root: Path, python: Path, target: Path) -> None:
    """Pack the sources of the package with the libraries that a bare machine may lack.

    Raises
    ------
    Failure
        A library is missing on this machine.
    """
    files = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--", *_SOURCES, "export"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    found = subprocess.run(
        [str(python), "-c", "import nlohmann_json as n; print(*n.__path__)"],
        capture_output=True,
        text=True,
        check=False,
    )
    json_headers = Path(found.stdout.strip()) / "include" / "nlohmann"
    if found.returncode != 0 or not json_headers.is_dir():
        raise Failure(f"{python} has no nlohmann-json; run {python} -m pip install nlohmann-json")
    zlib = _library("libz.so")
    with tarfile.open(target, "w:xz") as archive:
        for name in filter(None, files):
            archive.add(root / name, name)
        archive.add(json_headers, "needed/include/nlohmann")
        for header in ("zlib.h", "zconf.h"):
            archive.add(_header(header), f"needed/include/{header}")
        archive.add(zlib.resolve(), "needed/lib/libz.so")


def _library(name: str) -> Path:
    compiler = shutil.which("c++") or "c++"
    found = subprocess.run(
        [compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if found == name:
        raise Failure("zlib was not found; install it (Debian: zlib1g-dev)")
    return Path(found)


def _header(name: str) -> Path:
    multiarch = sysconfig.get_config_var("MULTIARCH") or "x86_64-linux-gnu"
    for folder in (Path("/usr/include"), Path("/usr/include") / multiarch):
        if (folder / name).is_file():
            return folder / name
    raise Failure(f"{name} was not found; install zlib (Debian: zlib1g-dev)")
