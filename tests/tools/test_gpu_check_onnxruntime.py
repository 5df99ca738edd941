"""ONNX Runtime for a GPU machine: only the code for one GPU is kept."""

from __future__ import annotations

import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from gpu_check import onnxruntime_part
from gpu_check.contents import Failure

TOOLS = Path(onnxruntime_part.__file__).parents[1]
CODE = {75: b"turing" * 7, 90: b"hopper" * 9, 120: b"blackwell" * 5}


def container(codes: dict[int, bytes]) -> bytes:
    entries = b"".join(
        struct.pack("<HHIQQII", 2, 0x101, 64, len(code), 0, 0, capability) + bytes(32) + code
        for capability, code in codes.items()
    )
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(entries)) + entries


def library(section: bytes, name: bytes = b".nv_fatbin") -> bytes:
    """Return the least of an ELF file: a header, the section, its name, the table of sections."""
    names = b"\0" + name + b"\0.shstrtab\0"
    place = 64
    table = place + len(section) + len(names)

    def header(text: int, offset: int, size: int) -> bytes:
        return struct.pack("<IIQQQQ", text, 1, 0, 0, offset, size) + bytes(24)

    sections = bytes(64) + header(1, place, len(section))
    sections += header(2 + len(name), place + len(section), len(names))
    elf = b"\x7fELF\x02\x01" + bytes(34) + struct.pack("<Q", table) + bytes(10)
    return elf + struct.pack("<HHH", 64, 3, 2) + section + names + sections


def test_only_the_code_of_one_gpu_is_kept() -> None:
    section = container(CODE) + bytes(16) + container({75: b"also turing"})
    original = library(section)
    changed = bytearray(original)
    kept, blanked = onnxruntime_part.keep_architecture(changed, 90)
    assert (kept, blanked) == (len(CODE[90]), len(CODE[75]) + len(CODE[120]) + len(b"also turing"))
    expected = original
    for code in (CODE[75], CODE[120], b"also turing"):
        expected = expected.replace(code, bytes(len(code)))
    assert bytes(changed) == expected


@pytest.mark.parametrize("all_kernels", [False, True])
def test_kernels_for_this_gpu_alone_are_kept_only_on_demand(all_kernels: bool) -> None:
    special = b"of language models"
    changed = bytearray(library(container(CODE) + container({90: special})))
    kept, _ = onnxruntime_part.keep_architecture(changed, 90, all_kernels=all_kernels)
    assert (special in changed) is all_kernels
    assert kept == len(CODE[90]) + all_kernels * len(special)
    if not all_kernels:
        # Nothing says any more that it is for this GPU.
        again = bytearray(changed)
        assert onnxruntime_part.keep_architecture(again, 90, all_kernels=True)[0] == len(CODE[90])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (library(container({75: b"turing"})), "no code for compute capability 90"),
        (library(container(CODE), b".rodata"), "no section .nv_fatbin"),
        (library(container(CODE)[:16] + struct.pack("<I", 0) * 100), "leaves its container"),
        (b"MZ" + bytes(100), "not a 64-bit ELF file"),
    ],
)
def test_another_file_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(Failure, match=message):
        onnxruntime_part.keep_architecture(bytearray(content), 90)


@pytest.fixture
def gpu_wheel(tmp_path: Path) -> Path:
    path = tmp_path / "onnxruntime_gpu.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("onnxruntime/capi/libonnxruntime.so.1.31.1", b"core")
        archive.writestr("onnxruntime/capi/libonnxruntime_providers_shared.so", b"shared")
        cuda = library(container(CODE))
        archive.writestr("onnxruntime/capi/libonnxruntime_providers_cuda.so", cuda)
        archive.writestr("onnxruntime/capi/libonnxruntime_providers_tensorrt.so", b"not needed")
    return path


def prepare(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOLS / "gpu_check"), "prepare-onnxruntime"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_the_folder_holds_what_a_gpu_needs(gpu_wheel: Path, tmp_path: Path) -> None:
    done = prepare(tmp_path / "folder", "--wheel", gpu_wheel)
    assert done.returncode == 0, done.stderr
    with tarfile.open(tmp_path / "folder" / onnxruntime_part.ARCHIVE) as archive:
        names = [Path(name).name for name in archive.getnames()]
    assert [name.partition(".")[0] for name in names] == [
        "libonnxruntime",
        "libonnxruntime_providers_shared",
        "libonnxruntime_providers_cuda",
    ]
    onnxruntime_part.unpack(tmp_path / "folder")
    unpacked = tmp_path / "folder" / onnxruntime_part.UNPACKED
    assert (unpacked / "lib" / "libonnxruntime.so.1.31.1").read_bytes() == b"core"
    root = onnxruntime_part.onnxruntime_environment(tmp_path / "folder")["ONNXRUNTIME_ROOT"]
    assert root == str(unpacked)


def test_a_folder_that_is_too_large_is_not_kept(gpu_wheel: Path, tmp_path: Path) -> None:
    done = prepare(tmp_path / "folder", "--wheel", gpu_wheel, "--limit-mib", "0.0001")
    assert done.returncode == 2
    assert "more than --limit-mib" in done.stderr
    assert not (tmp_path / "folder").exists()


def test_a_wheel_for_the_cpu_is_refused(gpu_wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(gpu_wheel) as old, zipfile.ZipFile(tmp_path / "cpu.whl", "w") as new:
        for name in old.namelist():
            if "cuda" not in name:
                new.writestr(name, old.read(name))
    done = prepare(tmp_path / "folder", "--wheel", tmp_path / "cpu.whl")
    assert done.returncode == 2
    assert "has 0 files onnxruntime/capi/libonnxruntime_providers_cuda.so" in done.stderr


def test_a_folder_that_was_not_prepared(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="run the command prepare-onnxruntime first"):
        onnxruntime_part.unpack(tmp_path)
