"""What lies in an installed prefix: where things are, what they remember, what they let out."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from prefixes import BUILD, ROOT, install, runtime_folder, succeed, tool

import lungrt

ABI = ".".join(lungrt.__version__.split(".")[:2])
# Symbols of the public API: of namespace lungrt, type information of its classes, the C functions.
PUBLIC = re.compile(r"lungrt::|(typeinfo|typeinfo name|vtable) for lungrt::|lungrt_\w+$")


def libraries(prefix: Path) -> list[Path]:
    """Return the shared libraries, without links to them."""
    return [p for p in sorted((prefix / "lib").glob("*.so*")) if not p.is_symlink()]


def plugins(prefix: Path) -> list[Path]:
    """Return the libraries that the core opens by name."""
    return [p for p in libraries(prefix) if p.suffix == ".so" and p.name != "liblungrt_io.so"]


def exported(library: Path) -> list[str]:
    """Return what a library lets out, demangled where it is C++."""
    listing = succeed(tool("nm"), "-D", "--defined-only", "--demangle", library)
    return [line.split(maxsplit=2)[2] for line in listing.splitlines()]


def dynamic(library: Path, tag: str) -> list[str]:
    """Return the values of a tag of the dynamic section."""
    listing = succeed(tool("readelf"), "-dW", library)
    return re.findall(rf"\({tag}\).*\[(.*)\]", listing)


def test_everything_is_where_others_look_for_it(prefix: Path) -> None:
    for place in (
        f"lib/liblungrt.so.{ABI}",
        "lib/cmake/lungrt/lungrtConfig.cmake",
        "lib/cmake/lungrt/lungrtConfigVersion.cmake",
        "lib/pkgconfig/lungrt.pc",
        "include/lungrt/pipeline.h",
        "include/lungrt/version.h",
        "share/doc/lungrt/LICENSE",
    ):
        assert (prefix / place).is_file(), place
    assert (prefix / "lib/liblungrt.so").resolve() == prefix / f"lib/liblungrt.so.{ABI}"
    assert not (prefix / "lungrt").exists(), "Python's module belongs to the wheel alone"


def test_components_install_what_their_name_says(compiled: Path, tmp_path: Path) -> None:
    install(tmp_path / "core", "core")
    assert [p.name for p in (tmp_path / "core/lib").iterdir()] == [f"liblungrt.so.{ABI}"]
    install(tmp_path / "devel", "devel")
    assert sorted(p.name for p in (tmp_path / "devel").iterdir()) == ["include", "lib"]
    assert not [p for p in (tmp_path / "devel/lib").glob("*.so") if not p.is_symlink()]


def test_no_file_remembers_the_machine_it_was_built_on(prefix: Path) -> None:
    torch = runtime_folder("torch", "")
    folders = {
        str(ROOT),
        str(BUILD),
        sys.prefix,
        str(prefix.parent),
        *([str(torch)] if torch else []),
    }
    files = [path for path in prefix.rglob("*") if path.is_file()]
    assert len(files) > 20
    found = [
        f"{path.relative_to(prefix)}: {folder}"
        for path in files
        for folder in folders
        if folder.encode() in path.read_bytes()
    ]
    assert not found


def test_libraries_look_beside_themselves_only(prefix: Path) -> None:
    for library in libraries(prefix):
        assert not dynamic(library, "RPATH"), library
        for entry in ":".join(dynamic(library, "RUNPATH")).split(":"):
            assert entry.startswith("$ORIGIN"), f"{library}: {entry}"


def test_the_core_needs_nothing_but_the_system(prefix: Path) -> None:
    (soname,) = dynamic(prefix / "lib/liblungrt.so", "SONAME")
    assert soname == f"liblungrt.so.{ABI}"
    needed = {name.partition(".")[0] for name in dynamic(prefix / "lib/liblungrt.so", "NEEDED")}
    assert needed <= {
        "libstdc++",
        "libm",
        "libgcc_s",
        "libc",
        "libdl",
        "libpthread",
        "ld-linux-x86-64",
    }


def test_the_core_lets_out_its_public_interface_alone(prefix: Path) -> None:
    symbols = exported(prefix / "lib/liblungrt.so")
    assert any(symbol.startswith("lungrt::Pipeline::run(") for symbol in symbols)
    assert "lungrt_pipeline_run" in symbols
    assert [symbol for symbol in symbols if not PUBLIC.match(symbol)] == []


def test_exported_symbols_are_declared_in_public_headers(prefix: Path) -> None:
    """Nothing of the insides is marked public by mistake."""
    headers = "\n".join(path.read_text() for path in (prefix / "include/lungrt").glob("*.h"))
    undeclared = set()
    for symbol in exported(prefix / "lib/liblungrt.so"):
        called = re.sub(r"\[abi:\w+\]|<.*>", "", symbol.split("(")[0])
        name = re.findall(r"\w+", called)[-1]
        if not re.search(rf"\b{name}\b", headers):
            undeclared.add(symbol)
    assert not undeclared


def test_plugins_let_out_their_table_alone(prefix: Path) -> None:
    assert plugins(prefix), "no engine was built"
    for library in plugins(prefix):
        (symbol,) = exported(library)
        assert re.fullmatch("lungrt_(engine|cuda)_table", symbol)


def test_a_static_core_hides_its_insides(prefix: Path) -> None:
    archive = prefix / "lib/liblungrt.a"
    if not archive.exists():
        pytest.skip("built without LUNGRT_BUILD_STATIC")
    listing = succeed(tool("readelf"), "-sW", "--demangle", archive)
    rows = [line.split(maxsplit=7) for line in listing.splitlines()]
    defined = [r for r in rows if len(r) == 8 and r[4] == "GLOBAL" and r[6] != "UND"]
    visible = [row[7] for row in defined if row[5] == "DEFAULT"]
    assert len(visible) > 50
    assert [symbol for symbol in visible if not PUBLIC.search(symbol)] == []
