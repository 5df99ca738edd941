"""Fixtures: the C++ reader and the native command of this build."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lungrt
from lungrt import errors

ROOT = Path(__file__).parents[3]
BUILD = ROOT / "build" / "python" / "cpp"  # of `make build`


def _built(name: str) -> Path:
    program = BUILD / name
    if not program.is_file():
        pytest.skip(
            f"needs {name}, which `make build` makes where what it uses is installed: no {program}"
        )
    return program


@pytest.fixture(scope="session")
def built() -> Callable[[str], Path]:
    """Return a function that returns the path of a program of this build, or skips the test."""
    return _built


@pytest.fixture(scope="session")
def native() -> Path:
    """Path of the native command."""
    return _built("lungrt-native")


@pytest.fixture(scope="session")
def native_reader() -> Iterator[Callable[..., dict[str, Any]]]:
    """Return a function that reads a CT with the C++ library, in a process of its own."""
    program = _built("lungrt_read_ct")
    with subprocess.Popen(
        [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def read(path: Path, **options: object) -> dict[str, Any]:
            request = {"path": str(path), **options}
            print(json.dumps(request), file=process.stdin, flush=True)
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            return answer

        yield read
        process.stdin.close()
        assert process.wait() == 0


@pytest.fixture(params=["python", "native"])
def read(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., lungrt.CtVolume]:
    """Return a function that reads a CT, by Python or by lungrt::io in a process of its own."""
    if request.param == "python":
        return lungrt.read_ct
    native_reader = request.getfixturevalue("native_reader")

    def read_natively(path: Path, **options: Any) -> lungrt.CtVolume:
        voxels = tmp_path / "voxels.raw"
        answer = native_reader(path, voxels=str(voxels), **options)
        if "error" in answer:
            raise getattr(errors, answer["error"])(answer["message"])
        return lungrt.CtVolume(
            np.fromfile(voxels, np.int16).reshape(answer["shape"]),
            lungrt.Geometry(answer["origin_mm"], answer["spacing_mm"], answer["direction"]),
            series_uid=answer["series_uid"],
            notes=answer["notes"],
        )

    return read_natively
