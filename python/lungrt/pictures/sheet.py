"""One picture of a diagnosis: the overview, and three planes through the first nodules."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from lungrt.pictures.overview import draw_overview
from lungrt.pictures.planes import bar_length_mm

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from lungrt.pictures.overview import Overview
    from lungrt.pictures.planes import Plane, View
    from lungrt.pictures.scene import Scene

__all__ = ["draw_sheet"]

_MOST_NODULES = 8
_VIEW, _GAP, _TITLE = 300, 12, 30  # pixels: side of a plane, space between, height of a caption
_OVERVIEW_WIDTH = 620
_INK, _FAINT, _PAPER = "#ffffff", "#b0b8c0", "#000000"
_MARK, _SUSPICIOUS = "#56b4e9", "#e69f00"  # told apart by colour-blind readers too


def draw_sheet(scene: Scene) -> bytes:
    """Return the picture as PNG."""
    from PIL import Image, ImageDraw

    report = scene.report
    shown = report.nodules[:_MOST_NODULES]
    overview = draw_overview(scene)
    rows, columns = overview.pixels.shape
    scale = _OVERVIEW_WIDTH / columns
    overview_height = round(rows * scale)
    width = _OVERVIEW_WIDTH + 2 * _GAP
    if shown:
        width += 3 * (_VIEW + _GAP)
    height = max(overview_height + _TITLE, len(shown) * (_VIEW + _TITLE)) + _TITLE + 2 * _GAP
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    count = len(report.nodules)
    caption = f"{count or 'no'} nodule{'' if count == 1 else 's'}, seen from the front"
    if count > len(shown):
        caption += f"; planes of the first {len(shown)}"
    _text(draw, (_GAP, _GAP + _TITLE // 2), caption, 16, "lm", _INK)
    picture = _grey(overview.pixels, (_OVERVIEW_WIDTH, overview_height))
    sheet.paste(picture, (_GAP, _GAP + _TITLE))
    _draw_marks(draw, overview, scale, (_GAP, _GAP + _TITLE))
    _draw_frame(draw, overview.plane, overview.pitch_mm / scale, _box(_GAP, _GAP + _TITLE, picture))
    for row, nodule in enumerate(shown):
        top = _GAP + row * (_VIEW + _TITLE)
        left = _OVERVIEW_WIDTH + 2 * _GAP
        malignant = nodule.p_malignant
        text = f"{row + 1}: {nodule.diameter_mm:.1f} mm, p(nodule) {nodule.p_nodule:.3f}"
        if malignant is not None:
            text += f", p(malignant) {malignant:.3f}"
        text += f", slice {nodule.index[0] + 1}"
        _text(draw, (left, top + _TITLE // 2), text, 16, "lm", _INK)
        for place, view in enumerate(scene.views(nodule)):
            _draw_view(sheet, draw, view, (left + place * (_VIEW + _GAP), top + _TITLE))
    bottom = height - _GAP - _TITLE // 2
    _text(draw, (_GAP, bottom), "lungrt: a research tool, not a medical device", 14, "lm", _FAINT)
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()


def _draw_view(sheet: Image, draw: ImageDraw, view: View, corner: tuple[int, int]) -> None:
    picture = _grey(view.pixels, (_VIEW, _VIEW))
    sheet.paste(picture, corner)
    scale = _VIEW / view.pixels.shape[1]
    for line in view.outline:
        points = [(corner[0] + (x + 0.5) * scale, corner[1] + (y + 0.5) * scale) for x, y in line]
        draw.line([*points, points[0]], fill=_MARK, width=2)
    x = corner[0] + (view.cross[0] + 0.5) * scale
    y = corner[1] + (view.cross[1] + 0.5) * scale
    gap = _VIEW / 10
    for stroke in (
        (corner[0], y, x - gap, y),
        (x + gap, y, corner[0] + _VIEW - 1, y),
        (x, corner[1], x, y - gap),
        (x, y + gap, x, corner[1] + _VIEW - 1),
    ):
        draw.line(stroke, fill=_INK, width=1)
    _draw_frame(draw, view.plane, view.pitch_mm / scale, _box(*corner, picture))


def _draw_marks(draw: ImageDraw, overview: Overview, scale: float, corner: tuple[int, int]) -> None:
    for mark in overview.marks:
        x, y = (corner[axis] + (mark.center[axis] + 0.5) * scale for axis in (0, 1))
        radius = mark.radius * scale
        box = (x - radius, y - radius, x + radius, y + radius)
        color = _SUSPICIOUS if mark.suspicious else _MARK
        (draw.rectangle if mark.suspicious else draw.ellipse)(box, outline=color, width=2)
        label = tuple(corner[axis] + (mark.label[axis] + 0.5) * scale for axis in (0, 1))
        _text(draw, (label[0], label[1]), str(mark.number), 20, "mm", color)


def _draw_frame(
    draw: ImageDraw, plane: Plane, pixel_mm: float, box: tuple[int, int, int, int]
) -> None:
    """Draw the letters of the sides and a scale bar."""
    left, top, right, bottom = box
    inset = 12
    middle, center = (left + right) / 2 + 14, (top + bottom) / 2 - 14
    places = ((left + inset, center), (right - inset, center), (middle, top + inset))
    for letter, place in zip(plane.sides, (*places, (middle, bottom - inset)), strict=True):
        _text(draw, place, letter, 16, "mm", _INK)
    length = bar_length_mm(pixel_mm * (right - left))
    end = left + inset + length / pixel_mm
    draw.line((left + inset, bottom - inset, end, bottom - inset), fill=_INK, width=3)
    _text(draw, (left + inset, bottom - inset - 12), f"{length} mm", 13, "lm", _INK)


def _text(
    draw: ImageDraw, place: tuple[float, float], text: str, size: int, anchor: str, color: str
) -> None:
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    edge = {"stroke_width": 2, "stroke_fill": _PAPER}
    draw.text(place, text, color, font, anchor, **edge)  # type: ignore[arg-type]


def _grey(pixels: NDArray[np.uint8], size: tuple[int, int]) -> Image:
    from PIL import Image

    return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)


def _box(left: int, top: int, picture: Image) -> tuple[int, int, int, int]:
    return left, top, left + picture.width, top + picture.height
