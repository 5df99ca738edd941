"""Messages of the configuration when something that was requested cannot be built."""

from __future__ import annotations

from pathlib import Path

import pytest
from prefixes import ROOT, configure

# Of no interest here, and slow to look for.
LEFT_OUT = (
    *("-DLUNGRT_CUDA=OFF", "-DLUNGRT_BUILD_IO=OFF", "-DLUNGRT_BUILD_CLI=OFF"),
    *(f"-DLUNGRT_ENGINE_{engine}=OFF" for engine in ("AOTINDUCTOR", "ONNXRUNTIME", "TORCHSCRIPT")),
)


def absent(*packages: str) -> tuple[str, ...]:
    """Definitions that make CMake find none of the packages."""
    return tuple(f"-DCMAKE_DISABLE_FIND_PACKAGE_{package}=ON" for package in packages)


def say(tmp_path: Path, *definitions: str) -> tuple[int, str]:
    """Configure the project; return CMake's exit code and words in one line."""
    done = configure(ROOT, tmp_path / "build", tmp_path, *LEFT_OUT, *definitions)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(
    ("definitions", "message"),
    [
        (
            ("-DLUNGRT_BUILD_IO=ON", *absent("ZLIB")),
            "LUNGRT_BUILD_IO is ON: zlib or GDCM 3 was not found (Debian: zlib1g-dev, libgdcm-dev)",
        ),
        (("-DLUNGRT_BUILD_IO=ON", *absent("GDCM")), "zlib or GDCM 3 was not found"),
        (
            ("-DLUNGRT_BUILD_CLI=ON", "-DLUNGRT_BUILD_IO=AUTO", *absent("CLI11")),
            "LUNGRT_BUILD_CLI is ON: lungrt-native needs lungrt::io and CLI11 2.1 (Debian: "
            "libcli11-dev)",
        ),
        (
            ("-DLUNGRT_BUILD_CLI=ON", "-DLUNGRT_BUILD_IO=AUTO", *absent("GDCM")),
            "lungrt-native needs lungrt::io",
        ),
        *(
            ((f"-DLUNGRT_BUILD_{part}=ON", *absent("ZLIB")), "zlib was not found (Debian: zlib1g-")
            for part in ("PYTHON", "TESTS")
        ),
        (("-DLUNGRT_BUILD_CLI=ON",), "lungrt-native needs lungrt::io"),  # which is OFF
        (("-DLUNGRT_BUILD_IO=yes",), "LUNGRT_BUILD_IO is 'yes', expected AUTO, ON or OFF"),
        (("-DLUNGRT_BUILD_CLI=1",), "LUNGRT_BUILD_CLI is '1', expected AUTO, ON or OFF"),
        (("-DLUNGRT_CUDA=12",), "LUNGRT_CUDA is '12', expected AUTO, ON or OFF"),
        (
            ("-DLUNGRT_CUDA=ON", "-DCMAKE_CUDA_COMPILER=NOTFOUND", "-DLUNGRT_NVCC="),
            "LUNGRT_CUDA is ON: no CUDA compiler (nvcc) was found",
        ),
        (
            ("-DLUNGRT_CUDA=ON", "-DLUNGRT_SANITIZE=ON"),
            "LUNGRT_CUDA is ON, but the CUDA compiler does not support sanitizers",
        ),
        (
            ("-DLUNGRT_SANITIZE=ON", "-DLUNGRT_SANITIZE_THREAD=ON"),
            "the thread sanitizer cannot be combined with other sanitizers",
        ),
        (
            ("-DLUNGRT_BUILD_FUZZERS=ON", "-DCMAKE_CXX_COMPILER=g++"),
            "the fuzzers need Clang; configure with -DCMAKE_CXX_COMPILER=clang++-16",
        ),
        (
            ("-DLUNGRT_ENGINE_TORCHSCRIPT=ON", "-DLUNGRT_TORCH_FOLDERS=/nowhere/torch"),
            "/nowhere/torch is not the folder of a torch package",
        ),
        (
            ("-DLUNGRT_BUILD_BENCHMARKS=ON", *absent("benchmark")),
            "LUNGRT_BUILD_BENCHMARKS is ON but Google Benchmark was not found; install it (Debian: "
            "apt-get install libbenchmark-dev)",
        ),
    ],
)
def test_what_cannot_be_built_stops(
    tmp_path: Path, definitions: tuple[str, ...], message: str
) -> None:
    code, said = say(tmp_path, *definitions)
    assert code != 0
    assert message in said


def test_what_was_not_requested_is_left_out_with_a_message(tmp_path: Path) -> None:
    asked = ("-DLUNGRT_BUILD_IO=AUTO", "-DLUNGRT_BUILD_CLI=AUTO")
    code, said = say(tmp_path, *asked, *absent("GDCM"))
    assert code == 0, said
    assert "zlib or GDCM 3 was not found" in said
    assert "lungrt::io, which reads CT files, is not built" in said
    assert "the native command is not built" in said
