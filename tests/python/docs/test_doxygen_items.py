"""Headers on the site: order, overloads, structures of C, nameless enumerations."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="needs lungrt[docs]")
sys.path.insert(0, str(Path(__file__).parents[3] / "docs" / "_extensions"))

from doxygen_items import directives, label

PLACE = '<location file="lungrt/a_b.h" line="{}"/>'
FUNCTION = "<memberdef kind='function'><name>f</name><param><type>{}</type></param>{}</memberdef>"
ENUM = """<memberdef kind="enum"><name/><briefdescription><para>Why.</para></briefdescription>
<enumvalue><name>OK</name><initializer>= 0</initializer><briefdescription/>
<detaileddescription><para>fine</para></detaileddescription></enumvalue>{}</memberdef>"""


@pytest.fixture
def xml(tmp_path: Path) -> Path:
    """Write the XML that Doxygen would write for a header with a namespace and a C part."""
    elsewhere = '<location file="lungrt/other.h" line="1"/>'
    functions = (
        FUNCTION.format("const <ref>T</ref> &amp;", PLACE.format(9))
        + FUNCTION.format("int", PLACE.format(4))
        + FUNCTION.format("char", elsewhere)
    )
    guard = f"<memberdef kind='define'><name>GUARD</name>{PLACE.format(1)}</memberdef>"
    alias = f"<memberdef kind='typedef'><name>c_struct</name>{PLACE.format(20)}</memberdef>"
    documents = {
        "namespacelungrt": functions,
        label("a_b.h"): guard + alias + ENUM.format(PLACE.format(30)),
        "structc__struct": '<compounddef kind="struct"><compoundname>c_struct</compoundname>'
        f"{PLACE.format(12)}</compounddef>",
    }
    for name, content in documents.items():
        (tmp_path / f"{name}.xml").write_text(f"<doxygen>{content}</doxygen>")
    return tmp_path


def test_order_and_names(xml: Path) -> None:
    found = [line for line in directives(xml, "a_b.h") if line.startswith("..")]
    assert found == [
        ".. doxygenfile:: a_b.h",
        ".. doxygenfunction:: lungrt::f(int)",
        ".. doxygenfunction:: lungrt::f(const T &)",
        ".. doxygenstruct:: c_struct",
        ".. c:enum:: @a__b_8h_30",
    ]


def test_nameless_enumeration_has_its_values(xml: Path) -> None:
    lines = directives(xml, "a_b.h")
    at = lines.index("   .. c:enumerator:: OK = 0")
    assert lines[at + 2] == "      fine"
