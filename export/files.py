"""Writing the files of a bundle with their hashes, and checking files against their hashes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from lungrt.errors import BadBundle
from lungrt.export.manifest import FileEntry, Manifest


def write_file(bundle: Path, name: str, data: bytes, *, made_with: str | None = None) -> FileEntry:
    """Write a file of a bundle to disk and create its folders.

    Parameters
    ----------
    bundle : pathlib.Path
        The bundle's folder.
    name : str
        Path of the file relative to the bundle, with ``/``.
    data : bytes
        Content of the file.
    made_with : str, optional
        Software that made the content, for the manifest.

    Returns
    -------
    FileEntry
        Name, SHA-256 and size of the file.
    """
    path = bundle / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        # On disk before the folder is renamed, or a power failure could leave it incomplete.
        os.fsync(file.fileno())
    return FileEntry(name, hashlib.sha256(data).hexdigest(), len(data), made_with)


def check_files(bundle: Path, manifest: Manifest) -> None:
    """Check the size and SHA-256 of every file of a bundle.

    Raises
    ------
    BadBundle
        A file is missing, damaged or outside of the bundle; the message lists all such files.
    """
    problems = [
        f"{entry.file}: {problem}"
        for entry in manifest.files
        if (problem := _problem(bundle, entry))
    ]
    if problems:
        raise BadBundle(
            f"{bundle}: {len(problems)} of {len(manifest.files)} files do not match manifest.json; "
            "export or copy the bundle again:\n  " + "\n  ".join(problems)
        )


def _problem(bundle: Path, entry: FileEntry) -> str:
    path = bundle / entry.file
    if not path.is_file():
        return "missing"
    if not path.resolve().is_relative_to(bundle.resolve()):
        return f"is a link to {path.resolve()}, which is outside of the bundle"
    data = path.read_bytes()
    if len(data) != entry.bytes:
        return f"has {len(data)} bytes, expected {entry.bytes}"
    digest = hashlib.sha256(data).hexdigest()
    if digest != entry.sha256:
        return f"SHA-256 is {digest}, expected {entry.sha256}"
    return ""
