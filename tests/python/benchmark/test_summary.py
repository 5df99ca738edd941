"""Medians of the rounds, and the baseline of speed-ups."""

from __future__ import annotations

import pytest

from lungrt.benchmark.summary import summarize


def test_medians_of_the_first_and_of_later_cts(record) -> None:
    eager, ours = summarize([record("eager", 40.0), record("torchscript", 10.0)])
    assert ours.total.median == pytest.approx(11.0)
    assert (ours.total.lowest, ours.total.highest) == pytest.approx((10.0, 12.0))
    assert ours.warm.median == pytest.approx(5.5)
    assert ours.stages["segment"].median == pytest.approx(6.6)
    assert ours.ratio == pytest.approx(4.0)
    assert eager.ratio == 1.0
    assert (ours.peak_bytes, ours.peak_bytes_warm) == (10**9, 2 * 10**9)
    assert ours.slice_ms.median == 10.5
    assert ours.crop_ms.count == 6


def test_the_first_cold_start_is_separate(record) -> None:
    (ours,) = summarize([record("torchscript", 10.0)])
    assert ours.cold_first.median == 0.5
    assert (ours.cold.lowest, ours.cold.highest) == (1.5, 2.5)
    assert ours.warm_small.median == 0.1
    assert ours.command.median == 0.7


def test_ratios_are_within_a_group(record) -> None:
    records = [
        record("eager", 40.0, threads=2),
        record("torchscript", 10.0, threads=2),
        record("eager", 80.0, threads=1),
        record("torchscript", 16.0, threads=1),
    ]
    assert [s.ratio for s in summarize(records)] == pytest.approx([1.0, 4.0, 1.0, 5.0])


def test_no_ratio_without_the_book(record) -> None:
    tuned, ours = summarize([record("eager-tuned", 20.0), record("torchscript", 10.0)])
    assert tuned.ratio is None
    assert ours.ratio is None


def test_nothing_measured(record) -> None:
    (ours,) = summarize([record("torchscript", 10.0, rounds=0)])
    assert ours.total is None
    assert ours.peak_bytes is None
    assert ours.stages == {}
