"""Programs in other languages: compiled or run as a stranger would, equal to the bit."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from c_header import HEADER, INCLUDE
from programs import expect_diagnosis, run_program

import lungrt

HERE = Path(__file__).parent
C99 = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror"]


def tool(*names: str) -> str:
    """Return the first of these programs that is here; skips where none is."""
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    pytest.skip(f"needs {' or '.join(names)}, which this machine does not have")


@pytest.fixture(scope="module")
def expected(native_bundle: Path, chest_ct: lungrt.CtVolume) -> lungrt.Report:
    return lungrt.Pipeline(native_bundle, engine="native", threads=1).run(chest_ct)


@pytest.mark.parametrize(
    ("compilers", "options", "suffix"),
    [
        (("gcc", "cc"), C99, ".c"),
        (("g++", "c++"), ["-std=c++17", *C99[1:]], ".cpp"),
        (("clang", "clang-16"), C99, ".c"),
    ],
)
def test_header_compiles_alone(
    compilers: tuple[str, ...], options: list[str], suffix: str, tmp_path: Path
) -> None:
    source = tmp_path / f"alone{suffix}"
    # The second time it must add nothing.
    source.write_text(f'#include "{HEADER}"\n#include <lungrt/c_api.h>\nint unused;\n')
    subprocess.run(
        [tool(*compilers), *options, f"-I{INCLUDE}", "-c", source, "-o", tmp_path / "alone.o"],
        check=True,
    )


def test_header_needs_standard_c_alone() -> None:
    included = re.findall(r"#include\s*[<\"]([^>\"]+)", HEADER.read_text(encoding="utf-8"))
    assert included == ["stddef.h", "stdint.h", "lungrt/export.h"]
    assert "#include" not in (INCLUDE / "lungrt/export.h").read_text(encoding="utf-8")


def test_lua_program(
    expected: lungrt.Report, library: Path, native_bundle: Path, raw_ct: list[str], tmp_path: Path
) -> None:
    declarations = subprocess.run(
        [tool("gcc", "cc"), "-E", "-P", f"-I{INCLUDE}", HEADER],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    # Lua's FFI knows the standard's types itself; the C library's headers are not for it.
    ours = declarations[declarations.index("typedef int32_t lungrt_status") :]
    (tmp_path / "c_api.i").write_text(ours)
    command = [tool("luajit"), HERE / "diagnose.lua", tmp_path / "c_api.i", library]
    expect_diagnosis(run_program([*command, native_bundle, *raw_ct]), expected)
