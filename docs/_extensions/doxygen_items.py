"""Declarations of a header, from Doxygen's XML, as reStructuredText in the order of the header.

Breathe's own page of a file would repeat the namespace on each page, show no members, and declare a
C structure twice if its type has the same name.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

NAMESPACE = "lungrt"
KINDS = {
    "define": "doxygendefine",
    "enum": "doxygenenum",
    "function": "doxygenfunction",
    "typedef": "doxygentypedef",
    "variable": "doxygenvariable",
}
Item = tuple[int, list[str]]


def label(header: str) -> str:
    """Return the name by which Doxygen refers to a file."""
    return header.replace("_", "__").replace(".", "_8")


def directives(xml: Path, header: str) -> list[str]:
    """Return the lines for a header: its own comment, then each of its declarations."""
    lines = [f".. doxygenfile:: {header}", "   :sections: briefdescription detaileddescription", ""]
    classes = dict(_classes(xml, header))
    items = [(line, _class_lines(kind, name)) for name, (line, kind) in classes.items()]
    for source in (xml / f"namespace{NAMESPACE}.xml", xml / f"{label(header)}.xml"):
        prefix = f"{NAMESPACE}::" if source.name.startswith("namespace") else ""
        items += _members(source, header, prefix, set(classes))
    return [*lines, *(line for _, item in sorted(items) for line in item)]


def _class_lines(kind: str, name: str) -> list[str]:
    return [f".. doxygen{kind}:: {name}", "   :members:", "   :undoc-members:", ""]


def _classes(xml: Path, header: str) -> Iterator[tuple[str, tuple[int, str]]]:
    for file in sorted((*xml.glob("struct*.xml"), *xml.glob("class*.xml"))):
        compound = ElementTree.parse(file).find("compounddef")
        if compound is not None and (line := _line_in(compound, header)) is not None:
            yield compound.findtext("compoundname", ""), (line, compound.attrib["kind"])


def _members(source: Path, header: str, prefix: str, classes: set[str]) -> Iterator[Item]:
    for member in ElementTree.parse(source).iter("memberdef"):
        line, kind, name = _line_in(member, header), member.attrib["kind"], member.findtext("name")
        undocumented = not _text(member.find("briefdescription"))
        # Include guards and visibility macros; a C type with the same name as its structure.
        if line is None or name in classes or (kind == "define" and undocumented):
            continue
        if kind == "enum" and not name:
            yield line, _nameless_enum(member, f"{label(header)}_{line}")
            continue
        arguments = ""
        if kind == "function" and prefix:  # may be overloaded
            types = (_text(parameter.find("type")) for parameter in member.findall("param"))
            arguments = f"({', '.join(types)})"
        yield line, [f".. {KINDS[kind]}:: {prefix}{name}{arguments}", ""]


def _nameless_enum(member: ElementTree.Element, name: str) -> list[str]:
    lines = [f".. c:enum:: @{name}", "", f"   {_text(member.find('briefdescription'))}", ""]
    for value in member.findall("enumvalue"):
        declared = f"{value.findtext('name')} {_text(value.find('initializer'))}".strip()
        descriptions = value.find("detaileddescription"), value.find("briefdescription")
        lines += [f"   .. c:enumerator:: {declared}", ""]
        lines += [f"      {' '.join(filter(None, map(_text, descriptions)))}", ""]
    return lines


def _line_in(element: ElementTree.Element, header: str) -> int | None:
    location = element.find("location")
    if location is None or Path(location.attrib["file"]).name != header:
        return None
    return int(location.attrib.get("line", 0))


def _text(element: ElementTree.Element | None) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""
