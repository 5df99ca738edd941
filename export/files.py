"""Files of a bundle: writing them with their hashes, and checking them against the manifest."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from lungrt import _core
from lungrt.export.manifest import FileEntry


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
    return FileEntry(name, hashlib.sha256(data).hexdigest(), len(data), made_with)


def check_bundle(bundle: Path) -> None:
    """Check the manifest of a bundle, and the size and SHA-256 of every file that it lists.

    Raises
    ------
    BadBundle
        The manifest is invalid, or a file is missing, damaged or outside of the bundle; the message
        lists all such files.
    UnsupportedVersion
        The bundle has an unknown format version.
    Io
        A file cannot be read.
    """
    _core.check_bundle(os.fspath(bundle))
