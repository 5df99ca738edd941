"""What no phantom can be, each with an error that says so."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lungrt.errors import InvalidArgument
from lungrt.phantom import NodulePlan, chest


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spacing_mm": (-0.7, 0.7, 1.0)}, r"spacing .*0\.05 to 20"),
        ({"spacing_mm": (0.7, 0.7, float("nan"))}, "spacing"),
        ({"spacing_mm": (0.7, 0.7)}, "spacing"),
        ({"shape": (0, 64, 64)}, "shape"),
        ({"shape": (64, 64)}, "shape"),
        ({"shape": (100_000, 4096, 4096)}, "at most 1073741824 voxels"),
        ({"seed": -1}, "seed -1"),
        ({"center_mm": (0.0, float("inf"), 0.0)}, "centre"),
        ({"noise_hu": -1.0}, "noise of -1.0 HU"),
        ({"noise_hu": float("nan")}, "noise of nan HU"),
        ({"padding_hu": 0}, "padding of 0 HU"),
        ({"padding_hu": -40_000}, "padding"),
        ({"nodules": -1}, "-1 nodules"),
        ({"nodules": 1, "region": "head"}, "no lung to plant nodules in"),
        ({"region": "leg"}, "expected one of chest, abdomen"),
        (
            {"lungs": "left", "finding": "collapse", "side": "right"},
            "that lung is removed; set side to left",
        ),
        (
            {"lungs": "left", "finding": "collapse", "extent": "both-lungs"},
            "only the left lung remains",
        ),
        ({"sead": 1}, "unknown phantom options sead; the options are center_mm"),
    ],
)
def test_impossible_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        chest(**options)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ((300.0,), "nodule diameter 300 mm: expected 2 to 60 mm"),
        ((1.0,), "nodule diameter 1 mm"),
        ((float("nan"),), "nodule diameter nan mm"),
        ((8.0, "woolly"), "density 'woolly'"),
        ((8.0, "solid", "square"), "shape 'square'"),
        ((8.0, "solid", "smooth", "liver"), "attachment 'liver'"),
    ],
)
def test_impossible_nodules(plan: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InvalidArgument, match=re.escape(message)):
        NodulePlan(*plan)


@pytest.mark.parametrize(
    ("options", "nodules"),
    [
        # Larger than what is there of the lungs.
        ({"finding": "collapse", "extent": "both-lungs"}, (NodulePlan(60.0),) * 3),
        # No free place left.
        ({}, (NodulePlan(50.0),) * 12),
        # The field shows none of the lungs that the nodule could lie in.
        ({"center_mm": (0.0, 0.0, -200.0), "spacing_mm": (2.5, 2.5, 2.0)}, (NodulePlan(8.0),)),
        # In one thin slice there is no room.
        ({"shape": (1, 96, 96)}, (NodulePlan(20.0),)),
    ],
)
def test_no_free_place(options: dict[str, Any], nodules: tuple[NodulePlan, ...]) -> None:
    with pytest.raises(
        InvalidArgument, match=r"nodule \d+ of \d+.*no free place for it in the lungs"
    ):
        chest(**{"seed": 1, "shape": (32, 96, 96), **options}, nodules=nodules)


def test_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InvalidArgument, match=r"needs scipy.*lungrt\[phantom\]"):
        chest(shape=(1, 8, 8), nodules=0)
