"""Reader of the LIDC's XML files, which hold the outlines and ratings of several radiologists.

Each reading session of a file belongs to one reader. Nodules of 3 mm or more have ratings and a
contour in each slice, whose points lie just outside of the nodule. Smaller nodules have a single
point and no ratings, and non-nodules have a single point. `parse_lidc` reads a file,
`group_nodules` combines the outlines of several readers to physical nodules, and `nodule_mask`
fills the contours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from lungrt import CtVolume, Geometry
from lungrt.errors import BadVolume, InvalidArgument, Io
from lungrt.training.data.samples import Sample, Triple

_NAMESPACE = "{http://www.nih.gov}"


@dataclass(frozen=True)
class Contour:
    """Contour in a slice.

    Attributes
    ----------
    z_mm : float
        World z coordinate of the slice.
    points : tuple of (int, int)
        Pixels (x, y) = (column, row).
    inclusion : bool
        Whether the enclosed area belongs to the nodule; if not, it is a hole.
    """

    z_mm: float
    points: tuple[tuple[int, int], ...]
    inclusion: bool


@dataclass(frozen=True)
class Outline:
    """Outline of a nodule by one reader.

    Attributes
    ----------
    reader : int
        Number of the reading session in the file, from 0; it is not the same person in every file.
    name : str
        The reader's name for the nodule.
    ratings : dict of str to int
        Ratings by trait; empty for nodules under 3 mm.
    contours : tuple of Contour
    """

    reader: int
    name: str
    ratings: dict[str, int]
    contours: tuple[Contour, ...]


@dataclass(frozen=True)
class Reading:
    """Content of a file: the findings of all readers in a series."""

    series_uid: str
    readers: int
    outlines: tuple[Outline, ...]
    non_nodules: tuple[tuple[int, int, float], ...]  # x, y (pixels), z (mm)


def parse_lidc(path: Path) -> Reading:
    """Read an XML file of the LIDC.

    Raises
    ------
    Io
        The file cannot be read, is not XML, or declares entities, which are not expanded.
    InvalidArgument
        The file is not a reading of a CT, an element is missing, or a value is not a number.
    """
    try:
        root: Element = parse(path, forbid_dtd=True).getroot()
    except (OSError, ParseError) as error:
        raise Io(f"{path}: cannot read the file as XML ({error})") from error
    except DefusedXmlException as error:
        raise Io(
            f"{path}: the file declares entities or a DTD and was refused; LIDC readings have "
            "neither"
        ) from error
    if root.tag != f"{_NAMESPACE}LidcReadMessage":
        raise InvalidArgument(
            f"{path}: not an LIDC reading of a CT: the root element is {root.tag!r}, expected "
            "LidcReadMessage"
        )
    uid = _text(root, "ResponseHeader/SeriesInstanceUid", path)
    sessions = root.findall(f"{_NAMESPACE}readingSession")
    outlines = [
        _outline(element, reader, path)
        for reader, session in enumerate(sessions)
        for element in session.findall(f"{_NAMESPACE}unblindedReadNodule")
    ]
    non_nodules = [
        (
            int(_number(element, "locus/xCoord", path)),
            int(_number(element, "locus/yCoord", path)),
            _number(element, "imageZposition", path),
        )
        for session in sessions
        for element in session.findall(f"{_NAMESPACE}nonNodule")
    ]
    return Reading(uid, len(sessions), tuple(outlines), tuple(non_nodules))


def group_nodules(reading: Reading, geometry: Geometry) -> list[Sample]:
    """Combine outlines of the same nodule to one sample with the ratings of all readers.

    Two outlines belong to the same nodule if the distance of their centres is less than the radius
    of the larger one. Nodules under 3 mm, which readers neither outlined nor rated, are left out.
    `Sample.malignant` is True if the mean rating is above 3, and None if it is 3.
    """
    outlines = [outline for outline in reading.outlines if outline.ratings]
    if not outlines:
        return []
    centers = np.array([_center(outline, geometry) for outline in outlines])
    diameters = np.array([_diameter_mm(outline, geometry) for outline in outlines])
    apart = np.linalg.norm(centers[:, None] - centers[None], axis=-1)
    same = apart < np.maximum(diameters[:, None], diameters[None]) / 2
    count, group = connected_components(csr_array(same), directed=False)
    samples = []
    for number in range(count):
        members = np.flatnonzero(group == number)
        ratings = [outlines[m].ratings for m in members]
        malignancy = tuple(r["malignancy"] for r in ratings if "malignancy" in r)
        mean = np.mean(malignancy) if malignancy else 3.0
        samples.append(
            Sample(
                series_uid=reading.series_uid,
                patient=reading.series_uid,
                center_mm=_triple(centers[members].mean(axis=0)),
                is_nodule=True,
                diameter_mm=float(diameters[members].mean()),
                malignant=None if mean == 3 else bool(mean > 3),
                ratings=malignancy,
                traits={
                    trait: float(np.mean([r[trait] for r in ratings if trait in r]))
                    for trait in sorted(set().union(*ratings))
                },
            )
        )
    return samples


def nodule_mask(outline: Outline, volume: CtVolume) -> NDArray[np.bool_]:
    """Return the mask inside of an outline's contours, whose own points are not part of the nodule.

    Returns
    -------
    ndarray of bool
        Mask [slices, rows, columns] of the CT.

    Raises
    ------
    BadVolume
        A contour's slice or pixels are outside of the CT.
    """
    shape = volume.shape
    mask = np.zeros(shape, bool)
    for contour in outline.contours:
        points = np.array(contour.points)
        # The contour's z determines the slice; x and y do not matter without a gantry tilt.
        index = (contour.z_mm - volume.geometry.origin_mm[2]) / (
            volume.geometry.spacing_mm[2] * volume.geometry.direction[2][2]
        )
        z = round(index)
        inside = 0 <= z < shape[0] and abs(z - index) < 0.25
        if not inside or points.min() < 0 or np.any(points >= (shape[2], shape[1])):
            raise BadVolume(
                f"{outline.name} of {volume.series_uid}: the contour at z = {contour.z_mm:g} mm is "
                "not on a slice of this CT or has pixels outside of it; the reading may belong to "
                "another series"
            )
        mask[z] = (
            mask[z] | _filled(contour, shape[1:])
            if contour.inclusion
            else (mask[z] & ~_filled(contour, shape[1:]))
        )
    return mask


def _filled(contour: Contour, shape: Sequence[int]) -> NDArray[np.bool_]:
    image = Image.new("1", (shape[1], shape[0]))
    draw = ImageDraw.Draw(image)
    if len(contour.points) == 1:
        draw.point(contour.points, fill=1)
        return np.array(image)
    draw.polygon(contour.points, fill=1, outline=1)
    inside = np.array(image)
    draw.line([*contour.points, contour.points[0]], fill=0)
    without_border = np.array(image)
    # If the contour encloses no pixel, the nodule consists of its points.
    return without_border if without_border.any() else inside


def _outline(element: Element, reader: int, path: Path) -> Outline:
    characteristics = element.find(f"{_NAMESPACE}characteristics")
    ratings: dict[str, int] = {}
    for child in characteristics if characteristics is not None else ():
        name = child.tag.removeprefix(_NAMESPACE)
        value = (child.text or "").strip()
        if not value.isdecimal() or not 1 <= int(value) <= 6:  # only calcification goes up to 6
            raise InvalidArgument(f"{path}: {name} is {value!r}; expected a rating from 1 to 6")
        ratings[name] = int(value)
    contours = []
    for roi in element.findall(f"{_NAMESPACE}roi"):
        points = tuple(
            (int(_number(edge, "xCoord", path)), int(_number(edge, "yCoord", path)))
            for edge in roi.findall(f"{_NAMESPACE}edgeMap")
        )
        if not points:
            raise InvalidArgument(f"{path}: an roi element has no edgeMap, and so no outline")
        inclusion = _text(roi, "inclusion", path).upper() == "TRUE"
        contours.append(Contour(_number(roi, "imageZposition", path), points, inclusion))
    if not contours:
        raise InvalidArgument(
            f"{path}: a nodule of reader {reader} has no roi element, and so no position"
        )
    return Outline(reader, _text(element, "noduleID", path), ratings, tuple(contours))


def _center(outline: Outline, geometry: Geometry) -> Triple:
    included = [c for c in outline.contours if c.inclusion] or list(outline.contours)
    middles = np.array([[*np.mean(c.points, axis=0), c.z_mm] for c in included])
    weights = np.array([_area_pixels(c) + 1 for c in included])
    x, y, z = np.average(middles, axis=0, weights=weights)
    world = geometry.to_world((0.0, y, x))
    return (world[0], world[1], float(z))


def _diameter_mm(outline: Outline, geometry: Geometry) -> float:
    """Return the diameter of a circle with the area of the largest contour."""
    largest = max(_area_pixels(c) for c in outline.contours if c.inclusion)
    pixel_mm2 = geometry.spacing_mm[0] * geometry.spacing_mm[1]
    return float(2 * np.sqrt(max(largest, 1.0) * pixel_mm2 / np.pi))


def _area_pixels(contour: Contour) -> float:
    x, y = np.array(contour.points, float).T
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)


def _triple(values: NDArray[np.float64]) -> Triple:
    return (float(values[0]), float(values[1]), float(values[2]))


def _text(element: Element, name: str, path: Path) -> str:
    found = element.find("/".join(_NAMESPACE + part for part in name.split("/")))
    if found is None or not (found.text or "").strip():
        raise InvalidArgument(f"{path}: element {name} is missing; the file may be incomplete")
    return (found.text or "").strip()


def _number(element: Element, name: str, path: Path) -> float:
    text = _text(element, name, path)
    try:
        return float(text)
    except ValueError:
        raise InvalidArgument(f"{path}: {name} is {text!r}; expected a number") from None
