"""Engines beside each other in one process: same results, and a clean end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import engines
import pytest

PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import lungrt

generator = np.random.default_rng(1)
hu = generator.integers(-1000, 600, (9, 44, 52), dtype=np.int16)
volume = lungrt.CtVolume(hu, lungrt.Geometry((0, 0, 0), (0.61, 0.73, 2.5)))
options = {"threads": 2, "profile": "book"}
pipelines = [lungrt.Pipeline(sys.argv[1], engine=name, **options) for name in sys.argv[2:]]

def decisions(pipeline):
    return [(c.index, c.p_nodule, c.p_malignant) for c in pipeline.run(volume).candidates]

alone = [decisions(pipeline) for pipeline in pipelines]
assert len(alone[0]) > 3, "the case is to have candidates"
for _ in range(3):  # alternating
    assert [decisions(pipeline) for pipeline in pipelines] == alone
with ThreadPoolExecutor(2 * len(pipelines)) as pool:  # at the same time
    assert list(pool.map(decisions, pipelines * 6)) == alone * 6
"""


@pytest.mark.parametrize("order", [engines.ENGINES, engines.ENGINES[::-1]])
def test_they_leave_each_other_alone(order: tuple[str, ...], small_bundle: Path) -> None:
    for name in order:
        engines.require(name)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(small_bundle), *order],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
