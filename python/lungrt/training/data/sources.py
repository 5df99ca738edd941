"""Reading of training data of any supported kind."""

from __future__ import annotations

from pathlib import Path

from lungrt.errors import InvalidArgument, Io
from lungrt.training.data.cache import CropCache
from lungrt.training.data.folder import is_ct_folder, read_ct_folder
from lungrt.training.data.lidc_folder import is_lidc, read_lidc
from lungrt.training.data.luna import is_luna16, read_luna16
from lungrt.training.data.reader_crops import is_reader_crops, read_reader_crops
from lungrt.training.data.samples import DataSet


def open_data(
    folder: Path, *, cache_folder: Path | None = None, allow_missing: bool = False
) -> DataSet:
    """Read training data of any supported kind.

    Parameters
    ----------
    folder : path
        LUNA16 as published, CTs with a ``nodules.csv`` (`lungrt.training.data.folder`), CTs of the
        LIDC with XML files, or reader-rated crops (`lungrt.training.data.reader_crops`).
    cache_folder : path, optional
        Folder in which crops of CTs are cached.
    allow_missing : bool
        For LUNA16, leave out series whose CT does not exist.

    Returns
    -------
    DataSet

    Raises
    ------
    Io
        The folder does not exist, or a file in it cannot be read.
    InvalidArgument
        The folder is none of these, or its content is malformed.
    """
    if not folder.is_dir():
        raise Io(f"{folder}: folder not found; expected a folder of training data")
    cache = CropCache(cache_folder) if cache_folder else None
    if is_reader_crops(folder):
        return read_reader_crops(folder)
    if is_ct_folder(folder):
        return read_ct_folder(folder, cache=cache)
    if is_luna16(folder):
        return read_luna16(folder, cache=cache, allow_missing=allow_missing)
    if is_lidc(folder):
        return read_lidc(folder, cache=cache)
    raise InvalidArgument(
        f"{folder}: not training data of a supported kind; expected LUNA16 (subset0 ... subset9 "
        "and annotations.csv), CTs with a nodules.csv, DICOM folders of the LIDC with their XML "
        "files, or crops.npz with labels.csv"
    )
