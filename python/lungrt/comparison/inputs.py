"""What the user gives to be compared: CTs, reports, and settings with which to diagnose."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lungrt.errors import InvalidArgument, Io
from lungrt.profiles import DEFAULT_PROFILE

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Settings", "find_cts", "find_reports", "parse_settings"]

_IMAGES = (".mhd", ".mha", ".nii", ".nii.gz", ".nrrd", ".nhdr")
_NAMES = (
    "bundle",
    "engine",
    "device",
    "precision",
    "profile",
    "geometry",
    "region",
    "merge_marks",
    "kernels",
    "threads",
)
_OPTION = "option."


@dataclass(frozen=True)
class Settings:
    """Bundle and arguments with which to open a `lungrt.Pipeline`.

    Attributes
    ----------
    text : str
        The settings as the user wrote them.
    bundle : str
        Folder of the bundle.
    arguments : dict
        Keyword arguments; for those that are missing, the pipeline's defaults apply.
    """

    text: str
    bundle: str
    arguments: dict[str, Any] = field(default_factory=dict)


def parse_settings(text: str, bundle: str | None) -> Settings:
    """Parse settings: NAME=VALUE pairs separated by spaces; values with spaces are quoted.

    Parameters
    ----------
    text
        The settings; empty means the defaults of ``lungrt diagnose``.
    bundle
        Folder of the bundle if the settings do not name one.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If a setting is not of that form, unknown or given twice, or if no bundle is given.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:  # an opening quote without a closing one
        raise InvalidArgument(f"settings {text!r}: {error}") from error
    given: dict[str, str] = {}
    options: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals and value):
            raise InvalidArgument(
                f"settings {text!r}: {word!r} is not of the form NAME=VALUE; expected such pairs "
                f"separated by spaces, with the names {', '.join(_NAMES)}, and {_OPTION}NAME for a "
                "setting of the engine"
            )
        target = options if name.startswith(_OPTION) or name == "kernels" else given
        key = name.removeprefix(_OPTION)
        if target is given and name not in _NAMES:
            raise InvalidArgument(
                f"settings {text!r}: unknown name {name}; expected {', '.join(_NAMES)}, or "
                f"{_OPTION}NAME for a setting of the engine"
            )
        if key in target:
            raise InvalidArgument(f"settings {text!r}: {name} is given twice")
        target[key] = value
    found = given.pop("bundle", bundle)
    if not found:
        raise InvalidArgument(
            f"settings {text!r}: no bundle is given; add --bundle, or bundle=... to the settings"
        )
    arguments: dict[str, Any] = {"profile": DEFAULT_PROFILE, **given}
    if "threads" in given:
        arguments["threads"] = _threads(given["threads"], text)
    if "merge_marks" in given:
        arguments["merge_marks"] = _yes_or_no(given["merge_marks"], text)
    if options:
        arguments["engine_options"] = options
    return Settings(text or "defaults", found, arguments)


def _yes_or_no(value: str, text: str) -> bool:
    if value not in ("yes", "no"):
        raise InvalidArgument(f"settings {text!r}: merge_marks={value}: expected yes or no")
    return value == "yes"


def _threads(value: str, text: str) -> int:
    if not (value.isascii() and value.isdecimal() and int(value) > 0):
        raise InvalidArgument(
            f"settings {text!r}: threads={value}: expected a whole number of at least 1"
        )
    return int(value)


def find_cts(path: Path) -> list[Path]:
    """Return the paths of the CTs that a path stands for, sorted by name.

    A file is a CT, and so is a folder without sub-folders and image files, which is taken for a
    DICOM series. In any other folder, each image file and each sub-folder is a CT.

    Raises
    ------
    lungrt.errors.Io
        If the path does not exist.
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
    ours, theirs = ({path.name: path for path in folder.glob("*.json")} for folder in (a, b))
    both = sorted(ours.keys() & theirs.keys())
    if not both:
        raise InvalidArgument(f"{a} and {b}: no two reports (.json files) have the same name")
    alone = [*(ours[name] for name in ours.keys() - theirs.keys())]
    alone += [theirs[name] for name in theirs.keys() - ours.keys()]
    return [(ours[name], theirs[name]) for name in both], sorted(alone)
