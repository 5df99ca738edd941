# mypy: untyped-calls-exclude=SimpleITK
"""DICOM series in a folder."""

from __future__ import annotations

import functools
import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lungrt._core import CtVolume, SliceHeader, available_threads, plan_series
from lungrt.errors import BadVolume, InvalidArgument, Io
from lungrt.io.dicom_file import may_be_ct, require_all_pixels, require_sane_runs
from lungrt.io.image import itk_reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    import SimpleITK
    from numpy.typing import NDArray

    from lungrt._core import SliceBlend

__all__ = ["SeriesInfo", "list_series", "read_series"]

_IMAGE_TYPE = ("0008|0008", "ImageType")
_MODALITY = ("0008|0060", "Modality")
_DESCRIPTION = ("0008|103e", "SeriesDescription")
_SERIES_UID = ("0020|000e", "SeriesInstanceUID")
_POSITION = ("0020|0032", "ImagePositionPatient")
_ORIENTATION = ("0020|0037", "ImageOrientationPatient")
_SAMPLES = ("0028|0002", "SamplesPerPixel")
_GREYS = ("0028|0004", "PhotometricInterpretation")
_FRAMES = ("0028|0008", "NumberOfFrames")
_ROWS = ("0028|0010", "Rows")
_COLUMNS = ("0028|0011", "Columns")
_PIXEL_SPACING = ("0028|0030", "PixelSpacing")
_BITS = ("0028|0100", "BitsAllocated")
_TAGS = (
    _IMAGE_TYPE,
    _MODALITY,
    _DESCRIPTION,
    _SERIES_UID,
    _POSITION,
    _ORIENTATION,
    _SAMPLES,
    _GREYS,
    _FRAMES,
    _ROWS,
    _COLUMNS,
    _PIXEL_SPACING,
    _BITS,
)


@dataclass(frozen=True)
class SeriesInfo:
    """One series of a DICOM folder."""

    uid: str
    modality: str
    description: str
    slices: int

    def __str__(self) -> str:
        return f"{self.uid}  {self.slices} slices  {self.modality}  {self.description or '-'}"


@dataclass(frozen=True)
class _Slice:
    path: Path
    tags: dict[str, str]

    def text(self, tag: tuple[str, str]) -> str:
        return self.tags.get(tag[0], "")

    def numbers(self, tag: tuple[str, str], count: int) -> list[float]:
        """Values of a tag that every CT slice has."""
        key, name = tag
        where = f"{name} ({key.replace('|', ',')})"
        text = self.text(tag)
        if not text:
            raise BadVolume(
                f"{self.path}: {where} is missing, which every slice of a CT has; this file's "
                f"modality is {self.text(_MODALITY) or 'missing, too'}"
            )
        try:
            values = [float(part) for part in text.split("\\")]
        except ValueError:
            values = []
        if len(values) != count or not all(math.isfinite(value) for value in values):
            raise BadVolume(f"{self.path}: {where} is {text!r}, expected {count} numbers")
        return values

    def header(self) -> SliceHeader:
        self._require_single_grey_frame()
        # plan_series checks what the values mean; here they only have to be there.
        rows, columns = (int(self.numbers(tag, 1)[0]) for tag in (_ROWS, _COLUMNS))
        return SliceHeader(
            name=self.path.name,
            series_uid=self.text(_SERIES_UID),
            modality=self.text(_MODALITY),
            localizer="LOCALIZER" in self.text(_IMAGE_TYPE).upper().split("\\"),
            position_mm=self.numbers(_POSITION, 3),
            orientation=self.numbers(_ORIENTATION, 6),
            pixel_spacing_mm=self.numbers(_PIXEL_SPACING, 2),
            rows=rows,
            columns=columns,
        )

    def read(self) -> NDArray[Any]:
        """Read HU (rows, columns): int16, or floating where the rescale slope is not whole."""
        import SimpleITK

        rows, columns, bits = (int(self.numbers(tag, 1)[0]) for tag in (_ROWS, _COLUMNS, _BITS))
        require_all_pixels(self.path, rows, columns, bits)
        reader = _gdcm_reader()
        reader.SetFileName(str(self.path))
        try:
            image = reader.Execute()
        except RuntimeError as error:
            raise Io(f"{self.path}: its pixels cannot be decoded ({itk_reason(error)})") from error
        pixels: NDArray[Any] = SimpleITK.GetArrayFromImage(image)[0]
        if pixels.dtype == np.int16 or pixels.dtype.kind == "f":
            return pixels
        limits = np.iinfo(np.int16)
        lowest, highest = int(pixels.min()), int(pixels.max())
        if lowest < limits.min or highest > limits.max:
            raise BadVolume(
                f"{self.path}: holds {lowest if lowest < limits.min else highest} HU, beyond "
                "int16; its rescale slope and intercept are suspect"
            )
        return pixels.astype(np.int16)

    def _require_single_grey_frame(self) -> None:
        frames = self.text(_FRAMES) or "1"
        samples = self.text(_SAMPLES) or "1"
        if frames != "1":
            raise BadVolume(
                f"{self.path}: a multi-frame image ({frames} frames) is not supported; convert it "
                "to one file a slice, or to .nii.gz or .mha"
            )
        if samples != "1":
            raise BadVolume(
                f"{self.path}: {samples} samples a pixel (a colour image); a CT slice has 1"
            )
        # Of the display alone, but some versions of ITK turn the stored values round.
        if self.text(_GREYS) == "MONOCHROME1":
            raise BadVolume(
                f"{self.path}: its greys are inverted (photometric interpretation MONOCHROME1), "
                "which readers understand differently; convert it to MONOCHROME2"
            )


def list_series(folder: str | os.PathLike[str]) -> list[SeriesInfo]:
    """List the series of a DICOM folder, by UID.

    Raises
    ------
    lungrt.errors.Io
        For a folder that does not exist or a damaged DICOM file.
    lungrt.errors.BadVolume
        For a folder without DICOM images.
    """
    return [_info(uid, slices) for uid, slices in _find_series(Path(folder)).items()]


def read_series(folder: Path, *, series: str | None = None, resample: bool = False) -> CtVolume:
    """Read one series of a DICOM folder; see `lungrt.read_ct`."""
    slices = _choose(folder, _find_series(folder), series)
    try:
        layout = plan_series([item.header() for item in slices], resample=resample)
    except BadVolume as error:
        raise BadVolume(f"{folder}: {error}") from error

    @functools.lru_cache(maxsize=2)  # neighbouring slices of a resampled volume share inputs
    def plane(index: int) -> NDArray[Any]:
        return slices[index].read()

    def blended(blend: SliceBlend) -> NDArray[Any]:
        lower = plane(blend.lower)
        if blend.weight == 0.0:
            return lower
        upper = plane(blend.upper)
        mixed = (1.0 - blend.weight) * lower + blend.weight * upper
        whole = lower.dtype == upper.dtype == np.int16
        return np.rint(mixed).astype(np.int16) if whole else mixed

    with _pool() as pool:
        hu = _stack(pool.map(blended, layout.slices), len(layout.slices))
    return CtVolume(hu, layout.geometry, series_uid=layout.series_uid, notes=layout.notes)


def _stack(planes: Iterable[NDArray[Any]], count: int) -> NDArray[Any]:
    """Stack planes as they come: the volume is in memory once, not twice."""
    volume: NDArray[Any] = np.empty(0, np.int16)
    for index, plane in enumerate(planes):
        if index == 0:
            volume = np.empty((count, *plane.shape), plane.dtype)
        kind = np.result_type(volume, plane)
        if kind != volume.dtype:  # a slice whose rescale slope is not whole
            volume = volume.astype(kind)
        volume[index] = plane
    return volume


def _choose(folder: Path, found: dict[str, list[_Slice]], wanted: str | None) -> list[_Slice]:
    if wanted is None and len(found) == 1:
        return next(iter(found.values()))
    if wanted in found:
        return found[wanted]
    listing = "\n".join(f"  {_info(uid, slices)}" for uid, slices in found.items())
    if wanted is None:
        raise InvalidArgument(
            f"{folder}: holds {len(found)} series; choose one by its UID (series=, --series):\n"
            f"{listing}"
        )
    raise InvalidArgument(f"{folder}: holds no series {wanted}, but:\n{listing}")


def _info(uid: str, slices: list[_Slice]) -> SeriesInfo:
    first = slices[0]
    return SeriesInfo(uid, first.text(_MODALITY), first.text(_DESCRIPTION), len(slices))


def _find_series(folder: Path) -> dict[str, list[_Slice]]:
    """Slices by series UID, both in order of their names."""
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise Io(f"{folder}: cannot be listed ({error.strerror})") from error
    files = [path for path in entries if path.is_file()]
    found: dict[str, list[_Slice]] = {}
    for item in _read_headers(files):
        found.setdefault(item.text(_SERIES_UID), []).append(item)
    if not found:
        folders = [path.name for path in entries if path.is_dir()]
        hint = f"; it has sub-folders, which are not searched: {', '.join(folders[:5])}"
        raise BadVolume(
            f"{folder}: holds no DICOM image among its {len(files)} files{hint if folders else ''}"
        )
    return dict(sorted(found.items()))


def _read_headers(files: Iterable[Path]) -> Iterable[_Slice]:
    with _pool() as pool:
        for item in pool.map(_read_header, files):
            if item is not None:
                yield item


def _read_header(path: Path) -> _Slice | None:
    try:
        require_sane_runs(path)  # GDCM looks at them as soon as it reads the header
    except Io:
        if may_be_ct(path):
            raise
        return None
    reader = _gdcm_reader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        if may_be_ct(path):
            raise Io(
                f"{path}: damaged or truncated DICOM file ({itk_reason(error)}); fetch it anew "
                "or move it out of the folder"
            ) from error
        return None
    tags = {key: _clean(reader.GetMetaData(key)) for key, _ in _TAGS if reader.HasMetaDataKey(key)}
    return _Slice(path, tags)


def _pool() -> ThreadPoolExecutor:
    """Threads for files: SimpleITK releases the GIL while it reads one."""
    return ThreadPoolExecutor(max_workers=min(8, available_threads()))


def _gdcm_reader() -> SimpleITK.ImageFileReader:
    import SimpleITK

    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    return reader


def _clean(text: str) -> str:
    """Text of a tag without its padding; bytes that are not UTF-8 become replacement characters."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip(" \0")
