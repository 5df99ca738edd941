"""Figures of the page: pixels as a PNG, and what is drawn on them as scalable graphics."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from lungrt.html_report.elements import element
from lungrt.pictures.planes import bar_length_mm

if TYPE_CHECKING:
    from collections.abc import Iterable
    from xml.etree.ElementTree import Element

    import numpy as np
    from numpy.typing import NDArray

    from lungrt.pictures import Overview, Plane, View

__all__ = ["overview_figure", "view_figure"]

_SIDES = {
    "R": "right",
    "L": "left",
    "A": "front",
    "P": "back",
    "H": "head",
    "F": "feet",
}


def view_figure(view: View, number: int) -> Element:
    """Return a plane through a nodule with outline, crosshair, scale bar and sides."""
    plane = view.plane
    rows, columns = view.pixels.shape
    column, row = view.cross
    size = columns / 100  # of the lettering
    lines = [
        "M" + "L".join(f"{x + 0.5:.1f} {y + 0.5:.1f}" for x, y in line) + "Z"
        for line in view.outline
    ]
    gap = 0.1 * columns  # in the middle of the crosshair, so that it covers nothing
    across = (column + 0.5, row + 0.5)
    cross = (
        f"M0 {across[1]:g}H{across[0] - gap:g}M{across[0] + gap:g} {across[1]:g}H{columns}"
        f"M{across[0]:g} 0V{across[1] - gap:g}M{across[0]:g} {across[1] + gap:g}V{rows}"
    )
    # Each line twice: a dark one below, so that it is seen on any grey.
    strokes = [
        element("path", class_=f"{name} {layer}", d=path)
        for name, path in (("cross", cross), ("outline", "".join(lines)))
        for layer in ("under", "over")
        if path
    ]
    left, right, up, down = (_SIDES[side] for side in plane.sides)
    text = (
        f"Nodule {number} in the {plane.name} plane, {columns * view.pitch_mm:.0f} mm wide. "
        f"The patient's {left} is on the left, {right} on the right, {up} at the top, {down} at "
        "the bottom. The crosshair points to the centre, a line outlines the nodule."
    )
    return element(
        "figure",
        _drawing(
            view.pixels,
            text,
            [
                *strokes,
                *_sides(plane, columns, rows, size),
                *_bar(view.pitch_mm, columns, rows, size),
            ],
        ),
        element("figcaption", plane.name),
    )


def overview_figure(overview: Overview) -> Element:
    """Return the overview with its numbered marks, which lead to the nodules."""
    rows, columns = overview.pixels.shape
    count = len(overview.marks)
    text = (
        "The whole scan seen from the front, summed up like a radiograph. The patient's right is "
        "on the left. "
        + (
            f"{count} numbered mark{'' if count == 1 else 's'} show where nodules were found."
            if count
            else "No nodule is marked."
        )
    )
    marks = []
    for mark in overview.marks:
        x, y, radius = mark.center[0] + 0.5, mark.center[1] + 0.5, mark.radius
        shapes = []
        for layer in ("under", "over"):
            if mark.suspicious:
                corner, side = (x - radius, y - radius), 2 * radius
                shapes.append(
                    element(
                        "rect",
                        class_=f"mark suspicious {layer}",
                        x=corner[0],
                        y=corner[1],
                        width=side,
                        height=side,
                    )
                )
            else:
                shapes.append(element("circle", class_=f"mark {layer}", cx=x, cy=y, r=radius))
        label = element(
            "text",
            str(mark.number),
            class_="letter suspicious" if mark.suspicious else "letter number",
            x=mark.label[0] + 0.5,
            y=mark.label[1] + 0.5,
            font_size=12,
        )
        name = f"Go to nodule {mark.number}"
        link = element("a", *shapes, label, href=f"#nodule-{mark.number}", aria_label=name)
        marks.append(link)
    size = columns / 180
    content = [
        *_sides(overview.plane, columns, rows, size),
        *_bar(overview.pitch_mm, columns, rows, size),
        *marks,
    ]
    return element(
        "figure",
        _drawing(overview.pixels, text, content, links=bool(marks)),
        element("figcaption", "seen from the front, summed up like a radiograph"),
        class_="overview",
    )


def _drawing(
    pixels: NDArray[np.uint8], text: str, content: Iterable[Element], *, links: bool = False
) -> Element:
    """Return pixels with what is drawn on them; one unit is one pixel."""
    rows, columns = pixels.shape
    # A drawing with links in it is a group: an image would hide them from a screen reader.
    picture = element(
        "image",
        href=f"data:image/png;base64,{base64.b64encode(_png(pixels)).decode()}",
        width=columns,
        height=rows,
        role="img" if links else None,
        aria_label=text if links else None,
    )
    drawing = element(
        "svg",
        picture,
        *content,
        role="group" if links else "img",
        aria_label="Overview" if links else text,
    )
    drawing.set("viewBox", f"0 0 {columns} {rows}")
    return drawing


def _sides(plane: Plane, columns: int, rows: int, size: float) -> list[Element]:
    """Return the letters of the four sides."""
    inset = 5 * size
    left, right, up, down = plane.sides
    places = (
        (left, inset, rows / 2 - 4 * size),
        (right, columns - inset, rows / 2 - 4 * size),
        (up, columns / 2 + 5 * size, inset),
        (down, columns / 2 + 5 * size, rows - inset),
    )
    return [
        element("text", letter, class_="letter side", x=x, y=y, font_size=7 * size)
        for letter, x, y in places
    ]


def _bar(pitch_mm: float, columns: int, rows: int, size: float) -> list[Element]:
    """Return a scale bar with its length, in the lower left corner."""
    length = bar_length_mm(pitch_mm * columns)
    x, y, pixels = 4 * size, rows - 4 * size, length / pitch_mm
    path = f"M{x:.2f} {y:.2f}h{pixels:.2f}"
    label = element(
        "text",
        f"{length} mm",
        class_="letter",
        x=x + pixels / 2,
        y=y - 4 * size,
        font_size=5 * size,
    )
    return [
        element("path", class_="bar under", d=path),
        element("path", class_="bar over", d=path),
        label,
    ]


def _png(pixels: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return file.getvalue()
