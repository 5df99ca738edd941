"""CTs in zip archives: what is read, and what is not unpacked."""

from __future__ import annotations

import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

import lungrt
from lungrt.errors import BadVolume, InvalidArgument, Io
from lungrt.io import archive as archives


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Check that nothing is left in the folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def packed(tmp_path: Path, ct_folder: Path) -> Path:
    """Pack a series; the archive's name does not say what it is."""
    (ct_folder / "deeper").mkdir()
    (ct_folder / "slice003.dcm").rename(ct_folder / "deeper" / "IM3")
    return Path(shutil.make_archive(str(tmp_path / "ct"), "zip", ct_folder)).rename(
        tmp_path / "download"
    )


def test_a_series(packed: Path, ct_folder: Path) -> None:
    expected, volume = lungrt.read_ct(ct_folder), lungrt.read_ct(packed)
    assert np.array_equal(volume.hu, expected.hu)
    assert volume.geometry == expected.geometry
    assert volume.series_uid == expected.series_uid
    (info,) = lungrt.list_series(packed)
    assert (info.uid, info.slices) == (expected.series_uid, 6)
    with pytest.raises(
        InvalidArgument, match=rf"^{re.escape(str(packed))}: contains no series 9\.9"
    ):
        lungrt.read_ct(packed, series="9.9")


def test_an_image_file(tmp_path: Path, image: Callable[..., SimpleITK.Image]) -> None:
    SimpleITK.WriteImage(image(), str(tmp_path / "a.nii.gz"))
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as archive:
        archive.write(tmp_path / "a.nii.gz", "inner/a.nii.gz")
        archive.writestr("__MACOSX/inner/a.nii.gz", b"of macOS")
        archive.writestr("readme.txt", b"notes")
    volume = lungrt.read_ct(tmp_path / "one.zip")
    assert np.array_equal(volume.hu, SimpleITK.GetArrayFromImage(image()))
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.write(tmp_path / "a.nii.gz", "a.nii.gz")
        archive.write(tmp_path / "a.nii.gz", "b.nii.gz")
    with pytest.raises(BadVolume, match=r"2 image files; .*a\.nii\.gz, b\.nii\.gz"):
        lungrt.read_ct(tmp_path / "two.zip")


def write(path: Path, name: str, content: bytes, **attributes: Any) -> Path:
    member = zipfile.ZipInfo(name)
    for key, value in attributes.items():
        setattr(member, key, value)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
    return path


@pytest.mark.parametrize("name", ["../out.dcm", "/out.dcm", "a/../../out.dcm", "..\\out.dcm"])
def test_names_outside_of_the_folder(tmp_path: Path, temporary: Path, name: str) -> None:
    path = write(tmp_path / "a.zip", name, b"x")
    with pytest.raises(InvalidArgument, match="outside of its own folder"):
        lungrt.read_ct(path)
    assert not list(tmp_path.rglob("out.dcm"))


def test_links(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.zip", "link", b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16
    )
    with pytest.raises(InvalidArgument, match="'link' is a link"):
        lungrt.read_ct(path)


def test_a_file_that_grows_too_much(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(4 * 2**20))
    with pytest.raises(InvalidArgument, match="more than 200 times its packed size"):
        lungrt.read_ct(tmp_path / "a.zip")


def test_more_than_the_limits(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_MOST_BYTES", 1000)
    with pytest.raises(InvalidArgument, match=r"its files need .* GB, expected at most"):
        lungrt.read_ct(packed)
    monkeypatch.setattr(archives, "_MOST_FILES", 5)
    with pytest.raises(InvalidArgument, match="holds 6 files, expected at most 5"):
        lungrt.read_ct(packed)


def test_a_size_that_is_a_lie(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", "ct", b"x" * 1000)
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\1\2")  # the directory, from which sizes are taken
    content[at + 24 : at + 28] = (10).to_bytes(4, "little")
    path.write_bytes(bytes(content))
    with pytest.raises(Io, match="damaged or unsupported zip archive"):
        lungrt.read_ct(path)


def test_encrypted(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", "ct", b"x")
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\1\2")
    content[at + 8] |= 1
    content[6] |= 1
    path.write_bytes(bytes(content))
    with pytest.raises(InvalidArgument, match="is encrypted"):
        lungrt.read_ct(path)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.99])
def test_truncated(packed: Path, keep: float) -> None:
    content = packed.read_bytes()
    packed.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(Io, match="damaged or unsupported zip archive"):
        lungrt.read_ct(packed)


def test_damaged_content(packed: Path) -> None:
    content = bytearray(packed.read_bytes())
    content[200:260] = bytes(60)
    packed.write_bytes(bytes(content))
    with pytest.raises(Io, match="damaged or unsupported zip archive"):
        lungrt.read_ct(packed)


def test_no_ct(tmp_path: Path) -> None:
    with pytest.raises(BadVolume, match="none of its 1 files is a DICOM image"):
        lungrt.read_ct(write(tmp_path / "a.zip", "notes.txt", b"x"))


def test_a_full_disk(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *arguments: Any, **named: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(Io, match=r"cannot be unpacked to .*\(No space left on device\)"):
        lungrt.read_ct(packed)
