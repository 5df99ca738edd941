"""Many threads, one pipeline: what each gets is what one alone gets."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lungrt
from lungrt import errors

THREADS, RUNS_EACH = 16, 3


def outcome(report: lungrt.Report) -> dict[str, Any]:
    """All of a report but the time it took."""
    content = report.to_dict()
    content.pop("timings_s")
    return content


@pytest.mark.parametrize("profile", ["book", "lung"])
@pytest.mark.parametrize("threads", [1, 2])
def test_sixteen_threads_get_what_one_gets(
    stress_bundle: Path, engine: str, small_ct: lungrt.CtVolume, profile: str, threads: int
) -> None:
    if profile == "lung":  # no lungs in `small_ct`
        options: dict[str, Any] = {"profile": "lung", "region": "volume"}
    else:
        options = {"profile": "book"}
    pipeline = lungrt.Pipeline(stress_bundle, engine=engine, threads=threads, **options)
    volumes = [small_ct, lungrt.CtVolume(small_ct.hu[:, ::-1], small_ct.geometry)]
    expected = [outcome(pipeline.run(volume)) for volume in volumes]
    assert expected[0] != expected[1]
    assert expected[0]["nodules"]
    start = threading.Barrier(THREADS, timeout=60)

    def work(number: int) -> list[dict[str, Any]]:
        start.wait()
        return [outcome(pipeline.run(volumes[(number + k) % 2])) for k in range(RUNS_EACH)]

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(work, range(THREADS)))
    for number, reports in enumerate(found):
        for k, report in enumerate(reports):
            assert report == expected[(number + k) % 2], f"thread {number}, run {k}"


def test_threads_that_cancel_disturb_no_other(
    stress_bundle: Path, engine: str, small_ct: lungrt.CtVolume
) -> None:
    pipeline = lungrt.Pipeline(stress_bundle, engine=engine, threads=1, profile="book")
    expected = outcome(pipeline.run(small_ct))

    def stop(stage: str, done: int, total: int) -> None:
        if done > total // 2:
            raise errors.Cancelled("enough")

    def work(number: int) -> dict[str, Any] | None:
        if number % 2:
            with pytest.raises(errors.Cancelled, match="enough"):
                pipeline.run(small_ct, progress=stop)
            return None
        return outcome(pipeline.run(small_ct))

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(work, range(THREADS)))
    assert found == [expected, None] * (THREADS // 2)


def test_pipelines_open_and_close_beside_runs(
    stress_bundle: Path, engine: str, small_ct: lungrt.CtVolume
) -> None:
    def work(number: int) -> np.ndarray[Any, Any]:
        pipeline = lungrt.Pipeline(
            stress_bundle, engine=engine, threads=1 + number % 2, profile="book"
        )
        return np.asarray(pipeline.segment(small_ct))

    with ThreadPoolExecutor(8) as pool:
        masks = list(pool.map(work, range(16)))
    assert all(np.array_equal(mask, masks[0]) for mask in masks)
