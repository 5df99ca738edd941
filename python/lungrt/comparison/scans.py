"""The CTs, or reports, that were named by a file or by a folder of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lungrt.errors import InvalidArgument, Io

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["find_cts", "find_reports"]

_IMAGES = (".mhd", ".mha", ".nii", ".nii.gz", ".nrrd", ".nhdr")


def find_cts(path: Path) -> list[Path]:
    """Return the CTs below a path, by name.

    A file is a CT, and so is a folder that has neither sub-folders nor images: its slices are taken
    for a DICOM series. In any other folder each image and each sub-folder is one.

    Raises
    ------
    lungrt.errors.Io
        There is no such path.
    """
    if not path.exists():
        raise Io(f"{path}: no such file or folder; expected a CT, or a folder of CTs")
    if not path.is_dir():
        return [path]
    inside = [
        entry
        for entry in sorted(path.iterdir())
        if not entry.name.startswith(".")
        and (entry.is_dir() or entry.name.lower().endswith(_IMAGES))
    ]
    return inside or [path]


def find_reports(a: Path, b: Path) -> tuple[list[tuple[Path, Path]], list[Path]]:
    """Return pairs of reports, and those without a partner.

    Two files are a pair; two folders hold pairs of files FILE.json of the same name.

    Raises
    ------
    lungrt.errors.InvalidArgument
        One is a file and the other a folder, or no folder holds a report that the other has.
    """
    if not a.is_dir() and not b.is_dir():
        return [(a, b)], []
    if a.is_dir() != b.is_dir():
        raise InvalidArgument(f"{a} and {b}: expected two reports, or two folders of reports")
    ours, theirs = ({path.name: path for path in folder.glob("*.json")} for folder in (a, b))
    both = sorted(ours.keys() & theirs.keys())
    if not both:
        raise InvalidArgument(f"{a} and {b}: hold no reports FILE.json of the same name")
    alone = [*(ours[name] for name in ours.keys() - theirs.keys())]
    alone += [theirs[name] for name in theirs.keys() - ours.keys()]
    return [(ours[name], theirs[name]) for name in both], sorted(alone)
