"""Pages of public headers, Python packages and example programs, written before Sphinx reads.

The sources determine what is public, so that nothing new is left out: the files of
``cpp/include/lungrt`` and every ``__all__``.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from docutils import nodes
from doxygen_items import directives, label
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.config import Config

ROOT = Path(__file__).parents[2]
HEADERS = ROOT / "cpp" / "include" / "lungrt"
EXAMPLES = ROOT / "cpp" / "examples"
PAGES = ROOT / "docs" / "reference" / "generated"

# Headers below cpp/src that authors of engines need.
ENGINE_HEADERS = ("backend/engine_table.h", "core/library_status.h")

# The names of `lungrt`, grouped by purpose; names that are not listed come last.
GROUPS = {
    "Diagnosis": (
        "Pipeline",
        "Report",
        "Nodule",
        "Finding",
        "Candidate",
        "ProfileOptions",
        "Provenance",
    ),
    "CTs": (
        "read_ct",
        "list_series",
        "SeriesInfo",
        "from_sitk",
        "CtVolume",
        "SliceSource",
        "Geometry",
    ),
    "Lungs and masks": (
        "find_lung_field",
        "LungField",
        "NoduleMask",
        "erode",
        "label",
        "write_masks",
    ),
    "Networks and engines": ("engines", "EngineInfo", "StageNetwork", "layer_outputs"),
}
# Types of attributes of the above, which users do not construct.
RESULTS = ("LungFieldSummary", "RunMasks")

PACKAGES = {
    "lungrt.errors": ("lungrt.errors",),
    "lungrt.export": ("lungrt.export", "lungrt.export.manifest", "lungrt.export.parity"),
    "lungrt.models": (
        "lungrt.models",
        "lungrt.models.custom",
        "lungrt.models.unet",
        "lungrt.models.classifier",
    ),
    "lungrt.dicom": ("lungrt.dicom",),
    "lungrt.phantom": ("lungrt.phantom", "lungrt.phantom.luna16"),
    "lungrt.training": (
        "lungrt.training",
        "lungrt.training.data",
        "lungrt.training.settings",
        "lungrt.training.session",
    ),
    "lungrt.data": (
        "lungrt.data",
        "lungrt.data.truth",
        "lungrt.data.annotations",
        "lungrt.data.candidates",
        "lungrt.data.scans",
    ),
    "lungrt.evaluation": (
        "lungrt.evaluation",
        "lungrt.evaluation.reports",
        "lungrt.evaluation.selection",
        "lungrt.evaluation.score",
    ),
}


def public_headers() -> list[Path]:
    """Return the headers that an application may include."""
    return sorted(HEADERS.glob("*.h*"))


def brief(path: Path) -> str:
    """Return the first sentence of the comment that a header begins with."""
    text = path.read_text(encoding="utf-8")
    comment = re.match(r"(?:///[^\n]*\n)+|/\*\*.*?\*/", text, re.DOTALL)
    if comment is None:
        raise ValueError(f"{path}: expected the header to begin with a comment that describes it")
    words = re.sub(r"^\s*(///|/\*\*|\*/|\*|[\\@]file\b\S*)", "", comment[0], flags=re.MULTILINE)
    sentence = re.split(r"(?<=\.)\s", " ".join(words.split()))[0]
    return sentence.replace("`", "``")


def titled(title: str, body: Iterable[str], mark: str = "=") -> str:
    return "\n".join([title, mark * len(title), "", *body, ""])


def table(rows: Iterable[tuple[str, str]]) -> list[str]:
    lines = [".. list-table::", "   :widths: 30 70", ""]
    for page, text in rows:
        lines += [f"   * - :doc:`{page}`", f"     - {text}"]
    return [*lines, ""]


def cpp_pages() -> dict[str, str]:
    pages, rows = {}, {True: [], False: []}
    for path in (*public_headers(), *(ROOT / "cpp" / "src" / name for name in ENGINE_HEADERS)):
        is_public = path.parent == HEADERS
        name = path.name.removesuffix(".in")
        page = f"cpp/{name.removesuffix('.h')}"
        title = f"lungrt/{name}" if is_public else f"{path.parent.name}/{name}"
        body = titled(f"``{title}``", directives(ROOT / "build/doxygen/xml", path.name))
        pages[page] = f".. _{label(path.name)}:\n\n{body}"
        rows[is_public].append((page, brief(path)))
    body = [
        "Public headers need C++17 and only the standard library. Every C++ function that can fail "
        "throws :cpp:class:`lungrt::Error`. Axes of arrays are (slice, row, column); positions are "
        "(x, y, z) in mm, LPS.",
        "",
        *table(rows[True]),
        "For :doc:`engines of your own </guides/own-engine>`, in ``cpp/src``:",
        "",
        *table(rows[False]),
        ".. toctree::",
        "   :hidden:",
        "",
        *(f"   {page}" for page in pages),
    ]
    pages["cpp"] = titled("C and C++", body)
    return pages


def example_pages() -> dict[str, str]:
    body = [
        "These are the programs of ``cpp/examples``, which continuous integration builds.",
        "",
        ".. literalinclude:: /../cpp/examples/CMakeLists.txt",
        "   :language: cmake",
        "   :caption: CMakeLists.txt",
        "",
    ]
    for path in sorted(EXAMPLES.rglob("*")):
        if path.suffix not in (".c", ".cpp", ".h"):
            continue
        place = path.relative_to(EXAMPLES).as_posix()
        lines = [
            f".. literalinclude:: /../cpp/examples/{place}",
            f"   :language: {'c' if path.suffix == '.c' else 'cpp'}",
        ]
        body.append(titled(place, lines, "-"))
    return {"examples": titled("Example programs", body)}


def object_lines(module: ModuleType, home: str, name: str) -> list[str]:
    if not isinstance(getattr(module, name), type):
        return [f".. autofunction:: {home}.{name}", ""]
    return [
        f".. autoclass:: {home}.{name}",
        "   :members:",
        "   :undoc-members:",
        "   :inherited-members: pybind11_object, tuple",
        "",
    ]


def python_pages() -> dict[str, str]:
    package, core = (importlib.import_module(name) for name in ("lungrt", "lungrt._core"))
    grouped = {name for group in GROUPS.values() for name in group}
    rest = [n for n in package.__all__ if n not in grouped and n not in ("errors", "__version__")]
    body = [".. automodule:: lungrt", "   :no-members:", ""]
    body += [".. py:data:: __version__", "   :type: str", ""]
    body += ["   Version of the package and of the core.", ""]
    for title, names in GROUPS.items():
        lines = [line for name in names for line in object_lines(package, "lungrt", name)]
        body.append(titled(title, lines, "-"))
    lines = [line for name in rest for line in object_lines(package, "lungrt", name)]
    lines += [line for name in RESULTS for line in object_lines(core, "lungrt._core", name)]
    body.append(titled("More", lines, "-"))
    pages = {"python/lungrt": titled("``lungrt``", body)}
    for title, modules in PACKAGES.items():
        body = []
        for module in modules:
            lines = [f".. automodule:: {module}", "   :members:"]
            body += lines if module == title else [titled(f"``{module}``", lines, "-")]
            body.append("")
        pages[f"python/{title}"] = titled(f"``{title}``", body)
    body = [
        "Axes of arrays are (slice, row, column), positions are (x, y, z) in mm, LPS, and names "
        "contain units. Every error of lungrt derives from :class:`lungrt.errors.Error`. ``import "
        "lungrt`` loads each name on first use, and never imports torch.",
        "",
        ".. toctree::",
        "",
        *(f"   {page}" for page in pages),
    ]
    pages["python"] = titled("Python", body)
    return pages


def write_pages(app: Sphinx, config: Config) -> None:
    """Write only the pages that changed, because Sphinx reads newer files again."""
    pages = {**cpp_pages(), **example_pages(), **python_pages()}
    for page, text in pages.items():
        path = PAGES / f"{page}.rst"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in PAGES.rglob("*.rst"):
        if path.relative_to(PAGES).as_posix().removesuffix(".rst") not in pages:
            path.unlink()


def plain_signature(
    app: Sphinx, what: str, name: str, obj: object, options: object, arguments: str, returned: str
) -> tuple[str, str] | None:
    """Return a signature with types as users know them, not as the compiled module spells them."""
    if not arguments:
        return None

    def plain(text: str) -> str:
        for spelt, known in (
            ("lungrt._core.", "lungrt."),
            ("typing.SupportsFloat | typing.SupportsIndex", "float"),
            ("typing.SupportsInt | typing.SupportsIndex", "int"),
            ("collections.abc.", ""),
            ("typing.", ""),
        ):
            text = text.replace(spelt, known)
        return re.sub(r"^\(self: [\w.]+(, )?", "(", text)

    return plain(arguments), plain(returned or "")


def unlinked(app: Sphinx, env: object, node: pending_xref, text: nodes.TextElement) -> object:
    """Show a name that exists but has no page as text; one that does not exist stays a warning."""
    if node.get("refdomain") != "py" or not node["reftarget"].startswith("lungrt."):
        return None
    module, *names = node["reftarget"].split(".")
    found: object = importlib.import_module(module)
    for name in names:
        module = f"{module}.{name}"
        if not hasattr(found, name):
            try:
                importlib.import_module(module)
            except ModuleNotFoundError:
                return None
        found = getattr(found, name)
    return text


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", write_pages)
    app.connect("autodoc-process-signature", plain_signature)
    app.connect("missing-reference", unlinked)
    return {"parallel_read_safe": True}
