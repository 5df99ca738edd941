# mypy: untyped-calls-exclude=SimpleITK
"""DICOM series in a folder: read by the C++ library, compressed files with what Python has."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lungrt import _core
from lungrt._core import SeriesInfo
from lungrt.errors import Io
from lungrt.io.image import itk_reason

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from lungrt._core import CtVolume

__all__ = ["SeriesInfo", "list_series", "read_series"]


def list_series(folder: str | os.PathLike[str]) -> list[SeriesInfo]:
    """List the series of a DICOM folder, by UID.

    Raises
    ------
    lungrt.errors.Io
        For a folder that does not exist or a damaged DICOM file.
    lungrt.errors.BadVolume
        For a folder without DICOM images.
    """
    return _core.list_series(Path(folder), _Codec)


def read_series(folder: Path, *, series: str | None = None, resample: bool = False) -> CtVolume:
    """Read one series of a DICOM folder; see `lungrt.read_ct`."""
    return _core.read_series(folder, _Codec, series=series, resample=resample)


class _Codec:
    """What the C++ reader leaves to others; its threads call it."""

    @staticmethod
    def inflate(deflated: bytes, most: int) -> bytes:
        """Inflate raw deflate data."""
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content = stream.decompress(deflated, most)
        except zlib.error as error:
            raise ValueError("its compressed data are damaged") from error
        if stream.eof:
            return content
        if stream.unconsumed_tail:
            raise ValueError(f"it inflates to more than {most} bytes")
        raise ValueError("its compressed data end too early")

    @staticmethod
    def decode(path: Path) -> NDArray[Any]:
        """Decode a slice whose file the C++ reader has looked through; Hounsfield units."""
        import SimpleITK

        reader = SimpleITK.ImageFileReader()
        reader.SetImageIO("GDCMImageIO")
        reader.SetFileName(str(path))
        try:
            image = reader.Execute()
        except RuntimeError as error:
            raise Io(f"{path}: its pixels cannot be decoded ({itk_reason(error)})") from error
        pixels: NDArray[Any] = SimpleITK.GetArrayFromImage(image)
        return pixels
