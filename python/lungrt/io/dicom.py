# mypy: untyped-calls-exclude=SimpleITK
"""Decoding of compressed DICOM pixels for the C++ reader."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lungrt.errors import Io

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["decode_slice"]


def decode_slice(name: str, file: bytes) -> NDArray[Any]:
    """Decode the stored values of a slice.

    Parameters
    ----------
    name
        Name of the slice, for messages.
    file
        A DICOM file with that slice alone, which the C++ reader has composed of validated parts.
    """
    import SimpleITK

    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    with _in_memory(file) as path:
        reader.SetFileName(path)
        try:
            image = reader.Execute()
        except RuntimeError as error:
            raise Io(f"{name}: its pixels cannot be decoded ({_itk_reason(error)})") from error
    pixels: NDArray[Any] = SimpleITK.GetArrayFromImage(image)
    return pixels


@contextmanager
def _in_memory(content: bytes) -> Iterator[str]:
    """Return the path of a file without a place on a disk, for libraries that take only paths."""
    descriptor = os.memfd_create("slice.dcm", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _itk_reason(error: RuntimeError) -> str:
    """Return the line that names the cause in a message of ITK, which has several lines."""
    # "Reason: ..." is the last errno, which is often unrelated.
    lines = [line for line in str(error).strip().splitlines() if not line.startswith("Reason: ")]
    return re.sub(r"^(ITK |sitk::)ERROR: (\w+\(0x[0-9a-f]+\): )?", "", lines[-1])
