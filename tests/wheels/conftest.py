"""Distributions as a release builds them, and clean environments that they are installed into."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "python"  # of `make build`: the engines on LibTorch are compiled there
SITE_PACKAGES = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"

MakeEnvironment = Callable[..., Path]


def checked(command: Sequence[object], **settings: object) -> str:
    """Run a command that has to succeed; return what it printed."""
    done = subprocess.run(
        [*map(str, command)],
        capture_output=True,
        encoding="utf-8",  # pip draws with it, whatever the locale
        check=False,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
        | {name: str(value) for name, value in settings.items()},
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pack the sources."""
    folder = tmp_path_factory.mktemp("sdist")
    program = "import sys, scikit_build_core.build as b; b.build_sdist(sys.argv[1])"
    subprocess.run([sys.executable, "-c", program, folder], cwd=ROOT, check=True)
    (built,) = folder.glob("lungrt-*.tar.gz")
    return built


@pytest.fixture(scope="session")
def core_wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from the packed sources where nothing is but what they ask for: no torch.

    Or take the one that LUNGRT_CORE_WHEEL names.
    """
    if given := os.environ.get("LUNGRT_CORE_WHEEL"):
        return Path(given)
    folder = tmp_path_factory.mktemp("wheel")
    settings: dict[str, object] = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PIP_CONSTRAINT": ROOT / "constraints.txt",
    }
    headers = ROOT / "build" / "onnxruntime"  # of `make setup`, where the system has none
    if headers.is_dir():
        settings["ONNXRUNTIME_ROOT"] = headers
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder)
    pip += ("--no-binary", "lungrt")  # not one that pip kept of a sdist at the same path
    # Releases have no CUDA core, and its compiler takes minutes. Without precompiled headers a
    # source file that forgot an include does not compile, and no warning is off.
    defines = (
        "LUNGRT_CUDA=OFF",
        "CMAKE_DISABLE_PRECOMPILE_HEADERS=ON",
        "LUNGRT_WARNINGS_AS_ERRORS=ON",
    )
    pip += tuple(f"--config-settings=cmake.define.{define}" for define in defines)
    checked([*pip, sdist], **settings)
    (built,) = folder.glob("lungrt-*.whl")
    return built


@pytest.fixture(scope="session")
def torch_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pack lungrt-torch for the torch at hand, from what is compiled."""
    if not list(BUILD.glob("cpp/liblungrt_torchscript.so")):
        pytest.skip(f"needs the engines that `make build` compiles beside torch, absent at {BUILD}")
    folder = tmp_path_factory.mktemp("torch_wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index")
    settings = f"--config-settings=build-dir={BUILD}"
    checked([*pip, settings, "--wheel-dir", folder, ROOT / "packaging" / "torch"])
    (built,) = folder.glob("lungrt_torch-*.whl")
    return built


@pytest.fixture(scope="session")
def bare_environment(core_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Let pip install the wheel with what it depends on, and nothing else; return the folder."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True)
    pip = (sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--quiet")
    checked([*pip, "--constraint", ROOT / "constraints.txt", core_wheel])
    return folder


@pytest.fixture(scope="session")
def make_environment(
    bare_environment: Path, tmp_path_factory: pytest.TempPathFactory
) -> MakeEnvironment:
    """Make environments like the bare one, with folders of this one's packages in addition.

    Of torch and onnxruntime only their own folders are needed: their libraries are used, never
    their Python, which needs more. Links spare a gigabyte of copies.
    """

    def make(*packages: str, wheel: Path | None = None) -> Path:
        folder = tmp_path_factory.mktemp("environment")
        venv.create(folder, symlinks=True)
        target = folder / SITE_PACKAGES
        for item in (bare_environment / SITE_PACKAGES).iterdir():
            (target / item.name).symlink_to(item)
        for package in packages:
            (target / package).symlink_to(_folder_of(package))
        if wheel is not None:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(target)
        return folder / "bin" / "python"

    return make


@pytest.fixture(scope="session")
def environment(make_environment: MakeEnvironment) -> Path:
    """Make an environment with ONNX Runtime and no torch; return its Python."""
    return make_environment("onnxruntime")


def _folder_of(package: str) -> Path:
    """Return the folder of an installed package, which is not imported."""
    try:
        return Path(str(metadata.distribution(package).locate_file(package)))
    except metadata.PackageNotFoundError:
        pytest.skip(f"needs {package}")


def run(python: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run an environment's Python with nothing of this process's own environment."""
    return subprocess.run(
        [python, *map(str, arguments)],
        cwd=python.parent,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "400"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
