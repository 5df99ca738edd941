"""The files of a bundle: written with their hashes, and held against them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from lungrt.errors import BadBundle
from lungrt.export.manifest import FileEntry, Manifest


def write_file(bundle: Path, name: str, data: bytes, *, made_with: str | None = None) -> FileEntry:
    """Write a file of a bundle to disk, folders included.

    Parameters
    ----------
    bundle : pathlib.Path
        The bundle's folder.
    name : str
        Path below it, with ``/``.
    """
    path = bundle / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())  # before the folder is renamed into place, or power may take it
    return FileEntry(name, hashlib.sha256(data).hexdigest(), len(data), made_with)


def check_files(bundle: Path, manifest: Manifest) -> None:
    """Hold every file of a bundle against its size and SHA-256.

    Raises
    ------
    BadBundle
        Names every file that is missing, damaged or not inside the bundle.
    """
    problems = [
        f"{entry.file}: {problem}"
        for entry in manifest.files
        if (problem := _problem(bundle, entry))
    ]
    if problems:
        raise BadBundle(
            f"{bundle}: {len(problems)} of {len(manifest.files)} files are not what manifest.json "
            "says; export or copy the bundle again\n  " + "\n  ".join(problems)
        )


def _problem(bundle: Path, entry: FileEntry) -> str:
    path = bundle / entry.file
    if not path.is_file():
        return "missing"
    if not path.resolve().is_relative_to(bundle.resolve()):
        return f"leads to {path.resolve()}, outside of the bundle"
    data = path.read_bytes()
    if len(data) != entry.bytes:
        return f"has {len(data)} bytes, expected {entry.bytes}"
    digest = hashlib.sha256(data).hexdigest()
    if digest != entry.sha256:
        return f"SHA-256 is {digest}, expected {entry.sha256}"
    return ""
