"""Secondary capture: a picture for viewers that show neither segmentations nor reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from highdicom.sc import SCImage
from PIL import Image, ImageDraw

from lungrt.dicom.common import series_description, settle
from lungrt.dicom.equipment import equipment
from lungrt.dicom.uids import derived_uid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lungrt import Nodule, Report
    from lungrt.dicom.source import SourceSeries

__all__ = ["SERIES_NUMBER", "capture"]

SERIES_NUMBER = 9103

_TILE = 320  # pixels
_MOST = 12  # nodules
_COLUMNS = 4
_LINE = 16  # height of a line of text
_HALF_MM = 50.0
_WINDOW_HU = (-1350.0, 150.0)  # the usual lung window
_OUTLINE = (95, 208, 255)
_TEXT = (255, 255, 255)


def capture(
    report: Report, source: SourceSeries, labels: NDArray[np.uint16], *, key: str
) -> SCImage:
    """Make one image with the axial slice through each nodule and its outline."""
    result = SCImage(
        pixel_array=_picture(report, source.volume.hu, labels),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        study_instance_uid=source.study_uid,
        series_instance_uid=derived_uid(key, "capture series"),
        series_number=SERIES_NUMBER,
        sop_instance_uid=derived_uid(key, "capture instance"),
        instance_number=1,
        patient_orientation=(_towards(report, 0), _towards(report, 1)),
        series_description=series_description("picture"),
        **equipment(report),
    )
    result.BodyPartExamined = "CHEST"
    result.ImageType = ["DERIVED", "SECONDARY"]
    result.BurnedInAnnotation = "NO"  # nothing of the patient
    settle(result, report, source)
    return result


def _towards(report: Report, axis: int, *, away: bool = False) -> str:
    """Letter of the side of the patient that an image axis runs towards, or comes from."""
    cosines = np.asarray(report.geometry.direction)[:, axis]
    main = int(np.abs(cosines).argmax())
    positive = bool(cosines[main] > 0) != away
    return ("LPH" if positive else "RAF")[main]


def _picture(
    report: Report, hu: NDArray[np.int16], labels: NDArray[np.uint16]
) -> NDArray[np.uint8]:
    shown = report.nodules[:_MOST]
    columns = max(1, min(len(shown), _COLUMNS))
    rows = -(-len(shown) // columns)
    head = f"{len(report.nodules)} nodules" if len(report.nodules) != 1 else "1 nodule"
    if len(report.nodules) > _MOST:
        head += f", the {_MOST} most likely are shown"
    size = (max(columns, 2) * _TILE, rows * (_TILE + 2 * _LINE) + 3 * _LINE)
    sheet = Image.new("RGB", size)
    draw = ImageDraw.Draw(sheet)
    version = report.provenance.lungrt_version
    draw.text((4, 2), f"lungrt {version}: {head}", fill=_TEXT)
    draw.text((4, 2 + _LINE), "Research only, not for diagnosis", fill=_TEXT)
    for place, nodule in enumerate(shown):
        left = place % columns * _TILE
        top = 3 * _LINE + place // columns * (_TILE + 2 * _LINE)
        sheet.paste(_tile(report, nodule, place + 1, hu, labels), (left, top + 2 * _LINE))
        for line, text in enumerate(_caption(place + 1, nodule)):
            draw.text((left + 4, top + line * _LINE), text, fill=_TEXT)
    return np.asarray(sheet)


def _caption(number: int, nodule: Nodule) -> tuple[str, str]:
    x, y, z = nodule.center_mm
    malignant = nodule.p_malignant
    chance = "" if malignant is None else f", p malignant {malignant:.3f}"
    return (
        f"{number}: {nodule.diameter_mm:.1f} mm, p nodule {nodule.p_nodule:.3f}{chance}",
        f"at x {x:.1f}, y {y:.1f}, z {z:.1f} mm (LPS)",
    )


def _tile(
    report: Report,
    nodule: Nodule,
    number: int,
    hu: NDArray[np.int16],
    labels: NDArray[np.uint16],
) -> Image.Image:
    """Draw the slice through a nodule's centre, square in mm, with the outline of the nodule."""
    plane, row, column = nodule.index
    x_mm, y_mm, _ = report.geometry.spacing_mm
    # Centres of the tile's pixels, as rows and columns of the slice.
    offsets = (np.arange(_TILE) + 0.5) / _TILE * 2 * _HALF_MM - _HALF_MM
    rows = np.rint(row + offsets / y_mm).astype(int)
    columns = np.rint(column + offsets / x_mm).astype(int)
    inside = np.outer((rows >= 0) & (rows < hu.shape[1]), (columns >= 0) & (columns < hu.shape[2]))
    at = np.ix_(rows.clip(0, hu.shape[1] - 1), columns.clip(0, hu.shape[2] - 1))
    low, high = _WINDOW_HU
    grey = ((hu[plane][at] - low) / (high - low)).clip(0, 1) * 255
    pixels = np.repeat(np.where(inside, grey, 0).astype(np.uint8)[..., None], 3, axis=2)
    mask = (labels[plane][at] == number) & inside
    border = mask.copy()
    border[1:-1, 1:-1] &= ~(mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:])
    pixels[border] = _OUTLINE
    tile = Image.fromarray(pixels)
    draw = ImageDraw.Draw(tile)
    draw.text((4, _TILE // 2), _towards(report, 0, away=True), fill=_TEXT)
    draw.text((_TILE - 12, _TILE // 2), _towards(report, 0), fill=_TEXT)
    return tile
