"""Fill a folder with everything that a GPU machine without network needs."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from gpu_check import packed_ct
from gpu_check.binaries import build_for, pack_sources
from gpu_check.contents import STAGES, Failure, Folder, megabytes

ROOT = Path(__file__).resolve().parents[2]
_TESTS = ("conftest.py", "parity/conftest.py", "parity/test_cuda_path.py")
_TEST_HELPERS = ("compare", "eager_pipeline", "engines", "small_networks")
_PYTEST_INI = """\
[pytest]
addopts = -ra --strict-markers --import-mode=importlib
markers =
    gpu: needs a CUDA GPU
    nightly: too long for every run
"""


def prepare(options: argparse.Namespace) -> int:
    """Fill the folder; what was there is replaced only when everything is ready.

    Raises
    ------
    Failure
        Something is missing, a build failed, or the folder is larger than allowed.
    """
    from lungrt.write_aside import replaced_folder

    target = _describe(options.target_python, installed=options.installed)
    with replaced_folder(options.folder, _require_replaceable) as aside:
        folder = Folder(aside)
        _fill(folder, options, target)
        _check_size(folder, options.limit_mib)  # before what takes longest
        _compute_reference(folder, options.target_python)
        size = _check_size(folder, options.limit_mib)
        print(f"gpu_check: {options.folder} is ready: {size:.1f} MiB ({_sizes(folder)})")
    return 0


def _check_size(folder: Folder, limit_mib: float) -> float:
    size = megabytes(folder.root)
    if size > limit_mib:
        raise Failure(
            f"the folder would have {size:.1f} MiB or more, but --limit-mib is {limit_mib}: "
            f"{_sizes(folder)}; a smaller --ct helps"
        )
    return size


def _require_replaceable(folder: Path) -> None:
    if any(folder.iterdir()) and not Folder(folder).description.is_file():
        raise Failure(f"{folder} exists and is not a prepared folder; name another one")


def _fill(folder: Folder, options: argparse.Namespace, target: dict[str, str]) -> None:
    import lungrt

    scripts = folder.root / "gpu_check"
    shutil.copytree(Path(__file__).parent, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    python = options.target_python
    if not options.installed:
        print(f"gpu_check: building for Python {target['python']} and torch {target['torch']}")
        build_for(python, ROOT, options.build.resolve(), folder.package, folder.programs)
        pack_sources(ROOT, python, folder.sources)
    volume = lungrt.read_ct(options.ct)
    packed_ct.save(folder.ct, volume)
    if options.golden:
        shutil.copyfile(_golden_mask(options.golden, options.ct), folder.golden)
    _copy_tests(folder)
    checkpoints = folder.checkpoints
    checkpoints.mkdir()
    for stage in STAGES:
        shutil.copyfile(getattr(options, stage), checkpoints / f"{stage}.state")
    content = {
        "commit": _commit(),
        "ct": options.ct.name,
        "shape": list(volume.shape),
        "installed": options.installed,
        **target,
    }
    text = json.dumps(content, indent=2) + "\n"
    folder.description.write_text(text, encoding="utf-8")


def _compute_reference(folder: Folder, python: Path) -> None:
    command = [str(python), str(folder.root / "gpu_check"), "reference", str(folder.root)]
    done = subprocess.run(
        command, env=folder.environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Failure(f"{python} could not make the bundle and the CPU's results:\n{done.stderr}")
    print(done.stdout, end="")


def _describe(python: Path, *, installed: bool) -> dict[str, str]:
    """Return the versions of a Python and of its torch.

    Raises
    ------
    Failure
        It does not run, or has no torch, or lacks what a build needs.
    """
    needs = ["torch", "safetensors", "rich"]
    if not installed:
        needs += ["scikit_build_core", "pybind11", "nlohmann_json"]
    code = f"""
import importlib.util, json, platform
from importlib import metadata
missing = [name for name in {needs} if importlib.util.find_spec(name) is None]
versions = {{"python": platform.python_version()}}
if "torch" not in missing:
    versions["torch"] = metadata.version("torch")
print(json.dumps([missing, versions]))
"""
    try:
        done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failure(f"--target-python {python} does not run: {error}") from error
    missing, versions = json.loads(done.stdout)
    if missing:
        raise Failure(
            f"--target-python {python} lacks {', '.join(missing)}; install them there: "
            "torch of the GPU machine's version, safetensors, rich, and for a build "
            "scikit-build-core, pybind11, nlohmann-json, cmake and ninja"
        )
    return dict(versions)


def _golden_mask(folder: Path, ct: Path) -> Path:
    """Return NAME_mask.npz whose name begins that of the CT."""
    found = [
        path
        for path in sorted(folder.glob("*_mask.npz"))
        if ct.name.startswith(path.name.removesuffix("_mask.npz"))
    ]
    if len(found) != 1:
        raise Failure(f"--golden {folder}: expected one mask of {ct.name}, found {len(found)}")
    return found[0]


def _copy_tests(folder: Folder) -> None:
    helpers = tuple(f"parity/{name}.py" for name in _TEST_HELPERS)
    for name in (*_TESTS, *helpers):
        place = folder.tests / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "tests" / name, place)
    (folder.tests / "pytest.ini").write_text(_PYTEST_INI, encoding="utf-8")


def _commit() -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def _sizes(folder: Folder) -> str:
    parts: dict[str, Any] = {path.name: megabytes(path) for path in folder.root.iterdir()}
    largest = sorted(parts.items(), key=lambda part: -part[1])
    return ", ".join(f"{name} {size:.1f}" for name, size in largest if size >= 0.05)
