"""The second folder: ONNX Runtime with the code for one GPU only, so that it fits.

The library with the CUDA provider holds each kernel for six generations of GPUs in its section
`.nv_fatbin`: containers, each with one entry for each generation. Entries of other generations are
overwritten with zeros, which compress to nothing; the driver never looks at them. So are kernels
that exist for one generation only, which serve language models. Of 284 MB, 98 remain, before they
are compressed.
"""

from __future__ import annotations

import fnmatch
import io
import os
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from gpu_check.contents import Failure, megabytes

ARCHIVE = "onnxruntime.tar.xz"
UNPACKED = "unpacked"
_LIBRARIES = (
    "onnxruntime/capi/libonnxruntime.so.*",
    "onnxruntime/capi/libonnxruntime_providers_shared.so",
    "onnxruntime/capi/libonnxruntime_providers_cuda.so",
)
_SECTION = b".nv_fatbin"
_CONTAINER = struct.Struct("<IHHQ")  # magic, version, bytes of this header, bytes of all entries
_MAGIC = 0xBA55ED50
_ANOTHER = 1  # compute capability of no GPU
_ENTRY = struct.Struct("<HHIQQII")  # kind, -, bytes of this header, bytes of code, -, -, capability


def prepare_onnxruntime(
    folder: Path, wheel: Path, architecture: int, limit_mib: float, *, all_kernels: bool
) -> int:
    """Pack the libraries of a wheel of onnxruntime-gpu.

    Raises
    ------
    Failure
        The wheel lacks a library or code for the GPU, or the folder is larger than allowed.
    """
    from lungrt.write_aside import replaced_folder

    with replaced_folder(folder, _require_replaceable) as aside:
        with (
            zipfile.ZipFile(wheel) as archive,
            tarfile.open(aside / ARCHIVE, "w:xz") as packed,
        ):
            for pattern in _LIBRARIES:
                names = fnmatch.filter(archive.namelist(), pattern)
                if len(names) != 1:
                    raise Failure(f"{wheel} has {len(names)} files {pattern}, expected 1")
                library = bytearray(archive.read(names[0]))
                if "cuda" in pattern:
                    kept, blanked = keep_architecture(
                        library, architecture, all_kernels=all_kernels
                    )
                    print(f"gpu_check: {kept / 1e6:.1f} MB of code kept, {blanked / 1e6:.1f} not")
                entry = tarfile.TarInfo(f"lib/{Path(names[0]).name}")
                entry.size, entry.mode = len(library), 0o755
                packed.addfile(entry, io.BytesIO(library))
        size = megabytes(aside)
        if size > limit_mib:
            raise Failure(
                f"the folder would have {size:.1f} MiB, more than --limit-mib {limit_mib}"
            )
    print(f"gpu_check: {folder} is ready: {size:.1f} MiB")
    return 0


def _require_replaceable(folder: Path) -> None:
    if any(path.name not in (ARCHIVE, UNPACKED) for path in folder.iterdir()):
        raise Failure(f"{folder} exists and is not a prepared folder; name another one")


def unpack(folder: Path) -> None:
    """Unpack the libraries inside the folder, unless that was done before.

    Raises
    ------
    Failure
        The folder was not prepared.
    """
    if not (folder / ARCHIVE).is_file():
        raise Failure(f"{folder} has no {ARCHIVE}; run the command prepare-onnxruntime first")
    into = folder / UNPACKED
    if not into.is_dir():
        aside = into.with_name(UNPACKED + ".new")
        with tarfile.open(folder / ARCHIVE) as archive:
            archive.extractall(aside, filter="data")
        aside.rename(into)


def onnxruntime_environment(folder: Path) -> dict[str, str]:
    """Return what lets lungrt find the unpacked libraries, and these those of CUDA.

    ONNX Runtime links CUDA and cuDNN, which come with torch: in packages `nvidia.*`.
    """
    found = util.find_spec("nvidia")
    nvidia = (found.submodule_search_locations if found else None) or ()
    libraries = [str(path) for home in nvidia for path in sorted(Path(home).glob("*/lib"))]
    if before := os.environ.get("LD_LIBRARY_PATH"):
        libraries.append(before)
    return {
        "ONNXRUNTIME_ROOT": str((folder / UNPACKED).resolve()),
        "LD_LIBRARY_PATH": os.pathsep.join(libraries),
    }


def keep_architecture(
    library: bytearray, architecture: int, *, all_kernels: bool = False
) -> tuple[int, int]:
    """Overwrite the code for other GPUs in an ELF library.

    Parameters
    ----------
    library
        The file, which is changed.
    architecture
        Compute capability whose code is kept, e.g. 90.
    all_kernels
        Whether to keep kernels that exist for this GPU only. They serve language models: matrix
        products of few bits, mixtures of experts.

    Returns
    -------
    tuple of int
        Bytes of code that were kept and overwritten.

    Raises
    ------
    Failure
        It is not such a library, or has no code for that GPU.
    """
    start, size = _section(library)
    kept = blanked = 0
    for entries in _containers(library, start, start + size):
        special = {entry.capability for entry in entries} == {architecture} and not all_kernels
        for entry in entries:
            if entry.capability == architecture and not special:
                kept += entry.end - entry.begin
                continue
            library[entry.begin : entry.end] = bytes(entry.end - entry.begin)
            blanked += entry.end - entry.begin
            if special:  # so that the driver does not take zeros for the kernel
                struct.pack_into("<I", library, entry.capability_at, _ANOTHER)
    if not kept:
        raise Failure(f"the library has no code for compute capability {architecture}")
    return kept, blanked


@dataclass(frozen=True)
class _Entry:
    begin: int
    end: int
    capability: int
    capability_at: int


def _containers(library: bytearray, start: int, stop: int) -> Iterator[list[_Entry]]:
    """Yield the entries of each container: where their code is, and for which GPU."""
    place = start
    while place < stop:
        if struct.unpack_from("<I", library, place)[0] != _MAGIC:
            place += 8  # padding between containers
            continue
        _, _, header, size = _CONTAINER.unpack_from(library, place)
        place += header
        end = place + size
        entries = []
        while place < end:
            _, _, header, size, _, _, capability = _ENTRY.unpack_from(library, place)
            if not header or place + header + size > end:
                raise Failure(
                    f"an entry at byte {place} of {_SECTION.decode()} leaves its container"
                )
            code = place + header
            entries.append(_Entry(code, code + size, capability, place + _ENTRY.size - 4))
            place = code + size
        yield entries


def _section(library: bytearray) -> tuple[int, int]:
    """Return where the section with code for GPUs begins in an ELF file, and its bytes."""
    if library[:6] != b"\x7fELF\x02\x01":
        raise Failure("the library is not a 64-bit ELF file")
    (table,) = struct.unpack_from("<Q", library, 40)
    entry, count, names = struct.unpack_from("<HHH", library, 58)
    headers = [struct.unpack_from("<IIQQQQ", library, table + entry * i) for i in range(count)]
    texts = headers[names][4]
    for name, _, _, _, offset, size in headers:
        if library.startswith(_SECTION + b"\0", texts + name):
            return offset, size
    raise Failure(f"the library has no section {_SECTION.decode()}; is it a build for CUDA?")
