# mypy: untyped-calls-exclude=SimpleITK
"""Decoding of compressed DICOM pixels for the C++ reader."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lungrt.errors import Io

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["decode_slice"]


def decode_slice(path: Path) -> NDArray[Any]:
    """Decode a slice to Hounsfield units; the C++ reader has validated its file."""
    import SimpleITK

    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise Io(f"{path}: its pixels cannot be decoded ({_itk_reason(error)})") from error
    pixels: NDArray[Any] = SimpleITK.GetArrayFromImage(image)
    return pixels


def _itk_reason(error: RuntimeError) -> str:
    """Return the line that names the cause in a message of ITK, which has several lines."""
    # "Reason: ..." is the last errno, which is often unrelated.
    lines = [line for line in str(error).strip().splitlines() if not line.startswith("Reason: ")]
    return re.sub(r"^(ITK |sitk::)ERROR: (\w+\(0x[0-9a-f]+\): )?", "", lines[-1])
