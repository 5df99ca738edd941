# mypy: untyped-calls-exclude=SimpleITK
"""Reading of DICOM series by the C++ library, with Python's decoders for compressed files."""

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
    """List the series of a DICOM folder, sorted by UID.

    Raises
    ------
    lungrt.errors.Io
        If the folder does not exist or a DICOM file is damaged.
    lungrt.errors.BadVolume
        If the folder contains no DICOM images.
    """
    return _core.list_series(Path(folder), _Codec)


def read_series(folder: Path, *, series: str | None = None, resample: bool = False) -> CtVolume:
    """Read one series of a DICOM folder; see `lungrt.read_ct`."""
    return _core.read_series(folder, _Codec, series=series, resample=resample)


class _Codec:
    """Decoders that the C++ reader needs for compressed files; its threads call them."""

    @staticmethod
    def inflate(deflated: bytes, most: int) -> bytes:
        """Inflate raw deflate data, to at most so many bytes."""
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content = stream.decompress(deflated, most)
        except zlib.error as error:
            raise ValueError("its compressed data is damaged") from error
        if stream.eof:
            return content
        if stream.unconsumed_tail:
            raise ValueError(f"it inflates to more than {most} bytes")
        raise ValueError("its compressed data is incomplete")

    @staticmethod
    def decode(path: Path) -> NDArray[Any]:
        """Decode a slice to Hounsfield units; the C++ reader has validated its file."""
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
