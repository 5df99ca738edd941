"""Medians of the rounds, the baseline of speed-ups, and every measurement in JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace

import pytest

from lungrt.benchmark.contention import Contention
from lungrt.benchmark.summary import CSV_COLUMNS, Spread, summarize


def test_median_and_range() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0, 3)
    assert Spread.of([4.0, 1.0]) == Spread(2.5, 1.0, 4.0, 2)
    assert Spread.of([]) is None


def test_medians_of_the_first_and_of_later_cts(record) -> None:
    eager, ours = summarize([record("eager", 40.0), record("torchscript", 10.0)])
    assert ours.start.median == 1.5
    assert ours.total.median == pytest.approx(11.0)
    assert (ours.total.lowest, ours.total.highest) == pytest.approx((10.0, 12.0))
    assert ours.warm.median == pytest.approx(5.5)
    assert ours.stages["segment"].median == pytest.approx(6.6)
    assert ours.ratio == pytest.approx(4.0)
    assert eager.ratio == 1.0
    assert (ours.peak_bytes, ours.peak_bytes_warm) == (10**9, 2 * 10**9)


def test_ratios_are_within_a_group(record) -> None:
    records = [
        record("eager", 40.0, threads=2),
        record("torchscript", 10.0, threads=2),
        record("eager", 80.0, threads=1),
        record("torchscript", 16.0, threads=1),
    ]
    assert [s.ratio for s in summarize(records)] == pytest.approx([1.0, 4.0, 1.0, 5.0])


def test_ratios_to_both_eager_pipelines(record) -> None:
    records = [record("eager", 40.0), record("eager-tuned", 20.0), record("torchscript", 10.0)]
    found = summarize(records)
    assert [one.ratio for one in found] == pytest.approx([1.0, 2.0, 4.0])
    assert [one.ratio_tuned for one in found] == pytest.approx([0.5, 1.0, 2.0])


def test_no_ratio_without_the_book(record) -> None:
    tuned, ours = summarize([record("eager-tuned", 20.0), record("torchscript", 10.0)])
    assert tuned.ratio is None
    assert ours.ratio is None
    assert ours.ratio_tuned == pytest.approx(2.0)


def test_disturbed_measurements_are_in_json_and_warned_of(benchmark_of, record, busy) -> None:
    quiet, disturbed = record("native", 4.0), record("torchscript", 9.0, contention=busy)
    found = json.loads(benchmark_of(quiet, disturbed, idle=busy).to_json())
    assert [c["summary"]["contended"] for c in found["contenders"]] == [0, 3]
    (_, theirs) = found["contenders"]
    assert [one["contended"] for one in theirs["measurements"]] == [True] * 3
    assert theirs["measurements"][0]["contention"]["others_s"] == 1.2
    assert found["contention"]["before"]["share"] == 0.4
    before, during = found["warnings"]
    assert before.startswith("before the first measurement others took 40% of the processors' time")
    assert "disturbed 3 of 6 measurements and took up to 40%" in during
    assert json.loads(benchmark_of(quiet).to_json())["warnings"] == []


def test_a_system_that_does_not_tell_is_warned_of(benchmark_of, record) -> None:
    blind = record("native", 4.0, contention=Contention(1.0, None, None, 0.0, None))
    (warning,) = benchmark_of(blind).warnings
    assert "this system does not tell what other programs take" in warning


def test_nothing_measured(record) -> None:
    (ours,) = summarize([record("torchscript", 10.0, rounds=0)])
    assert ours.total is None
    assert ours.peak_bytes is None
    assert ours.stages == {}


def test_json_has_everything(example) -> None:
    found = json.loads(example.to_json())
    assert list(found) == [
        "format_version",
        "created",
        "environment",
        "workload",
        "rounds",
        "runs",
        "contenders",
        "not_compared",
        "warnings",
        "contention",
    ]
    eager, ours, failed = found["contenders"]
    assert eager["name"] == "eager"
    assert ours["summary"]["ratio"] == pytest.approx(4.0)
    assert ours["summary"]["seconds"]["total"]["median"] == pytest.approx(11.0)
    assert set(ours["summary"]["seconds"]) == {
        *("read", "segment", "group", "classify"),
        *("start", "total", "warm"),
    }
    assert ours["comparison"]["differing_decisions"] == 0
    places = [candidate["index"] for candidate in ours["outputs"]["candidates"]]
    assert places == [[1, 2, 3], [4, 5, 6]]
    assert [one["round"] for one in ours["measurements"]] == [0, 1, 2]
    assert [run["total"] for run in ours["measurements"][0]["runs"]] == [10.0, 5.0]
    assert failed["failure"] == {"round": 1, "message": "Io: no file"}
    assert failed["outputs"] is None
    assert found["not_compared"][0]["what"] == "engine native"


def test_json_without_nan(benchmark_of, record) -> None:
    ours = record("torchscript", 1.0)
    ours.agreement = replace(ours.agreement, largest_difference=math.nan)
    (configuration,) = json.loads(benchmark_of(ours).to_json())["contenders"]
    assert configuration["comparison"]["largest_difference"] is None


def test_csv_has_a_line_for_each_number(benchmark_of, record) -> None:
    ours = record("native", 10.0, rounds=1, options={"batch": "8"}, profile="lung")
    rows = list(csv.DictReader(io.StringIO(benchmark_of(ours).to_csv())))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert {(row["engine"], row["profile"]) for row in rows} == {("native", "lung")}
    assert {row["options"] for row in rows} == {"batch=8"}
    values = {(row["run"], row["quantity"]): (float(row["value"]), row["unit"]) for row in rows}
    assert len(values) == len(rows) == 14  # start, five times and memory of two runs, load
    assert values["0", "share_of_others"] == (0.005, "1")
    assert values["0", "total"] == (10.0, "s")
    assert values["1", "total"] == (5.0, "s")
    assert values["0", "start"] == (1.5, "s")
    assert values["1", "peak_memory"] == (2e9, "B")
