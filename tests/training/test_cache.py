from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lungrt.errors import InvalidArgument, Io, UnsupportedVersion
from lungrt.training.data.cache import CropCache
from lungrt.training.data.volumes import CtCrops

from .conftest import CROP


def numbers(seed: int = 0) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-1000, 1000, (8, 9, 10), dtype=np.int16)


def never() -> NDArray[np.int16]:
    raise AssertionError("it was to be in the cache")


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.b2"))


def test_made_once_and_kept(tmp_path: Path) -> None:
    array = CropCache(tmp_path / "cache").get(("a", 1), numbers)
    assert np.array_equal(array, numbers())
    again = CropCache(tmp_path / "cache").get(("a", 1), never)
    assert np.array_equal(again, numbers())
    assert again.dtype == np.int16


def test_keys_differ(tmp_path: Path) -> None:
    cache = CropCache(tmp_path)
    for key in (("a", 1), ("a", 2), ("b", 1)):
        cache.get(key, lambda key=key: numbers(len(str(key)) + key[1]))  # type: ignore[misc]
    assert len(entries(tmp_path)) == 3


def test_compressed(tmp_path: Path) -> None:
    CropCache(tmp_path).get(("air",), lambda: np.full((32, 48, 48), -1000, np.int16))
    (entry,) = entries(tmp_path)
    assert entry.stat().st_size < 32 * 48 * 48 * 2 / 50


def test_damage_is_named(tmp_path: Path) -> None:
    cache = CropCache(tmp_path)
    cache.get(("a",), numbers)
    (entry,) = entries(tmp_path)
    data = bytearray(entry.read_bytes())
    data[len(data) // 2] ^= 1
    entry.write_bytes(data)
    with pytest.raises(Io, match="is damaged"):
        cache.get(("a",), never)
    entry.unlink()
    assert np.array_equal(cache.get(("a",), numbers), numbers())


def test_another_version_is_named(tmp_path: Path) -> None:
    CropCache(tmp_path)
    (tmp_path / "cache.json").write_text(json.dumps({"what": "lungrt crop cache", "version": 0}))
    with pytest.raises(UnsupportedVersion, match="version 0, but this lungrt uses version"):
        CropCache(tmp_path)
    (tmp_path / "cache.json").write_text("?")
    with pytest.raises(InvalidArgument, match=r"not the cache\.json of a crop cache"):
        CropCache(tmp_path)


def test_other_folders_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(InvalidArgument, match="not a crop cache: the folder has files"):
        CropCache(tmp_path)
    with pytest.raises(Io, match="cannot use this folder as a cache"):
        CropCache(tmp_path / "thesis.txt" / "cache")


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    cache = CropCache(tmp_path / "cache")
    (tmp_path / "cache/cache.json").unlink()
    (tmp_path / "cache").rmdir()
    with pytest.raises(Io, match="cannot write this cache entry"):
        cache.get(("a",), numbers)


def test_what_others_left_aside_goes_when_it_is_old(tmp_path: Path) -> None:
    CropCache(tmp_path)
    old, new = (tmp_path / f".lungrt-new-{k:016x}.b2" for k in range(2))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    CropCache(tmp_path)
    assert not old.exists()
    assert new.exists()


def test_changed_ct_is_read_again(luna: Path, tmp_path: Path) -> None:
    from lungrt.training.data import open_data

    path = luna / "subset0/1.2.0.mhd"
    for expected in (1, 2, 2):
        data = open_data(luna, cache_folder=tmp_path / "cache")
        assert isinstance(data.load_crop, CtCrops)
        data.load_crop(data.samples[0], CROP)
        assert len(entries(tmp_path / "cache")) == expected
        if expected == 1:
            os.utime(path, ns=(1, 1))
