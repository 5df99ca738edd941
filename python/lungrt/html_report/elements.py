"""Elements of an HTML page, as trees in which every text is escaped when they are written."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, tostring

__all__ = ["Child", "document", "element"]

Child = Element | str | None

# Forbidden in HTML: control characters, halves of surrogate pairs, noncharacters.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# They turn the direction of what follows, so that a text can be made to look like another one.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def element(name: str, /, *children: Child, **attributes: str | float | None) -> Element:
    """Return an element.

    Parameters
    ----------
    name
        Name of the element.
    children
        Elements and texts, in order; None is left out.
    attributes
        Attributes. An underscore in a name stands for a hyphen, one at its end is dropped
        (``class_``). Numbers are written with at most two decimals; None is left out.
    """
    made = Element(name)
    for key, value in attributes.items():
        if value is not None:
            text = _clean(value) if isinstance(value, str) else _number(value)
            made.set(key.rstrip("_").replace("_", "-"), text)
    last: Element | None = None
    for child in children:
        if isinstance(child, str):
            if last is None:
                made.text = (made.text or "") + _clean(child)
            else:
                last.tail = (last.tail or "") + _clean(child)
        elif child is not None:
            made.append(child)
            last = child
    return made


def document(root: Element) -> str:
    """Return the text of a page."""
    return "<!doctype html>\n" + tostring(root, encoding="unicode", method="html") + "\n"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _clean(text: str) -> str:
    if text.isascii() and text.isprintable():  # at once, where a picture is megabytes of text
        return text
    return _FORBIDDEN.sub("\ufffd", _TURNING.sub("", text))
