"""Activations are kept between runs, and not for ever."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PREAMBLE = """
import sys
import numpy, psutil
import lungrt

def rss_mb():
    return psutil.Process().memory_info().rss / 2**20

def volume(size, slices=4):
    return lungrt.CtVolume(numpy.full((slices, size, size), -700, numpy.int16), lungrt.Geometry())

pipeline = lungrt.Pipeline(sys.argv[1], engine=sys.argv[2], threads=2, profile="book")
"""

GIVES_BACK = """
before = rss_mb()
pipeline.segment(volume(512))
del pipeline
print(rss_mb() - before)
"""

MANY_SIZES = """
pipeline.segment(volume(512))
first = rss_mb()
for size in range(320, 512, 12):
    pipeline.segment(volume(size))
print(rss_mb() - first)
"""


FIFTY_SCANS = """
for scan in range(50):
    scan_volume = volume(64, slices=32)
    pipeline.segment(scan_volume)
    pipeline.classify(scan_volume, [(16, 32, 32), (16, 33, 32)])
    if scan == 9:
        early = rss_mb()
print(rss_mb() - early)
"""


def _measured(bundle: Path, engine: str, script: str) -> float:
    """Run in a process of its own, since caches belong to the process."""
    finished = subprocess.run(
        [sys.executable, "-c", PREAMBLE + script, str(bundle), engine],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(finished.stdout)


def test_a_closed_pipeline_gives_its_memory_back(reference_bundle: Path, engine: str) -> None:
    # MB, of about 250 that TorchScript and ONNX Runtime take for activations.
    assert _measured(reference_bundle, engine, GIVES_BACK) < 120


def test_scans_of_many_sizes_do_not_add_up(reference_bundle: Path, engine: str) -> None:
    # Sixteen sizes would keep 100 MB and more each; half a gigabyte is allowed to lie idle.
    assert _measured(reference_bundle, engine, MANY_SIZES) < 800  # MB


def test_fifty_scans_take_no_more_than_ten(reference_bundle: Path, engine: str) -> None:
    assert _measured(reference_bundle, engine, FIFTY_SCANS) < 16  # MB
