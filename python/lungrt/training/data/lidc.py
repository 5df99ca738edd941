"""The readings of the LIDC: what each radiologist outlined and how they judged it.

A reading session of the XML is one reader's. Nodules of 3 mm and more have ratings and a contour a
slice, whose points lie just outside the nodule; smaller ones have a single point and no ratings,
non-nodules a single point. `parse_lidc` reads a file, `group_nodules` joins what several readers
outlined to physical nodules, and `nodule_mask` fills the contours.
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
    """An outline in one slice.

    Attributes
    ----------
    z_mm : float
        World position of the slice.
    points : tuple of (int, int)
        Pixels (x, y) = (column, row).
    inclusion : bool
        False: what it encloses is cut out of the nodule.
    """

    z_mm: float
    points: tuple[tuple[int, int], ...]
    inclusion: bool


@dataclass(frozen=True)
class Outline:
    """A nodule as one reader drew it.

    Attributes
    ----------
    reader : int
        Number of the reading session in the file, from 0; another file's reader 0 is someone else.
    name : str
        What the reader called it.
    ratings : dict of str to int
        By trait; empty for nodules under 3 mm.
    contours : tuple of Contour
    """

    reader: int
    name: str
    ratings: dict[str, int]
    contours: tuple[Contour, ...]


@dataclass(frozen=True)
class Reading:
    """A file: all readers' findings in one series."""

    series_uid: str
    readers: int
    outlines: tuple[Outline, ...]
    non_nodules: tuple[tuple[int, int, float], ...]  # x, y (pixels), z (mm)


def parse_lidc(path: Path) -> Reading:
    """Read an XML file of the LIDC.

    Raises
    ------
    Io
        The file cannot be read, is no XML, or declares entities, which are not expanded.
    InvalidArgument
        It is no reading of a CT, or an element is missing or no number.
    """
    try:
        root: Element = parse(path, forbid_dtd=True).getroot()
    except (OSError, ParseError) as error:
        raise Io(f"{path}: cannot be read as XML ({error})") from error
    except DefusedXmlException as error:
        raise Io(
            f"{path}: declares entities or a DTD, which no reading of the LIDC does"
        ) from error
    if root.tag != f"{_NAMESPACE}LidcReadMessage":
        raise InvalidArgument(
            f"{path}: begins with {root.tag!r}; expected a LidcReadMessage, the reading of a CT"
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
    """Join outlines that mean the same nodule; one sample each, with every reader's rating.

    Two outlines mean the same where their centres are nearer than the larger one's radius. Nodules
    under 3 mm are left out: readers neither outlined nor rated them. `Sample.malignant` is whether
    the mean rating is above 3, None where it is 3.
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
        judged = tuple(r["malignancy"] for r in ratings if "malignancy" in r)
        mean = np.mean(judged) if judged else 3.0
        samples.append(
            Sample(
                series_uid=reading.series_uid,
                patient=reading.series_uid,
                center_mm=_triple(centers[members].mean(axis=0)),
                is_nodule=True,
                diameter_mm=float(diameters[members].mean()),
                malignant=None if mean == 3 else bool(mean > 3),
                ratings=judged,
                traits={
                    trait: float(np.mean([r[trait] for r in ratings if trait in r]))
                    for trait in sorted(set().union(*ratings))
                },
            )
        )
    return samples


def nodule_mask(outline: Outline, volume: CtVolume) -> NDArray[np.bool_]:
    """Fill an outline's contours; their points themselves lie outside of the nodule.

    Returns
    -------
    ndarray of bool
        (slices, rows, columns) of the CT.

    Raises
    ------
    BadVolume
        A contour's slice or pixels are not in the CT.
    """
    shape = volume.shape
    mask = np.zeros(shape, bool)
    for contour in outline.contours:
        points = np.array(contour.points)
        # The contour's own z decides the slice; x and y play no part without a tilt.
        index = (contour.z_mm - volume.geometry.origin_mm[2]) / (
            volume.geometry.spacing_mm[2] * volume.geometry.direction[2][2]
        )
        z = round(index)
        inside = 0 <= z < shape[0] and abs(z - index) < 0.25
        if not inside or points.min() < 0 or np.any(points >= (shape[2], shape[1])):
            raise BadVolume(
                f"{outline.name} of {volume.series_uid}: its contour at z = {contour.z_mm:g} mm "
                "lies on no slice, or outside of the slices, of this CT; is it another series?"
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
    # A contour that encloses nothing is all that there is of the nodule.
    return without_border if without_border.any() else inside


def _outline(element: Element, reader: int, path: Path) -> Outline:
    characteristics = element.find(f"{_NAMESPACE}characteristics")
    ratings: dict[str, int] = {}
    for child in characteristics if characteristics is not None else ():
        name = child.tag.removeprefix(_NAMESPACE)
        value = (child.text or "").strip()
        if not value.isdecimal() or not 1 <= int(value) <= 6:  # 6: of calcification alone
            raise InvalidArgument(f"{path}: {name} is {value!r}; expected a rating from 1 to 6")
        ratings[name] = int(value)
    contours = []
    for roi in element.findall(f"{_NAMESPACE}roi"):
        points = tuple(
            (int(_number(edge, "xCoord", path)), int(_number(edge, "yCoord", path)))
            for edge in roi.findall(f"{_NAMESPACE}edgeMap")
        )
        if not points:
            raise InvalidArgument(f"{path}: a roi has no edgeMap, so no outline")
        inclusion = _text(roi, "inclusion", path).upper() == "TRUE"
        contours.append(Contour(_number(roi, "imageZposition", path), points, inclusion))
    if not contours:
        raise InvalidArgument(f"{path}: a nodule of reader {reader} has no roi, so no place")
    return Outline(reader, _text(element, "noduleID", path), ratings, tuple(contours))


def _center(outline: Outline, geometry: Geometry) -> Triple:
    included = [c for c in outline.contours if c.inclusion] or list(outline.contours)
    middles = np.array([[*np.mean(c.points, axis=0), c.z_mm] for c in included])
    weights = np.array([_area_pixels(c) + 1 for c in included])
    x, y, z = np.average(middles, axis=0, weights=weights)
    world = geometry.to_world((0.0, y, x))
    return (world[0], world[1], float(z))


def _diameter_mm(outline: Outline, geometry: Geometry) -> float:
    """Return the diameter of the circle as large as the largest contour."""
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
        raise InvalidArgument(f"{path}: no {name}; is the file complete?")
    return (found.text or "").strip()


def _number(element: Element, name: str, path: Path) -> float:
    text = _text(element, name, path)
    try:
        return float(text)
    except ValueError:
        raise InvalidArgument(f"{path}: {name} is {text!r}; expected a number") from None
