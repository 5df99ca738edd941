"""Networks compiled on this machine: their folders in the user's cache, and their records.

``<cache>/<SHA-256 of manifest.json>/<stage>/member-N/<size>/`` holds ``model.pt2``, ``model.json``
and ``golden.safetensors``. The C++ library finds them by the same rule (`cpp/src/core/bundle/compiled.h`)
and loads nothing else: compiled code works only on this machine, so it is never part of a bundle.
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
    """Return the folder of all compiled networks.

    Raises
    ------
    Io
        Neither XDG_CACHE_HOME nor HOME is set to an absolute path.
    """
    for variable, below in (("XDG_CACHE_HOME", ()), ("HOME", (".cache",))):
        folder = Path(os.environ.get(variable, ""))
        if folder.is_absolute():
            return folder.joinpath(*below, "lungrt", "compiled")
    raise Io(
        "compiled networks are kept in the user's cache, but neither of the environment variables "
        "XDG_CACHE_HOME and HOME is an absolute path; set one of them"
    )


def compiled_folder(bundle: Path, stage: str, member: int) -> Path:
    """Return the folder of a network, which has one folder for each compiled size."""
    digest = hashlib.sha256((bundle / MANIFEST).read_bytes()).hexdigest()
    return compiled_cache() / digest / stage / f"member-{member}"


def size_name(sizes: Sequence[int]) -> str:
    """Return the name of a size's folder, "512x512" for slices or "32x48x48" for crops."""
    return "x".join(map(str, sizes))


@dataclass(frozen=True)
class Cpu:
    """Processor: the name of its model, and a digest of the model and its instruction sets."""

    model: str
    digest: str


def parse_cpu(cpuinfo: str) -> Cpu:
    """Parse the text of /proc/cpuinfo in the same way as `cpp/src/core/cpu.cpp`."""
    values: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            values.setdefault(key.rstrip(" \t"), value.lstrip(" \t"))
    model = values.get("model name", "")
    text = "\n".join([model, *sorted(set(values.get("flags", "").split()))])
    return Cpu(model, hashlib.sha256(text.encode()).hexdigest())


def this_cpu() -> Cpu:
    """Return the processor of this machine.

    Raises
    ------
    Io
        /proc/cpuinfo cannot be read.
    """
    try:
        return parse_cpu(Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError as error:
        raise Io(f"cannot read /proc/cpuinfo to identify the processor ({error})") from error


@dataclass(frozen=True)
class Record:
    """Content of ``model.json``: what the engine checks because the compiled code does not.

    Attributes
    ----------
    runtime : str
        Software that compiled the code and has to run it, such as ``"torch 2.13.0"``.
    cpu : Cpu
    capability : str
        Instruction set that torch uses on that processor.
    checkpoint_sha256, weights_sha256 : str
        Hashes of the checkpoint and of the bundle's weights.
    input_shape, output_shape : tuple of int
        Shapes of the float32 tensors, batch first.
    channels_last : bool
        Whether the channels come last in the input's memory.
    model, golden : FileEntry
    """

    runtime: str
    cpu: Cpu
    capability: str
    checkpoint_sha256: str
    weights_sha256: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    channels_last: bool
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
            "input": _tensor(self.input_shape, "interleaved" if self.channels_last else "planes"),
            "output": _tensor(self.output_shape, "planes"),
            "model": self.model.to_json(),
            "golden": self.golden.to_json(),
        }
        return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _tensor(shape: Sequence[int], layout: str) -> dict[str, Any]:
    return {"shape": list(shape), "layout": layout, "dtype": "float32"}


def compiled_sizes(bundle: Path, stage: str, member: int) -> list[Path]:
    """Return the folders of a network's compiled sizes, sorted by name."""
    folder = compiled_folder(bundle, stage, member)
    if not folder.is_dir():
        return []
    # Folders whose names begin with a dot are still being written.
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")


def goldens_of_sizes(folders: Sequence[Path], goldens: Sequence[Golden]) -> list[Golden]:
    """Return the goldens whose sizes were compiled, since the code accepts no other sizes.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        Folders of one network, from `compiled_sizes`; their own goldens are always returned.
    goldens : sequence of Golden
        Goldens of the bundle; those of a compiled size are returned first.
    """
    own = [golden for folder in folders for golden in read_compiled_golden(folder)]
    sizes = {golden.input.shape[1:] for golden in own}
    return [*(golden for golden in goldens if golden.input.shape[1:] in sizes), *own]


def read_compiled_golden(folder: Path) -> list[Golden]:
    """Read the golden of a compiled size: an input and the eager module's output.

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
        raise BadBundle(
            f"{folder}: cannot read this compiled network ({error}); compile the bundle again"
        ) from error
    entry = FileEntry.read(parse_json(text, str(path)).at("golden"))
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise BadBundle(
            f"{folder / GOLDEN}: this file is damaged: its SHA-256 does not match {RECORD}; "
            "compile the bundle again"
        )
    return read_goldens(folder / GOLDEN)
