"""Where compiled networks lie, and what their records and goldens say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lungrt.errors import BadBundle, Io
from lungrt.export import compiled
from lungrt.export.files import write_file
from lungrt.export.goldens import Golden, to_safetensors
from lungrt.export.manifest import FileEntry

# The same text and digest stand in tests/cpp/core/test_cpu.cpp: both languages must agree.
CPUINFO = (
    "processor\t: 0\nmodel name\t: Imaginary 9000 CPU\nflags\t\t: fpu sse avx2 fma\n\n"
    "processor\t: 1\nmodel name\t: Another\nflags\t\t: fpu\n"
)
DIGEST = "f354071a16b62978ddff43f0fbabea76e16dc4e71ffebd07990293f25210f7a8"


def _record(golden: FileEntry) -> compiled.Record:
    return compiled.Record(
        "torch 2.0.0",
        compiled.Cpu("Imaginary 9000 CPU", DIGEST),
        "AVX2",
        "a" * 64,
        "b" * 64,
        (1, 3, 8, 8),
        (1, 1, 8, 8),
        True,
        FileEntry("model.pt2", "c" * 64, 4),
        golden,
    )


def _write(folder: Path, shape: tuple[int, ...] = (1, 3, 8, 8)) -> Path:
    golden = Golden(np.ones(shape, np.float32), np.ones((shape[0], 1, *shape[2:]), np.float32))
    entry = write_file(folder, compiled.GOLDEN, to_safetensors([golden]))
    write_file(folder, compiled.RECORD, _record(entry).to_text().encode())
    return folder


def test_the_digest_of_a_processor() -> None:
    assert compiled.parse_cpu(CPUINFO) == compiled.Cpu("Imaginary 9000 CPU", DIGEST)
    assert compiled.this_cpu().model


def test_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert compiled.compiled_cache() == Path("/cache/lungrt/compiled")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert compiled.compiled_cache() == Path("/home/somebody/.cache/lungrt/compiled")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert compiled.compiled_cache() == Path("/home/somebody/.cache/lungrt/compiled")
    monkeypatch.delenv("HOME")
    with pytest.raises(Io, match="neither of the environment variables XDG_CACHE_HOME and HOME"):
        compiled.compiled_cache()


def test_sizes_are_listed_without_what_is_being_written(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert compiled.compiled_sizes(bundle, "nodule", 0) == []
    folder = compiled.compiled_folder(bundle, "nodule", 0)
    for name in ("8x8", "16x8", ".16x8.lungrt-new-0123456789abcdef"):
        (folder / name).mkdir(parents=True)
    found = compiled.compiled_sizes(bundle, "nodule", 0)
    assert [path.name for path in found] == ["16x8", "8x8"]


def test_only_goldens_of_a_compiled_size_are_replayed(tmp_path: Path) -> None:
    folder = _write(tmp_path / "8x8")
    shapes = ((2, 3, 8, 8), (1, 3, 16, 8), (1, 5, 8, 8))
    goldens = [Golden(np.ones(s, np.float32), np.ones(s, np.float32)) for s in shapes]
    found = compiled.goldens_of_sizes([folder], goldens)
    assert [golden.input.shape for golden in found] == [(2, 3, 8, 8), (1, 3, 8, 8)]


def test_damaged_goldens_are_refused(tmp_path: Path) -> None:
    folder = _write(tmp_path / "8x8")
    data = bytearray((folder / compiled.GOLDEN).read_bytes())
    data[-1] ^= 1
    (folder / compiled.GOLDEN).write_bytes(data)
    with pytest.raises(
        BadBundle, match=r"golden.safetensors: this file is damaged: its SHA-256 .*; compile"
    ):
        compiled.read_compiled_golden(folder)
    (folder / compiled.RECORD).unlink()
    with pytest.raises(
        BadBundle, match=r"cannot read this compiled network.*compile the bundle again"
    ):
        compiled.read_compiled_golden(folder)
