"""Reader of CTs of the LIDC with their readings, as The Cancer Imaging Archive publishes them."""

from __future__ import annotations

from pathlib import Path

from lungrt import read_ct
from lungrt.errors import InvalidArgument
from lungrt.training.data.cache import CropCache
from lungrt.training.data.lidc import group_nodules, parse_lidc
from lungrt.training.data.samples import DataSet, Sample
from lungrt.training.data.volumes import CtCrops


def is_lidc(folder: Path) -> bool:
    """Return whether a folder or one of its subfolders has XML files."""
    return next(folder.glob("**/*.xml"), None) is not None


def read_lidc(folder: Path, *, cache: CropCache | None = None, readers: int = 1) -> DataSet:
    """Read every XML file below a folder, and find its CT.

    The CT consists of the DICOM files in the folder of the XML file, or in the folder beside it
    that has its name. Nodules have the ratings of all readers; positions that a reader marked as
    non-nodules are non-nodules.

    Parameters
    ----------
    folder : path
        Folder that is searched, including its subfolders.
    cache : CropCache, optional
        Cache for crops.
    readers : int
        Smallest number of readers who outlined a nodule; others are left out. LUNA16 uses 3.

    Raises
    ------
    InvalidArgument
        A reading is malformed, exists twice, or belongs to another series than the CT beside it.
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
            raise InvalidArgument(
                f"{path}: this is a second reading of series {uid}; remove one of them"
            )
        if volume.series_uid != uid:
            raise InvalidArgument(
                f"{path}: this is a reading of series {uid}, but {place} has series "
                f"{volume.series_uid}"
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
                    f"{path}: the non-nodule at pixel ({x}, {y}), z = {z_mm:g} mm is outside of "
                    f"the CT in {place}"
                )
            samples.append(Sample(uid, uid, center, is_nodule=False))
    return DataSet("LIDC", tuple(samples), CtCrops(paths, cache), paths)
