"""Training data from LUNA16: its tables, and the CT and masks of each series."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from lungrt.data.annotations import Nodule
from lungrt.data.candidates import read_non_nodules
from lungrt.data.luna16_format import NODULE_MASKS, SERIES
from lungrt.data.placement import check_diameters, check_placement, read_extent
from lungrt.data.scans import find_scans
from lungrt.data.truth import has_annotations, read_truth
from lungrt.errors import InvalidArgument, Io
from lungrt.training.data.cache import CropCache
from lungrt.training.data.samples import DataSet, Sample
from lungrt.training.data.volumes import CtCrops

_HEADER_BYTES = 4096  # of a MetaImage, in which its data file is named


def is_luna16(folder: Path) -> bool:
    """Return whether a folder has the layout of LUNA16."""
    return has_annotations(folder) or any(folder.glob("subset*/*.mhd"))


def read_luna16(
    folder: Path, *, cache: CropCache | None = None, allow_missing: bool = False
) -> DataSet:
    """Read the tables of LUNA16 and find the CT of each series.

    Nodules are those of `lungrt.data.truth.read_truth`, and non-nodules the candidates of class 0.
    The nodules' masks are those of ``seg-nodules/<seriesuid>.mhd``, which phantoms have; otherwise
    they are grown from the centres.

    Parameters
    ----------
    folder : path
        Folder with the tables and with ``subset0`` ... ``subset9``, which have
        ``<seriesuid>.mhd`` and ``.raw``.
    cache : CropCache, optional
        Cache for crops.
    allow_missing : bool
        Leave out series whose CT does not exist, such as after downloading only some subsets. By
        default this is an error.

    Raises
    ------
    InvalidArgument
        A table is malformed, has a line twice, or has positions outside of their CT; there is no
        nodule; a series has no CT, or a CT is not in the list of series.
    Io
        A file cannot be read.
    """
    truth = read_truth(folder)
    if not truth.nodules:
        raise InvalidArgument(f"{folder}: the annotations have no nodule to train on")
    nodules = [_nodule(nodule) for nodule in truth.nodules]
    patients = {sample.series_uid: sample.patient for sample in nodules}
    non_nodules, table = read_non_nodules(folder)
    negatives = [
        Sample(uid, patients.get(uid, uid), center, is_nodule=False) for uid, center in non_nodules
    ]
    check_diameters(nodules, f"{folder}: annotations")
    wanted = set(truth.series or ()) | {s.series_uid for s in (*nodules, *negatives)}
    paths = _image_files(folder, wanted)
    if truth.series is not None and (unlisted := sorted(set(paths) - set(truth.series))):
        raise InvalidArgument(
            f"{paths[unlisted[0]]}: the series of this CT is not in {SERIES} of {folder} "
            f"({len(unlisted)} such CTs); remove the files, or add their series to the list"
        )
    missing = sorted(wanted - set(paths))
    if missing and not allow_missing:
        raise InvalidArgument(
            f"{folder}: {len(missing)} of {len(wanted)} series have no file subsetN/<series>.mhd, "
            f"such as {missing[0]}; download them, or leave them out with --allow-missing"
        )
    nodules = [sample for sample in nodules if sample.series_uid in paths]
    negatives = [sample for sample in negatives if sample.series_uid in paths]
    placed = {s.series_uid for s in (*nodules, *negatives)}
    extents = {uid: read_extent(paths[uid]) for uid in sorted(placed)}
    check_placement(nodules, extents, f"{folder}: annotations")
    check_placement(negatives, extents, str(table))
    notes = (
        (f"{len(missing)} of {len(wanted)} series were left out because their CTs are missing",)
        if missing
        else ()
    )
    crops = CtCrops(paths, cache)
    masks = {path.stem: path for path in (folder / NODULE_MASKS).glob("*.mhd")}
    masks = {uid: path for uid, path in masks.items() if uid in paths}
    return DataSet("LUNA16", (*nodules, *negatives), crops, paths, notes, masks)


def _nodule(nodule: Nodule) -> Sample:
    return Sample(
        series_uid=nodule.series_uid,
        patient=nodule.patient or nodule.series_uid,
        center_mm=nodule.center_mm,
        is_nodule=True,
        diameter_mm=nodule.diameter_mm,
        malignant=nodule.malignant,
        ratings=nodule.ratings,
    )


def _image_files(folder: Path, named: Collection[str]) -> dict[str, Path]:
    """Return the image file of every series, sorted by UID.

    Raises
    ------
    InvalidArgument
        There is no CT, a series was found twice, or a CT is a folder of DICOM files.
    Io
        The data file of a header is missing.
    """
    paths = {scan.series_uid: scan.path for scan in find_scans(folder, named)}
    for path in paths.values():
        if path.is_dir():
            raise InvalidArgument(
                f"{path}: this CT is a folder of DICOM files; training reads image files here. "
                "Convert it to .mhd, or list the CTs in a nodules.csv"
            )
        # Found now, not in the middle of a training.
        if path.suffix == ".mhd" and not (data := _data_file(path)).is_file():
            raise Io(f"{path}: data file {data.name} not found beside this header")
    if not paths:
        raise InvalidArgument(
            f"{folder}: no file subsetN/<series>.mhd found; expected LUNA16 as it is published"
        )
    return paths


def _data_file(header: Path) -> Path:
    """Return the file with the voxels of a MetaImage: the header itself if it has them."""
    with header.open("rb") as file:
        found = re.search(rb"(?m)^ElementDataFile\s*=\s*(\S+)\s*$", file.read(_HEADER_BYTES))
    name = found[1].decode(errors="replace") if found else "LOCAL"
    return header if name in ("LOCAL", "LIST") or "%" in name else header.parent / name
