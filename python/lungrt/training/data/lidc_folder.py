"""CTs of the LIDC with their readings, as The Cancer Imaging Archive hands them out."""

from __future__ import annotations

from pathlib import Path

from lungrt import read_ct
from lungrt.errors import InvalidArgument
from lungrt.training.data.cache import CropCache
from lungrt.training.data.lidc import group_nodules, parse_lidc
from lungrt.training.data.samples import DataSet, Sample
from lungrt.training.data.volumes import CtCrops


def is_lidc(folder: Path) -> bool:
    """Tell whether a folder, or one in it, holds XML files."""
    return next(folder.glob("**/*.xml"), None) is not None


def read_lidc(folder: Path, *, cache: CropCache | None = None, readers: int = 1) -> DataSet:
    """Read every XML file below a folder, and find the CT that it is about.

    The CT are the DICOM files of the XML file's own folder, or of the folder of its name beside it.
    Nodules carry every reader's rating; places that a reader marked as no nodule are non-nodules.

    Parameters
    ----------
    folder : path
        Searched with all folders in it.
    cache : CropCache, optional
        Keeps crops.
    readers : int
        Leave out nodules that fewer readers outlined; LUNA16 asks for 3.

    Raises
    ------
    InvalidArgument
        A reading is malformed, is there twice, or is about another series than the CT beside it.
    Io, BadVolume
        A file or a CT cannot be read.
    """
    samples: list[Sample] = []
    paths: dict[str, Path] = {}
    for path in sorted(folder.glob("**/*.xml")):
        reading = parse_lidc(path)
        beside = path.with_suffix("")
        place = beside if beside.is_dir() else path.parent
        volume = read_ct(place)
        uid = reading.series_uid
        if uid in paths:
            raise InvalidArgument(f"{path}: a second reading of series {uid}; remove one of them")
        if volume.series_uid != uid:
            raise InvalidArgument(
                f"{path}: a reading of series {uid}, but {place} holds series {volume.series_uid}"
            )
        paths[uid] = place
        nodules = group_nodules(reading, volume.geometry)
        samples += [nodule for nodule in nodules if len(nodule.ratings) >= readers]
        slices, rows, columns = volume.shape
        for x, y, z_mm in reading.non_nodules:
            world = volume.geometry.to_world((0.0, y, x))
            center = (world[0], world[1], z_mm)
            index = volume.geometry.to_index(center, "exact")
            if not all(0 <= i < n for i, n in zip(index, (slices, rows, columns), strict=True)):
                raise InvalidArgument(
                    f"{path}: a mark at pixel ({x}, {y}), z = {z_mm:g} mm lies outside of {place}"
                )
            samples.append(Sample(uid, uid, center, is_nodule=False))
    return DataSet("LIDC", tuple(samples), CtCrops(paths, cache), paths)
