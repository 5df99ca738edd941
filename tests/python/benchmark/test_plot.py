"""The bar chart."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from lungrt.benchmark import plot as plotting
from lungrt.benchmark.plot import plot, require_matplotlib
from lungrt.errors import InvalidArgument


def test_svg_has_a_bar_for_each_stage_and_adapts_to_dark_pages(example) -> None:
    pytest.importorskip("matplotlib")
    svg = plot(example, "svg")
    assert plot(example, "svg") == svg
    text = svg.decode()
    shown = " ".join(ElementTree.fromstring(text).itertext())
    assert "TorchScript engine" in shown
    assert "11.0 s   4.0x" in shown
    assert "ONNX Runtime" not in shown  # it has no total
    for colour in ("#999999", "#0072b2", "#d55e00", "#e69f00"):
        assert text.count(f"fill: {colour}") >= 2  # both configurations
    assert "prefers-color-scheme: dark" in text
    # Every colour that is not of a stage has a counterpart for dark pages.
    used = set(re.findall(r'style="[^"]*fill: (#[0-9a-f]{6})', text))
    stages = {"#999999", "#0072b2", "#d55e00", "#e69f00"}
    assert used - stages <= set(plotting._LIGHT.values())


def test_stages_that_overlap_fit_their_total(benchmark_of, record) -> None:
    pytest.importorskip("matplotlib")
    ours = record("torchscript", 10.0, rounds=1)
    whole = ours.measurements[2].result
    object.__setattr__(whole.runs[0], "total", 5.0)
    assert b"5.0 s" in plot(benchmark_of(ours), "svg")


def test_png(example) -> None:
    pytest.importorskip("matplotlib")
    assert plot(example, "png").startswith(b"\x89PNG")


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plotting.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InvalidArgument, match=r"b\.svg: pictures need matplotlib.*lungrt\[bench"):
        require_matplotlib("b.svg")
