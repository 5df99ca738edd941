"""Configuration of the documentation site; `make docs` treats warnings as errors."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(Path(__file__).with_name("_extensions")))

project = "lungrt"
author = "the lungrt authors"
_version = re.search(r"VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text().split("lungrt")[1])
assert _version is not None
version = release = _version[1]

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "breathe",
    "myst_parser",
    "sphinx_copybutton",
    "api_pages",
    "commands",
]
exclude_patterns = ["_extensions", "examples", "pictures"]
nitpicky = True
# References that are not resolved: names of other projects, because the site is built without
# network access; TypeVars and the like.
nitpick_ignore_regex = [
    ("py:.*", r"(?!lungrt).*"),
    ("cpp:identifier", r"std(::.*)?|u?int\d+_t|size_t|lungrt"),
    ("c:identifier", r"u?int\d+_t|size_t"),
    # Opaque types that an engine defines.
    ("cpp:identifier", r"Lungrt(Session|Workspace)"),
]
# A field of a dataclass has no page of its own; a reference to its name is then ambiguous.
suppress_warnings = ["ref.python"]

# Markdown
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist", "attrs_inline"]
myst_heading_anchors = 3

# Python
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
add_module_names = False

# C and C++
breathe_projects = {"lungrt": str(ROOT / "build" / "doxygen" / "xml")}
breathe_default_project = "lungrt"
breathe_domain_by_extension = {"h": "cpp", "in": "cpp"}
breathe_show_include = False
cpp_maximum_signature_line_length = 88

# The pages fetch no font, script or picture from other sites.
html_theme = "furo"
html_title = f"lungrt {release}"
html_static_path = ["_static"]
html_css_files = ["lungrt.css"]
html_favicon = "_static/favicon.svg"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "sidebar_hide_name": True,
    "light_logo": "logo.svg",
    "dark_logo": "logo-dark.svg",
    "light_css_variables": {
        "color-brand-primary": "#1c5f87",
        "color-brand-content": "#1c5f87",
        "color-brand-visited": "#1c5f87",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7ec0e8",
        "color-brand-content": "#7ec0e8",
        "color-brand-visited": "#7ec0e8",
    },
}
pygments_style = "friendly"
pygments_dark_style = "monokai"
copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
