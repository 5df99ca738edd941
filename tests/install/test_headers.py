"""The public headers: each compiles alone, with nothing but the standard library."""

from __future__ import annotations

from pathlib import Path

import pytest
from prefixes import ROOT, call, tool

SOURCES = ROOT / "cpp" / "include" / "lungrt"
HEADERS = sorted(path.name.removesuffix(".in") for path in SOURCES.glob("*.h*"))
STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror")
# Where compilers keep their own and the C library's headers.
SYSTEM = ("/usr/include/c++/", "/usr/lib/gcc/", "/usr/include/")


def included(compiler: str, standard: str, language: str, prefix: Path, source: str) -> list[Path]:
    """Compile a text alone; return every header that it saw."""
    arguments = ("-std=" + standard, "-x", language, *STRICT, f"-I{prefix / 'include'}")
    done = call(tool(compiler), *arguments, "-fsyntax-only", "-", input=source)
    assert done.returncode == 0, done.stderr
    listed = call(tool(compiler), *arguments, "-M", "-", input=source)
    assert listed.returncode == 0, listed.stderr
    words = listed.stdout.replace("\\\n", " ").split()[1:]
    return [Path(word).resolve() for word in words if word.startswith("/")]


def foreign(prefix: Path, headers: list[Path]) -> list[str]:
    """Those that are neither ours nor the system's own."""
    ours = (prefix / "include" / "lungrt").resolve()
    system = [path for path in headers if str(path).startswith(SYSTEM)]
    return [str(p) for p in headers if p.parent != ours and p not in system]


def test_every_header_is_installed(prefix: Path) -> None:
    assert sorted(path.name for path in (prefix / "include/lungrt").iterdir()) == HEADERS


@pytest.mark.parametrize("header", HEADERS)
def test_alone_as_cxx17(prefix: Path, header: str) -> None:
    seen = included("c++", "c++17", "c++", prefix, f"#include <lungrt/{header}>\n")
    assert (prefix / "include/lungrt" / header).resolve() in seen
    assert foreign(prefix, seen) == []


def test_twice_in_one_file_and_all_together(prefix: Path) -> None:
    both = "".join(f"#include <lungrt/{header}>\n" for header in HEADERS) * 2
    included("c++", "c++17", "c++", prefix, both + "int main() {}\n")


def test_c_interface_alone_as_c99(prefix: Path) -> None:
    seen = included("cc", "c99", "c", prefix, "#include <lungrt/c_api.h>\n")
    ours = {path.name for path in seen if path.parent.name == "lungrt"}
    assert ours == {"c_api.h", "export.h"}
    assert foreign(prefix, seen) == []


def test_a_foreign_header_is_seen(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "foreign.h").write_text("#pragma once\n")
    source = f'#include "{tmp_path / "foreign.h"}"\n#include <lungrt/error.h>\n'
    seen = included("c++", "c++17", "c++", prefix, source)
    assert foreign(prefix, seen) == [str((tmp_path / "foreign.h").resolve())]


def test_a_header_that_needs_cxx20_is_seen(prefix: Path) -> None:
    with pytest.raises(AssertionError, match="error"):
        included("c++", "c++17", "c++", prefix, "#include <span>\nstd::span<int> s;\n")
