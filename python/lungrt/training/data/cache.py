"""Crops kept on disk, compressed, so that a CT is read once and not once an epoch."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import blosc2
import numpy as np
from numpy.typing import NDArray

from lungrt.errors import InvalidArgument, Io, UnsupportedVersion

_VERSION = 1
_MARKER = "cache.json"
_SUFFIX = ".b2"
_ASIDE = ".aside"
_CHECKSUM_BYTES = 4

# What a killed process left aside is removed after this time; another one may still write it.
_STALE_S = 3600.0


class CropCache:
    """A folder of compressed arrays by key.

    Each entry is a file of its own, a checksum and a blosc2 frame, written aside and renamed: a
    process that is killed at any moment leaves whole entries alone, and several may share a folder.

    Parameters
    ----------
    folder : path
        Made if it is not there.

    Raises
    ------
    UnsupportedVersion
        It was written by another version of lungrt.
    InvalidArgument
        It holds something else.
    Io
        It cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._open()
            self._remove_stale()
        except OSError as error:
            if isinstance(error, Io):
                raise
            raise Io(f"{folder}: cannot be used as a cache ({error.strerror})") from error

    def get(
        self, key: tuple[object, ...], make: Callable[[], NDArray[np.int16]]
    ) -> NDArray[np.int16]:
        """Return the array of a key; make and keep it where it is not there yet.

        Raises
        ------
        Io
            The entry is damaged, or cannot be read or written.
        """
        name = hashlib.sha256(json.dumps(key).encode()).hexdigest()
        path = self.folder / name[:2] / (name[2:] + _SUFFIX)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            array = np.ascontiguousarray(make())
            self._write(path, array)
            return array
        except OSError as error:
            raise Io(f"{path}: cannot be read ({error.strerror})") from error
        return _unpacked(path, data)

    def _write(self, path: Path, array: NDArray[np.int16]) -> None:
        frame = blosc2.pack_tensor(array)
        try:
            path.parent.mkdir(exist_ok=True)
            _write_aside(path, zlib.crc32(frame).to_bytes(_CHECKSUM_BYTES, "little") + frame)
        except OSError as error:
            raise Io(f"{path}: cannot be written ({error.strerror})") from error

    def _open(self) -> None:
        marker = self.folder / _MARKER
        if not marker.exists():
            if any(entry for entry in self.folder.iterdir() if not entry.name.endswith(_ASIDE)):
                raise InvalidArgument(
                    f"{self.folder}: holds files and no {_MARKER}, so it is no crop cache; give an "
                    "empty or a new folder"
                )
            content = {"what": "lungrt crop cache", "version": _VERSION}
            _write_aside(marker, (json.dumps(content) + "\n").encode())
            return
        try:
            version = json.loads(marker.read_text(encoding="utf-8"))["version"]
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidArgument(f"{marker}: is no marker of a crop cache ({error})") from error
        if version != _VERSION:
            raise UnsupportedVersion(
                f"{self.folder}: a crop cache of version {version}, this lungrt reads and writes "
                f"version {_VERSION}; delete the folder (it is made again) or give another one"
            )

    def _remove_stale(self) -> None:
        oldest = time.time() - _STALE_S
        for path in self.folder.glob(f"**/*{_ASIDE}"):
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
            except FileNotFoundError:
                continue  # another process was faster, or has finished writing it


def _unpacked(path: Path, data: bytes) -> NDArray[np.int16]:
    checksum, frame = data[:_CHECKSUM_BYTES], data[_CHECKSUM_BYTES:]
    if int.from_bytes(checksum, "little") != zlib.crc32(frame):
        raise Io(f"{path}: is damaged (its checksum does not fit); delete it, it is made again")
    array: NDArray[np.int16] = blosc2.unpack_tensor(frame)
    return array


def _write_aside(path: Path, data: bytes) -> None:
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_ASIDE, dir=path.parent)
    aside = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
