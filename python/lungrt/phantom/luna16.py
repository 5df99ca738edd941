# mypy: untyped-calls-exclude=SimpleITK
"""Writer of phantoms as a folder in the layout of LUNA16."""

from __future__ import annotations

import dataclasses
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from lungrt.data.csv_file import csv_text
from lungrt.data.luna16_format import (
    ANNOTATION_COLUMNS,
    ANNOTATIONS,
    CANDIDATE_COLUMNS,
    CANDIDATES,
    LUNG_MASKS,
    NODULE_MASKS,
    PLANTED,
    PLANTED_COLUMNS,
    RATED,
    RATED_COLUMNS,
    SERIES,
    SUBSETS,
)
from lungrt.errors import InvalidArgument, Io
from lungrt.phantom.grid import stream
from lungrt.write_aside import replaced_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from lungrt.phantom.scan import Phantom

__all__ = ["Luna16Folder", "luna16_folder"]

_NEGATIVES = 40  # candidates per scan that are not nodules
_SUSPECT_HU = -500  # voxels of a lung above this may become such candidates

_CANDIDATES = CANDIDATES[-1]
_HEADERS = {
    ANNOTATIONS: ANNOTATION_COLUMNS,
    RATED: RATED_COLUMNS,
    _CANDIDATES: CANDIDATE_COLUMNS,
    PLANTED: PLANTED_COLUMNS,
}


class Luna16Folder:
    """Writer of scans into a folder, and of the tables when it is finished.

    ``subset0`` to ``subset9`` hold ``<seriesuid>.mhd`` and ``.raw``. ``annotations.csv``,
    ``annotations_with_malignancy.csv``, ``candidates.csv`` and ``seriesuids.csv`` have the columns
    of LUNA16's and the book's tables. In addition, ``planted.csv`` has the appearance of each
    nodule and ``phantoms.json`` the options of each scan. Masks are written to
    ``seg-lungs-LUNA16`` (3 left, 4 right, 5 airway) and ``seg-nodules`` (the label in
    ``planted.csv``).
    """

    def __init__(self, folder: Path, *, masks: bool = False) -> None:
        self._folder, self._masks = folder, masks
        self._rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in _HEADERS}
        self._options: dict[str, object] = {}

    def add(self, phantom: Phantom) -> Path:
        """Write a scan and return the path of its file.

        Raises
        ------
        lungrt.errors.InvalidArgument
            The folder already has a scan of this series.
        """
        uid = phantom.series_uid
        if uid in self._options:
            raise InvalidArgument(
                f"series {uid} was given twice; the scans of a folder need different seeds"
            )
        place = self._folder / f"subset{len(self._options) % SUBSETS}" / f"{uid}.mhd"
        options = phantom.options
        self._options[uid] = dataclasses.asdict(options) if options else None
        _write_image(phantom.hu, phantom, place)
        if self._masks:
            _write_image(phantom.lung_labels, phantom, self._folder / f"{LUNG_MASKS}/{uid}.mhd")
            _write_image(phantom.nodule_labels, phantom, self._folder / f"{NODULE_MASKS}/{uid}.mhd")
        for nodule in phantom.nodules:
            row = (uid, *nodule.center_mm, nodule.diameter_mm)
            low, high = nodule.box_mm
            ratings = list(nodule.ratings)
            self._rows[ANNOTATIONS].append(row)
            self._rows[RATED].append(
                (*row, nodule.malignant, str(ratings), *low, *high, len(ratings))
            )
            self._rows[PLANTED].append(
                (*row, nodule.density, nodule.shape, nodule.attachment, nodule.malignant,
                 nodule.label)
            )  # fmt: skip
            self._rows[_CANDIDATES].append((uid, *nodule.center_mm, 1))
        for center in _negatives(phantom):
            self._rows[_CANDIDATES].append((uid, *center, 0))
        return place

    def finish(self) -> None:
        """Write the tables."""
        for name, header in _HEADERS.items():
            _write_text(self._folder / name, csv_text(header, self._rows[name]))
        _write_text(self._folder / SERIES, "".join(f"{uid}\n" for uid in self._options))
        _write_text(self._folder / "phantoms.json", json.dumps(self._options, indent=1) + "\n")


@contextmanager
def luna16_folder(output: Path, *, masks: bool = False) -> Iterator[Luna16Folder]:
    """Create the output folder from the scans that the block adds, if it raises nothing.

    Raises
    ------
    lungrt.errors.Io
        The output exists and is not an empty folder, or it cannot be written.
    """
    with replaced_folder(output, _require_empty) as folder:
        writer = Luna16Folder(folder, masks=masks)
        yield writer
        writer.finish()


def _require_empty(output: Path) -> None:
    if not output.is_dir():
        raise Io(f"{output}: this is a file; choose a folder that does not exist yet")
    if any(output.iterdir()):
        raise Io(
            f"{output}: the folder exists and is not empty; refusing to overwrite it. Choose a "
            "folder that does not exist yet"
        )


def _negatives(phantom: Phantom) -> list[tuple[float, float, float]]:
    """Return positions in the lungs that are dense but not nodules: vessels, fissures, walls."""
    suspect = phantom.lung & (phantom.hu > _SUSPECT_HU) & (phantom.nodule_labels == 0)
    places = np.argwhere(suspect)
    seed = phantom.options.seed if phantom.options else int(phantom.series_uid[-15:])
    found: list[tuple[float, float, float]] = []
    for place in stream(seed, "candidates").permutation(places):
        if len(found) == _NEGATIVES:
            break
        center = phantom.geometry.to_world(place)
        if all(
            np.linalg.norm(np.subtract(center, nodule.center_mm)) > nodule.diameter_mm
            for nodule in phantom.nodules
        ):
            found.append(center)
    return found


def _write_image(voxels: NDArray[np.generic], phantom: Phantom, path: Path) -> None:
    import SimpleITK

    geometry = phantom.geometry
    image = SimpleITK.GetImageFromArray(voxels)
    image.SetOrigin(geometry.origin_mm)
    image.SetSpacing(geometry.spacing_mm)
    image.SetDirection([value for row in geometry.direction for value in row])
    path.parent.mkdir(exist_ok=True)
    try:
        SimpleITK.WriteImage(image, os.fspath(path), useCompression=False)
    except RuntimeError as error:
        raise Io(f"{path.name}: cannot write this file ({error}); the disk may be full") from error


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
