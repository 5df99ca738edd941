"""JSON and CSV contain every measurement."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace

import pytest

from lungrt.benchmark.document import CSV_COLUMNS


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
    ]
    eager, ours, failed = found["contenders"]
    assert ours["summary"]["ratio"] == pytest.approx(4.0)
    assert ours["summary"]["seconds"]["total"]["median"] == pytest.approx(11.0)
    assert set(ours["summary"]["seconds"]) >= {"read", "segment", "group", "classify", "cold"}
    assert ours["comparison"]["differing_decisions"] == 0
    assert ours["outputs"]["candidates"] == [[1, 2, 3], [4, 5, 6]]
    assert len(ours["measurements"]) == 12
    (whole, *_) = [m for m in ours["measurements"] if m["kind"] == "whole"]
    assert [run["total"] for run in whole["runs"]] == [10.0, 5.0]
    assert eager["name"] == "eager"
    assert failed["failure"] == {"kind": "whole", "round": 1, "message": "Io: no file"}
    assert failed["outputs"] is None
    assert found["not_compared"][0]["what"] == "engine native"


def test_json_without_nan(benchmark_of, record) -> None:
    ours = record("torchscript", 1.0)
    ours.comparison = replace(ours.comparison, largest_difference=math.nan)
    (configuration,) = json.loads(benchmark_of(ours).to_json())["contenders"]
    assert configuration["comparison"]["largest_difference"] is None


def test_profile_and_region_are_written(benchmark_of, record, in_field) -> None:
    ours = record("native", 1.0, profile="lung", comparison=in_field)
    whole = ours.measurements[2].result
    ours.measurements[2] = replace(
        ours.measurements[2], result=replace(whole, outputs=replace(whole.outputs, restricted=True))
    )
    benchmark = benchmark_of(record("eager", 4.0), ours)
    eager, lung = json.loads(benchmark.to_json())["contenders"]
    assert (eager["profile"], lung["profile"]) == ("book", "lung")
    assert (eager["outputs"]["restricted"], lung["outputs"]["restricted"]) == (False, True)
    assert (eager["comparison"]["in_region"], lung["comparison"]["in_region"]) == (None, 1)
    rows = list(csv.DictReader(io.StringIO(benchmark.to_csv())))
    assert {(row["engine"], row["profile"]) for row in rows} == {
        ("eager", "book"),
        ("native", "lung"),
    }


def test_csv_has_a_line_for_each_number(benchmark_of, record) -> None:
    ours = record("torchscript", 10.0, rounds=1, options={"batch": "8"})
    rows = list(csv.DictReader(io.StringIO(benchmark_of(ours).to_csv())))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert {row["profile"] for row in rows} == {"book"}
    assert {row["options"] for row in rows} == {"batch=8"}
    values = {
        (row["measurement"], row["run"], row["quantity"]): (float(row["value"]), row["unit"])
        for row in rows
    }
    assert len(values) == len(rows)
    assert values["whole", "0", "total"] == (10.0, "s")
    assert values["whole", "1", "total"] == (5.0, "s")
    assert values["whole", "0", "start"] == (1.5, "s")
    assert values["whole", "1", "peak_memory"] == (2e9, "B")
    assert values["cold", "0", "first_result"] == (0.5, "s")
    assert values["network", "1", "crop"] == (1.5, "ms")
    assert values["command", "0", "process"] == (0.7, "s")
