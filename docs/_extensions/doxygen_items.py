"""What a header declares, from Doxygen's XML, as directives of Breathe in the header's order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

NAMESPACE = "lungrt"
KINDS = {
    "enum": "doxygenenum",
    "typedef": "doxygentypedef",
    "function": "doxygenfunction",
    "variable": "doxygenvariable",
}


def directives(xml: Path, header: str) -> list[str]:
    """Lines of reStructuredText for a header: its own comment, then each thing in it.

    Breathe's page of a file would repeat the namespace on each page and show no members.
    """
    lines = [f".. doxygenfile:: {header}", "   :sections: briefdescription detaileddescription", ""]
    found = sorted([*_members(xml, header), *_classes(xml, header)])
    if not found:  # all of it lies outside of the namespace
        return [f".. doxygenfile:: {header}", ""]
    for _, directive, options in found:
        lines += [f".. {directive}", *options, ""]
    return lines


def _members(xml: Path, header: str) -> Iterator[tuple[int, str, list[str]]]:
    for member in ElementTree.parse(xml / f"namespace{NAMESPACE}.xml").iter("memberdef"):
        line = _line_in(member, header)
        if line is None:
            continue
        kind, name = member.attrib["kind"], member.findtext("name", "")
        arguments = ""
        if kind == "function":
            types = [
                "".join(_text(parameter.find("type"))) for parameter in member.findall("param")
            ]
            arguments = f"({', '.join(types)})"
        yield line, f"{KINDS[kind]}:: {NAMESPACE}::{name}{arguments}", []


def _classes(xml: Path, header: str) -> Iterator[tuple[int, str, list[str]]]:
    for file in (*xml.glob("struct*.xml"), *xml.glob("class*.xml")):
        compound = ElementTree.parse(file).find("compounddef")
        if compound is None or (line := _line_in(compound, header)) is None:
            continue
        name = compound.findtext("compoundname", "")
        if name.startswith(f"{NAMESPACE}::"):
            kind = compound.attrib["kind"]
            yield line, f"doxygen{kind}:: {name}", ["   :members:", "   :undoc-members:"]


def _line_in(element: ElementTree.Element, header: str) -> int | None:
    location = element.find("location")
    if location is None or Path(location.attrib["file"]).name != header:
        return None
    return int(location.attrib.get("line", 0))


def _text(element: ElementTree.Element | None) -> str:
    return re.sub(r"\s+", " ", "".join(element.itertext())) if element is not None else ""
