"""Networks compiled on this machine: where they lie in the user's cache, and their record.

``<cache>/<SHA-256 of manifest.json>/<stage>/member-N/<size>/`` holds ``model.pt2``, ``model.json``
and ``golden.safetensors``. The C++ library finds them by the same rule (`cpp/src/core/compiled.h`)
and loads nothing else: compiled code is a program of this machine and never travels in a bundle.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from lungrt.errors import BadBundle, Io
from lungrt.export.goldens import Golden, read_goldens
from lungrt.export.json_field import parse_json
from lungrt.export.manifest import MANIFEST, FileEntry

FORMAT = "aotinductor"
MODEL, RECORD, GOLDEN = "model.pt2", "model.json", "golden.safetensors"

_VERSION = 1


def compiled_cache() -> Path:
    """Return the folder of everything compiled.

    Raises
    ------
    Io
        Neither XDG_CACHE_HOME nor HOME names an absolute folder.
    """
    for variable, below in (("XDG_CACHE_HOME", ()), ("HOME", (".cache",))):
        folder = Path(os.environ.get(variable, ""))
        if folder.is_absolute():
            return folder.joinpath(*below, "lungrt", "compiled")
    raise Io(
        "compiled networks lie in the user's cache, but neither XDG_CACHE_HOME nor HOME names an "
        "absolute folder; set one"
    )


def compiled_folder(bundle: Path, stage: str, member: int) -> Path:
    """Return the folder of a network: in it lies one folder for each size."""
    digest = hashlib.sha256((bundle / MANIFEST).read_bytes()).hexdigest()
    return compiled_cache() / digest / stage / f"member-{member}"


def size_name(sizes: Sequence[int]) -> str:
    """Return the name of a size's folder: "512x512", or "32x48x48" of crops."""
    return "x".join(map(str, sizes))


@dataclass(frozen=True)
class Cpu:
    """A processor: its model, for people, and a digest of it with its instruction sets."""

    model: str
    digest: str


def parse_cpu(cpuinfo: str) -> Cpu:
    """Read the text of /proc/cpuinfo; `cpp/src/core/cpu.cpp` does the same."""
    values: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            values.setdefault(key.rstrip(" \t"), value.lstrip(" \t"))
    model = values.get("model name", "")
    text = "\n".join([model, *sorted(set(values.get("flags", "").split()))])
    return Cpu(model, hashlib.sha256(text.encode()).hexdigest())


def this_cpu() -> Cpu:
    """Return the processor that this runs on.

    Raises
    ------
    Io
        The system does not tell.
    """
    try:
        return parse_cpu(Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError as error:
        raise Io(f"cannot read /proc/cpuinfo, to tell the processor ({error})") from error


@dataclass(frozen=True)
class Record:
    """What ``model.json`` says: all that compiled code itself does not check.

    Attributes
    ----------
    runtime : str
        What compiled and runs it, e.g. ``"torch 2.13.0"``.
    cpu : Cpu
    capability : str
        Instruction set that torch itself uses on it.
    checkpoint_sha256, weights_sha256 : str
    input_shape, output_shape : tuple of int
        Float32, batch first.
    interleaved : bool
        Whether channels are last in the input's memory.
    model, golden : FileEntry
    """

    runtime: str
    cpu: Cpu
    capability: str
    checkpoint_sha256: str
    weights_sha256: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    interleaved: bool
    model: FileEntry
    golden: FileEntry

    def to_text(self) -> str:
        """Return the content of ``model.json``."""
        document: dict[str, Any] = {
            "format_version": _VERSION,
            "lungrt_version": metadata.version("lungrt"),
            "runtime": self.runtime,
            "cpu": {
                "model": self.cpu.model,
                "digest": self.cpu.digest,
                "capability": self.capability,
            },
            "checkpoint_sha256": self.checkpoint_sha256,
            "weights_sha256": self.weights_sha256,
            "input": _tensor(self.input_shape, "interleaved" if self.interleaved else "planes"),
            "output": _tensor(self.output_shape, "planes"),
            "model": self.model.to_json(),
            "golden": self.golden.to_json(),
        }
        return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _tensor(shape: Sequence[int], layout: str) -> dict[str, Any]:
    return {"shape": list(shape), "layout": layout, "dtype": "float32"}


def compiled_sizes(bundle: Path, stage: str, member: int) -> list[Path]:
    """Return the folders of what is compiled of a network, in the order of their names."""
    folder = compiled_folder(bundle, stage, member)
    if not folder.is_dir():
        return []
    # What begins with a dot is being written.
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")


def goldens_of_sizes(folders: Sequence[Path], goldens: Sequence[Golden]) -> list[Golden]:
    """Return what compiled code can be held against: it takes no other sizes than its own.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        Of one network, from `compiled_sizes`.
    goldens : sequence of Golden
        Of the bundle; those of a compiled size are returned too.
    """
    own = [golden for folder in folders for golden in read_compiled_golden(folder)]
    sizes = {golden.input.shape[1:] for golden in own}
    return [*(golden for golden in goldens if golden.input.shape[1:] in sizes), *own]


def read_compiled_golden(folder: Path) -> list[Golden]:
    """Read an input of the size that was compiled, with the eager module's output.

    Raises
    ------
    BadBundle
        The record or the goldens are missing or damaged.
    """
    path = folder / RECORD
    try:
        text = path.read_text(encoding="utf-8")
        data = (folder / GOLDEN).read_bytes()
    except (OSError, UnicodeDecodeError) as error:
        raise BadBundle(f"{folder}: cannot be read ({error}); compile the bundle again") from error
    entry = FileEntry.read(parse_json(text, str(path)).at("golden"))
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise BadBundle(f"{folder / GOLDEN}: is damaged; compile the bundle again")
    return read_goldens(folder / GOLDEN)
