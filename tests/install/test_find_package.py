"""What `find_package(lungrt ...)` says to a project that asks for something."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from prefixes import configure, install, succeed, tool

import lungrt

MAJOR, MINOR = lungrt.__version__.split(".")[:2]


def ask(
    tmp_path: Path, prefix: Path, request: str, *more: str, languages: str = "NONE"
) -> tuple[int, str]:
    """Configure a project with one request; return CMake's exit code and words in one line."""
    source = tmp_path / "asking"
    source.mkdir()
    lines = ["cmake_minimum_required(VERSION 3.22)", f"project(asking LANGUAGES {languages})"]
    lines += [f"find_package(lungrt {request})", *more]
    (source / "CMakeLists.txt").write_text("\n".join(lines) + "\n")
    done = configure(source, tmp_path / "build", prefix)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.fixture(scope="module")
def core_alone(compiled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install what an application needs to be compiled, without engines."""
    folder = tmp_path_factory.mktemp("core")
    install(folder, "core", "devel")
    return folder


def test_components_are_targets(tmp_path: Path, prefix: Path) -> None:
    report = 'message(STATUS "${lungrt_VERSION} ${lungrt_BUILD_TYPE} ${lungrt_onnxruntime_FOUND}")'
    location = "get_target_property(file lungrt::onnxruntime LUNGRT_RUNTIME_LIBRARY)"
    request = f"{MAJOR}.{MINOR} REQUIRED COMPONENTS core onnxruntime"
    code, said = ask(tmp_path, prefix, request, report, location, 'message(STATUS "[${file}]")')
    assert code == 0, said
    assert f"{lungrt.__version__} Release TRUE" in said
    assert f"[{prefix / 'lib/liblungrt_onnxruntime.so'}]" in said


def test_an_absent_component_is_named_with_its_file(tmp_path: Path, core_alone: Path) -> None:
    code, said = ask(tmp_path, core_alone, "REQUIRED COMPONENTS core torchscript")
    assert code != 0
    assert f"lungrt {lungrt.__version__} in {core_alone} lacks required components" in said
    assert "installed without its component 'torchscript'" in said
    assert f"{core_alone}/lib/liblungrt_torchscript.so does not exist" in said
    assert "Installed components: core." in said


def test_readers_that_were_not_installed_are_named(tmp_path: Path, core_alone: Path) -> None:
    code, said = ask(tmp_path, core_alone, "REQUIRED COMPONENTS io")
    assert code != 0
    assert "installed without its component 'io'" in said


def test_an_absent_optional_component_is_no_error(tmp_path: Path, core_alone: Path) -> None:
    report = 'message(STATUS "[${lungrt_FOUND} ${lungrt_torchscript_FOUND} ${lungrt_core_FOUND}]")'
    request = "REQUIRED COMPONENTS core OPTIONAL_COMPONENTS torchscript"
    code, said = ask(tmp_path, core_alone, request, report)
    assert code == 0, said
    assert "[1 FALSE TRUE]" in said


def test_an_unknown_component_is_refused_with_the_known_ones(tmp_path: Path, prefix: Path) -> None:
    code, said = ask(tmp_path, prefix, "REQUIRED COMPONENTS tensorflow")
    assert code != 0
    assert "no component 'tensorflow': expected core, static, onnxruntime, torchscript" in said


def test_without_the_core_there_is_nothing(tmp_path: Path, core_alone: Path) -> None:
    engines = shutil.copytree(core_alone, tmp_path / "prefix", symlinks=True)
    for path in (engines / "lib/cmake/lungrt").glob("lungrt-*-targets*"):
        path.unlink()
    code, said = ask(tmp_path, engines, "REQUIRED")
    assert code != 0
    assert "installed without its component 'core'" in said


def test_a_static_core_is_the_core_where_no_shared_one_is(tmp_path: Path, prefix: Path) -> None:
    if not (prefix / "lib/liblungrt.a").exists():
        pytest.skip("built without LUNGRT_BUILD_STATIC")
    static = shutil.copytree(prefix, tmp_path / "prefix", symlinks=True)
    for path in (static / "lib/cmake/lungrt").glob("lungrt-core-targets*"):
        path.unlink()
    links = "get_target_property(links lungrt::core INTERFACE_LINK_LIBRARIES)"
    threads = "get_target_property(more lungrt::core_static INTERFACE_LINK_LIBRARIES)"
    report = (links, threads, 'message(STATUS "[${links}] [${more}]")')
    code, said = ask(tmp_path, static, "REQUIRED COMPONENTS core", *report, languages="CXX")
    assert code == 0, said
    assert "[lungrt::core_static] [Threads::Threads;dl]" in said


@pytest.mark.parametrize(
    "version", [f"{MAJOR}.{int(MINOR) + 1}", f"{int(MAJOR) + 1}.0", f"{MAJOR}.{MINOR}.99"]
)
def test_another_version_is_refused(tmp_path: Path, prefix: Path, version: str) -> None:
    code, said = ask(tmp_path, prefix, f"{version} REQUIRED")
    assert code != 0
    assert f'compatible with requested version "{version}"' in said
    assert f"version: {lungrt.__version__}" in said


def test_installing_a_runtime_that_was_not_asked_for(tmp_path: Path, core_alone: Path) -> None:
    deploy = "lungrt_install_runtime(COMPONENTS core onnxruntime DESTINATION lib)"
    code, said = ask(tmp_path, core_alone, "REQUIRED", deploy)
    assert code != 0
    assert "component 'onnxruntime' was not found" in said


def test_installing_a_runtime_without_a_destination(tmp_path: Path, core_alone: Path) -> None:
    code, said = ask(tmp_path, core_alone, "REQUIRED", "lungrt_install_runtime(COMPONENTS core)")
    assert code != 0
    assert "requires the arguments COMPONENTS <component>... DESTINATION <folder>" in said


def test_pkg_config_knows_the_moved_prefix(prefix: Path) -> None:
    env = {"PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
    assert (
        succeed(tool("pkg-config"), "--modversion", "lungrt", env=env).strip() == lungrt.__version__
    )
    flags = succeed(tool("pkg-config"), "--cflags", "--libs", "lungrt", env=env).split()
    places = {flag[:2]: Path(flag[2:]).resolve() for flag in flags if flag[:2] in ("-I", "-L")}
    assert places == {"-I": prefix / "include", "-L": prefix / "lib"}
    assert "-llungrt" in flags
