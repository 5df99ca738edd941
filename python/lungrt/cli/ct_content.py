"""What the path of a CT holds, for ``lungrt info``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

from lungrt.errors import BadVolume, InvalidArgument

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from lungrt import SeriesInfo

__all__ = ["describe_ct", "is_ct", "print_ct"]


def is_ct(path: Path) -> bool:
    """Return whether something is at a path that is no bundle, so that it can only be a CT."""
    return path.is_file() or (path.is_dir() and not (path / "manifest.json").exists())


def describe_ct(path: Path) -> dict[str, Any]:
    """Return the series of a DICOM folder, or the size of an image file, as values of JSON.

    Raises
    ------
    lungrt.errors.Error
        If there is no CT at the path.
    """
    from lungrt import list_series, read_ct
    from lungrt.io.archive import is_zip
    from lungrt.io.discovery import image_suffix

    if image_suffix(path.name) and not is_zip(path):
        volume = read_ct(path)
        return {
            "path": str(path),
            "shape": list(volume.shape),
            "spacing_mm": list(volume.geometry.spacing_mm),
            "origin_mm": list(volume.geometry.origin_mm),
            "notes": list(volume.notes),
        }
    try:
        found = list_series(path)
    except BadVolume as error:
        if path.is_file():
            raise
        raise InvalidArgument(
            f"{path} is not a bundle, because it has no manifest.json, and no CT: {error}"
        ) from error
    return {"path": str(path), "series": [_describe(series) for series in found]}


def _describe(series: SeriesInfo) -> dict[str, Any]:
    return {
        "uid": series.uid,
        "number": series.number,
        "modality": series.modality,
        "description": series.description,
        "images": series.slices,
        "problem": series.problem,
        "notes": series.notes,
        "parts": [
            {
                "name": part.name,
                "slices": part.slices,
                "kernel": part.kernel,
                "acquisition": part.acquisition,
                "phase": part.phase,
                "shape": list(part.shape),
                "spacing_mm": list(part.spacing_mm),
                "problem": part.problem,
            }
            for part in series.parts
        ],
    }


def print_ct(console: Console, content: dict[str, Any]) -> None:
    """Print what `describe_ct` returned."""
    if "series" not in content:
        console.print(
            f"{content['path']}: {' x '.join(map(str, content['shape']))} voxels (slices, rows, "
            f"columns) of {_spacing(content['spacing_mm'])} mm (x, y, z)",
            soft_wrap=True,
        )
        _print_notes(console, content["notes"])
        return
    table = Table("", "number", "description", "modality", "kernel", "slices", box=box.SIMPLE_HEAD)
    table.add_column("spacing x, y, z\nmm", no_wrap=True)
    table.add_column("rows x\ncolumns", no_wrap=True)
    names: list[str] = []
    for series in content["series"]:
        for *row, name in _rows(series):
            names.append(name)
            table.add_row(
                str(len(names)), series["number"], series["description"], series["modality"], *row
            )
    console.print(table)
    console.print("To read one of them, give its UID to --series:")
    # Each on a line of its own, because they are copied from here.
    for number, name in enumerate(names, start=1):
        console.print(f"{number:>3}  {name}", soft_wrap=True)
    for series in content["series"]:
        _print_notes(console, [f"series {series['uid']}: {note}" for note in series["notes"]])
        problems = [series["problem"]] if series["problem"] else []
        problems += [f"{p['name']}: {p['problem']}" for p in series["parts"] if p["problem"]]
        for problem in problems:
            console.print(f"no volume: {problem}", soft_wrap=True, style="yellow")


def _rows(series: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Return kernel, slices, spacing, size and name of each part; one row if there is none."""
    if not series["parts"]:
        return [("", str(series["images"]), "-", "-", series["uid"])]
    several = len(series["parts"]) > 1
    return [
        (
            part["kernel"],
            str(part["slices"]),
            "-" if part["problem"] else _spacing(part["spacing_mm"]),
            "-" if part["problem"] else f"{part['shape'][1]} x {part['shape'][2]}",
            part["name"] if several else series["uid"],
        )
        for part in series["parts"]
    ]


def _spacing(spacing_mm: list[float]) -> str:
    return " x ".join(f"{value:.4g}" for value in spacing_mm)


def _print_notes(console: Console, notes: list[str]) -> None:
    for note in notes:
        console.print(f"note: {note}", soft_wrap=True, style="yellow")
