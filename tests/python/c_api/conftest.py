"""Fixtures of the tests of the C interface: the library, bundles that the native engine runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import lungrt
from lungrt import _core

sys.path.append(str(Path(__file__).parent))  # for `c_header` and `programs`


@pytest.fixture(scope="session")
def library() -> Path:
    """The library beside the compiled module: the one that is loaded already."""
    (path,) = Path(_core.__file__).parent.glob("liblungrt.so*")
    return path


@pytest.fixture(scope="session")
def raw_ct(chest_ct: lungrt.CtVolume, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Arguments that tell a program where `chest_ct` lies: a file, its shape, spacing, origin."""
    path = tmp_path_factory.mktemp("raw") / "ct.raw"
    chest_ct.hu.tofile(path)
    geometry = chest_ct.geometry
    numbers = [*chest_ct.hu.shape, *geometry.spacing_mm, *geometry.origin_mm]
    return [str(path), *map(repr, map(float, numbers))]
