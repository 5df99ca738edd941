"""The program of the guide that diagnoses CTs in a pool of processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import lungrt
from lungrt.phantom import chest

PROGRAM = Path(__file__).parents[3] / "docs" / "examples" / "process_pool.py"


def test_reports_and_errors_come_back(native_bundle: Path, tmp_path: Path) -> None:
    scan, absent = tmp_path / "scan.mha", tmp_path / "absent.mha"
    volume = chest(seed=1, shape=(16, 91, 97), spacing_mm=(4.1, 4.3, 19.7), nodules=1).volume
    slices, rows, columns = volume.shape
    origin, spacing = volume.geometry.origin_mm, volume.geometry.spacing_mm
    header = (
        "ObjectType = Image\nNDims = 3\n"
        f"DimSize = {columns} {rows} {slices}\n"
        f"ElementSpacing = {spacing[0]} {spacing[1]} {spacing[2]}\n"
        f"Offset = {origin[0]} {origin[1]} {origin[2]}\n"
        "TransformMatrix = 1 0 0 0 1 0 0 0 1\n"
        "ElementType = MET_SHORT\nElementDataFile = LOCAL\n"
    )
    scan.write_bytes(header.encode() + volume.hu.tobytes())
    expected = lungrt.Pipeline(native_bundle, profile="lung", threads=1).run(lungrt.read_ct(scan))
    assert expected.nodules
    program = [sys.executable, PROGRAM, native_bundle, scan, absent, scan]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = f"{scan}: {len(expected.nodules)} nodules of {len(expected.candidates)}"
    first, second, third = done.stdout.splitlines()
    assert (first, third) == (found, found)
    assert second.startswith(f"{absent}: Io: ")
