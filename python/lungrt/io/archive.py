"""CTs in zip archives."""

from __future__ import annotations

import contextlib
import shutil
import stat
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from lungrt.errors import BadVolume, Error, InvalidArgument, Io
from lungrt.io.image import IMAGE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_zip", "unpacked"]

_MOST_FILES = 100_000
_MOST_BYTES = 16 * 2**30  # a chest in slices of 0.5 mm and 1024 x 1024 pixels has 2 GB
_MOST_TIMES = 200  # smaller when packed; slices of air alone reach about 100
_SMALL = 2**20  # files so small may be packed as tightly as they like


def is_zip(path: Path) -> bool:
    """Return whether a file begins like a zip archive."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\3\4"
    except OSError as error:
        raise Io(f"{path}: cannot be read ({error.strerror})") from error


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Unpack an archive into a temporary folder, and return what to read.

    Returns
    -------
    Path
        The folder or, if it holds an image file and no DICOM, that file.

    Raises
    ------
    lungrt.errors.Io
        The archive is damaged, or the disk is full.
    lungrt.errors.InvalidArgument
        The archive is encrypted, names files outside of its folder, would need too much space, or
        holds several image files.
    """
    with tempfile.TemporaryDirectory(prefix="lungrt-zip-") as folder:
        target = Path(folder)
        try:
            with zipfile.ZipFile(path) as archive:
                _unpack(path, archive, target)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise Io(f"{path}: damaged or unsupported zip archive ({error})") from error
        except OSError as error:
            raise Io(f"{path}: cannot be unpacked to {target} ({error.strerror})") from error
        try:
            yield _content(path, target)
        except Error as error:  # the user knows the archive, not the temporary folder
            raise type(error)(str(error).replace(str(target), str(path))) from error


def _unpack(path: Path, archive: zipfile.ZipFile, target: Path) -> None:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > _MOST_FILES:
        raise InvalidArgument(f"{path}: holds {len(members)} files, expected at most {_MOST_FILES}")
    total = sum(member.file_size for member in members)
    free = shutil.disk_usage(target).free
    if total > min(_MOST_BYTES, free):
        raise InvalidArgument(
            f"{path}: its files need {total / 1e9:.1f} GB, expected at most "
            f"{_MOST_BYTES / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free in {target.parent}"
        )
    for member in members:
        _refuse_unsafe(path, member)
        place = target / PurePosixPath(member.filename)
        place.parent.mkdir(parents=True, exist_ok=True)
        # zipfile writes no more than the size that the archive states, and checks its sum.
        with archive.open(member) as source, place.open("wb") as file:
            shutil.copyfileobj(source, file)


def _refuse_unsafe(path: Path, member: zipfile.ZipInfo) -> None:
    name = PurePosixPath(member.filename)
    if name.is_absolute() or ".." in name.parts or "\\" in member.filename:
        raise InvalidArgument(
            f"{path}: names a file outside of its own folder, {member.filename!r}; an honest "
            "archive does not, so it was not unpacked"
        )
    if stat.S_ISLNK(member.external_attr >> 16):
        raise InvalidArgument(f"{path}: {member.filename!r} is a link, not a file")
    if member.flag_bits & 1:
        raise InvalidArgument(f"{path}: is encrypted; unpack it with its password first")
    if member.file_size > max(_SMALL, _MOST_TIMES * member.compress_size):
        raise InvalidArgument(
            f"{path}: {member.filename!r} grows to more than {_MOST_TIMES} times its packed size, "
            "which no CT does"
        )


def _content(path: Path, folder: Path) -> Path:
    """Return the only image file, or the folder if there is none."""
    images = [
        file
        for file in sorted(folder.rglob("*"))
        if file.name.lower().endswith(IMAGE_SUFFIXES)
        and not file.name.startswith(".")
        # Where macOS keeps its own data.
        and "__MACOSX" not in file.parts
    ]
    if not images:
        return folder
    if len(images) == 1:
        return images[0]
    names = ", ".join(str(file.relative_to(folder)) for file in images[:5])
    raise BadVolume(f"{path}: holds {len(images)} image files; unpack it and choose one: {names}")
