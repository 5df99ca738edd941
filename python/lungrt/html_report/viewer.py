"""The interactive viewer of the page: NiiVue, with a reduced copy of the scan and its mask."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from lungrt.errors import InvalidArgument
from lungrt.html_report.elements import element
from lungrt.html_report.reduced_volume import BLACK, WHITE, reduced_volume

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from lungrt.pictures import Scene

__all__ = ["check_viewer", "viewer_licenses", "viewer_scripts", "viewer_section"]

_HERE = Path(__file__).parent
_LIBRARY, _LICENSES = _HERE / "niivue.js", _HERE / "niivue-licenses.txt"


def check_viewer() -> None:
    """Check that the viewer is part of this installation.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If it is not.
    """
    for file in (_LIBRARY, _LICENSES):
        if not file.is_file():
            raise InvalidArgument(
                f"the viewer is no part of this installation of lungrt: {file} is absent; run "
                "make viewer in the sources of lungrt, which needs npm, or write the page without "
                "the viewer"
            )


def viewer_scripts() -> list[str]:
    """Return the scripts of the page, in their order."""
    check_viewer()
    scripts = (_LIBRARY, _HERE / "viewer.js")
    return [_inline(script.read_text(encoding="utf-8")) for script in scripts]


def viewer_licenses() -> str:
    """Return the licences of what the scripts contain, which a page with them must hold."""
    return _LICENSES.read_text(encoding="utf-8")


def viewer_section(scene: Scene) -> list[Element]:
    """Return the viewer with its data and a button for each nodule."""
    content = reduced_volume(scene)
    buttons = []
    for number, nodule in enumerate(scene.report.nodules, start=1):
        x, y, z = scene.volume.geometry.to_world(nodule.index)
        button = element("button", f"Nodule {number}", type="button", disabled="disabled")
        button.set("data-position", f"{-x:.3f} {-y:.3f} {z:.3f}")  # NIfTI is RAS
        buttons.append(button)
    canvas = element("canvas", id="viewer-canvas", tabindex="0")
    canvas.set("aria-label", "The scan in three planes; click to move the crosshair")
    frame = element("div", canvas, id="viewer-frame")
    frame.set("data-black", str(BLACK))
    frame.set("data-white", str(WHITE))
    return [
        element(
            "p",
            "Click to move the crosshair, scroll to change the slice, drag with the right button "
            f"to change the window. The copy of the scan in this page has {content.size} voxels "
            "in 8 bits.",
        ),
        element("div", *buttons, class_="buttons"),
        frame,
        element("p", "Loading", id="viewer-status", role="status"),
        _data("viewer-ct", content.ct),
        _data("viewer-mask", content.mask),
    ]


def _data(name: str, content: bytes) -> Element:
    text = base64.b64encode(content).decode()
    return element("script", text, id=name, type="application/octet-stream")


def _inline(script: str) -> str:
    """Return a script that can stand in a page: nothing in it ends the element."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--").replace("\r", "")
