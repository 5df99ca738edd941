"""Cache of compressed crops on disk, so that a CT is read once instead of once per epoch."""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import blosc2
import numpy as np
from numpy.typing import NDArray

from lungrt.errors import InvalidArgument, Io, UnsupportedVersion
from lungrt.write_aside import ASIDE_FILES, write_file

_VERSION = 1
_MARKER = "cache.json"
_SUFFIX = ".b2"
_CHECKSUM_BYTES = 4

# Age from which a temporary file is taken for that of a killed process and is removed.
_STALE_S = 3600.0


class CropCache:
    """Folder of compressed arrays by key.

    Each entry is a file with a checksum and a blosc2 frame. It is written to a temporary file and
    renamed, so that a process that is killed at any moment leaves only complete entries, and
    several processes may share a folder.

    Parameters
    ----------
    folder : path
        Folder of the cache; it is created if needed.

    Raises
    ------
    UnsupportedVersion
        Another version of lungrt wrote the cache.
    InvalidArgument
        The folder is not a crop cache and has other files.
    Io
        The folder cannot be written.
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
            raise Io(f"{folder}: cannot use this folder as a cache ({error.strerror})") from error

    def get(
        self, key: tuple[object, ...], make: Callable[[], NDArray[np.int16]]
    ) -> NDArray[np.int16]:
        """Return the array of a key; if there is none, compute it with `make` and store it.

        Raises
        ------
        Io
            The entry is damaged, or it cannot be read or written.
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
            raise Io(f"{path}: cannot read this cache entry ({error.strerror})") from error
        return _unpacked(path, data)

    def _write(self, path: Path, array: NDArray[np.int16]) -> None:
        frame = blosc2.pack_tensor(array)
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise Io(f"{path}: cannot write this cache entry ({error.strerror})") from error
        content = zlib.crc32(frame).to_bytes(_CHECKSUM_BYTES, "little") + frame
        write_file(path, content, sync=False)  # the checksum tells what a power failure left

    def _open(self) -> None:
        marker = self.folder / _MARKER
        if not marker.exists():
            if any(entry for entry in self.folder.iterdir() if not entry.match(ASIDE_FILES)):
                raise InvalidArgument(
                    f"{self.folder}: not a crop cache: the folder has files, but no {_MARKER}; "
                    "choose an empty or a new folder"
                )
            content = {"what": "lungrt crop cache", "version": _VERSION}
            write_file(marker, json.dumps(content) + "\n")
            return
        try:
            version = json.loads(marker.read_text(encoding="utf-8"))["version"]
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidArgument(
                f"{marker}: not the {_MARKER} of a crop cache ({error}); choose an empty or a new "
                "folder"
            ) from error
        if version != _VERSION:
            raise UnsupportedVersion(
                f"{self.folder}: this crop cache has version {version}, but this lungrt uses "
                f"version {_VERSION}; delete the folder (it will be created again) or choose "
                "another one"
            )

    def _remove_stale(self) -> None:
        oldest = time.time() - _STALE_S
        for path in self.folder.glob(f"**/{ASIDE_FILES}"):
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
            except FileNotFoundError:
                continue  # another process was faster, or has finished writing it


def _unpacked(path: Path, data: bytes) -> NDArray[np.int16]:
    checksum, frame = data[:_CHECKSUM_BYTES], data[_CHECKSUM_BYTES:]
    if int.from_bytes(checksum, "little") != zlib.crc32(frame):
        raise Io(
            f"{path}: this cache entry is damaged (its checksum does not match); delete the file, "
            "it will be created again"
        )
    array: NDArray[np.int16] = blosc2.unpack_tensor(frame)
    return array
