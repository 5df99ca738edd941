"""Run after run: memory stays where it was after the first few."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WARM_UP = 20

SCRIPT = """
import gc, json, sys
import numpy, psutil
import lungrt

bundle, engine, hu, runs, warm_up = sys.argv[1:4] + [int(n) for n in sys.argv[4:]]
geometry = lungrt.Geometry((-10.0, 5.0, 30.0), (0.7, 0.8, 2.5))
voxels = numpy.load(hu)
pipeline = lungrt.Pipeline(bundle, engine=engine, threads=2, profile="book")
process = psutil.Process()
rss = []
for run in range(warm_up + runs):
    # A volume of its own, as an int16 view or converted; masks and text, as applications ask for.
    volume = lungrt.CtVolume(voxels if run % 2 else voxels.astype("f4"), geometry)
    report = pipeline.run(volume, keep_masks=run % 3 == 0)
    report.to_json(True)
    if run % 7 == 0:  # a run that ends in an error
        try:
            pipeline.run(volume, max_candidates=1)
        except lungrt.errors.ResourceLimit:
            pass
        else:
            raise SystemExit("the limit did not hold")
    if run + 1 == warm_up or run + 1 == warm_up + runs:
        gc.collect()
        rss.append(process.memory_info().rss / 2**20)
print(json.dumps({"after_warm_up_mb": rss[0], "at_the_end_mb": rss[1]}))
"""

OPENS = """
import gc, json, sys
import psutil
import lungrt

bundle, engine, hu, runs, warm_up = sys.argv[1:4] + [int(n) for n in sys.argv[4:]]
rss = []
for run in range(warm_up + runs):
    lungrt.Pipeline(bundle, engine=engine, threads=2, profile="book")
    try:
        lungrt.Pipeline(bundle + "/segmentation", engine=engine, profile="book")
    except lungrt.errors.Error:
        pass
    if run + 1 == warm_up or run + 1 == warm_up + runs:
        gc.collect()
        rss.append(psutil.Process().memory_info().rss / 2**20)
print(json.dumps({"after_warm_up_mb": rss[0], "at_the_end_mb": rss[1]}))
"""


def growth_mb(
    script: str,
    bundle: Path,
    engine: str,
    hu: Path,
    runs: int,
    record: pytest.FixtureRequest,
    temporary: Path,
) -> float:
    finished = subprocess.run(
        [sys.executable, "-c", script, str(bundle), engine, str(hu), str(runs), str(WARM_UP)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert not list(temporary.iterdir()), "a process leaves nothing behind"
    figures = json.loads(finished.stdout)
    record.node.user_properties.append((f"{engine}, {runs} runs", figures))
    print(f"{engine}, {runs} runs: {figures}")
    return float(figures["at_the_end_mb"] - figures["after_warm_up_mb"])


def test_runs_leave_memory_flat(
    stress_bundle: Path,
    engine: str,
    ct_files: Path,
    stress_runs: int,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    # A leak of a report (30 kB), a mask or a volume in each run would be 3 MB and more in 100.
    growth = growth_mb(SCRIPT, stress_bundle, engine, ct_files, stress_runs, request, tmp_path)
    assert growth < 2 + 0.002 * stress_runs, f"{growth:.1f} MB more after {stress_runs} runs"


def test_pipelines_that_close_leave_memory_flat(
    stress_bundle: Path,
    engine: str,
    ct_files: Path,
    stress_runs: int,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    runs = max(20, stress_runs // 5)
    growth = growth_mb(OPENS, stress_bundle, engine, ct_files, runs, request, tmp_path)
    assert growth < 4 + 0.02 * runs, f"{growth:.1f} MB more after {runs} pipelines"
