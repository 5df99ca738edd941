"""The engines on LibTorch refuse a torch of another minor version than they were built for."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lungrt

# The function with which the engines read torch's version, returning another version.
OTHER_TORCH = """
#include <map>
#include <string>
namespace caffe2 {
const std::map<std::string, std::string>& GetBuildOptions() {
  static const std::map<std::string, std::string> options{{"TORCH_VERSION", "VERSION"}};
  return options;
}
}
"""

# Its function replaces that of the real library, because it is loaded first, with RTLD_GLOBAL.
PROGRAM = """
import ctypes, json, sys
ctypes.CDLL(sys.argv[1], ctypes.RTLD_GLOBAL)
import lungrt
print(json.dumps({e.name: [e.available, e.reason] for e in lungrt.engines()}))
"""


@pytest.fixture
def built() -> list[str]:
    """Return the available engines on LibTorch; skip if there are none."""
    found = [e for e in lungrt.engines() if e.name in ("torchscript", "aotinductor")]
    present = [engine.name for engine in found if engine.available]
    if not present or not shutil.which("c++"):
        pytest.skip("needs an engine on LibTorch and a C++ compiler")
    return present


def engines_with(version: str, folder: Path) -> dict[str, tuple[bool, str]]:
    source, library = folder / "other_torch.cpp", folder / "libother_torch.so"
    source.write_text(OTHER_TORCH.replace('"VERSION"', f'"{version}"'), "utf-8")
    subprocess.run(["c++", "-shared", "-fPIC", "-o", library, source], check=True)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, library], capture_output=True, text=True, check=True
    )
    found: dict[str, tuple[bool, str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("version", ["2.9.0", "2.99.1", "3.0.0", "2.1", "2.130.0"])
def test_another_minor_version_is_refused(built: list[str], version: str, tmp_path: Path) -> None:
    found = engines_with(version, tmp_path)
    for engine in built:
        available, reason = found[engine]
        assert not available
        assert "was built for torch 2." in reason
        assert f"found torch {version}; install torch 2." in reason
    assert found["native"][0]


def test_another_patch_version_is_taken(built: list[str], tmp_path: Path) -> None:
    (minor,) = {
        engine.version.removeprefix("torch ").rpartition(".")[0]
        for engine in lungrt.engines()
        if engine.name in built
    }
    found = engines_with(f"{minor}.99", tmp_path)
    assert all(found[engine][0] for engine in built)
