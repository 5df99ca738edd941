"""What the user gives to be compared: CTs, reports, and settings with which to diagnose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lungrt.errors import InvalidArgument, Io

if TYPE_CHECKING:
    from pathlib import Path

    from lungrt.io.discovery import FoundCt

__all__ = ["Settings", "find_cts", "find_reports"]


@dataclass(frozen=True)
class Settings:
    """Settings with which to diagnose CTs.

    Attributes
    ----------
    text : str
        The settings as the user wrote them.
    bundle : str
        Folder of the bundle.
    pipeline : dict
        Keyword arguments of `lungrt.Pipeline`.
    limits : dict
        Keyword arguments of `lungrt.Pipeline.run` that limit it.
    """

    text: str
    bundle: str
    pipeline: dict[str, Any]
    limits: dict[str, Any]


def find_cts(path: Path) -> list[FoundCt]:
    """Return the CTs that a path stands for, sorted by path.

    A file is a CT. A folder stands for every image file and DICOM series in it and below it; a
    folder in which nothing is found is returned as a CT, so that reading it says what is wrong.

    Raises
    ------
    lungrt.errors.Io
        If the path does not exist.
    """
    from lungrt.io.discovery import FoundCt, discover_cts

    if not path.exists():
        raise Io(f"{path}: no such file or folder; expected a CT, or a folder of CTs")
    return (path.is_dir() and discover_cts(path)) or [FoundCt(path)]


def find_reports(a: Path, b: Path) -> tuple[list[tuple[Path, Path]], list[Path]]:
    """Return pairs of reports, and reports without a counterpart.

    Two files are a pair; two folders contain pairs of .json files with the same name.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If one is a file and the other a folder, or the folders have no report of the same name.
    """
    if not a.is_dir() and not b.is_dir():
        return [(a, b)], []
    if a.is_dir() != b.is_dir():
        raise InvalidArgument(f"{a} and {b}: expected two reports, or two folders of reports")
    # A name that begins with a dot is a file that another process is still writing.
    ours, theirs = ({path.name: path for path in folder.glob("[!.]*.json")} for folder in (a, b))
    both = sorted(ours.keys() & theirs.keys())
    if not both:
        raise InvalidArgument(f"{a} and {b}: no two reports (.json files) have the same name")
    alone = [*(ours[name] for name in ours.keys() - theirs.keys())]
    alone += [theirs[name] for name in theirs.keys() - ours.keys()]
    return [(ours[name], theirs[name]) for name in both], sorted(alone)
