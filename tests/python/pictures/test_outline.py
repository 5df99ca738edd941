"""Outlines of masks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lungrt.pictures.outline import outline


def area(line: NDArray[np.float64]) -> float:
    """Return the signed area in a closed line; positive if it runs clockwise on the screen."""
    x, y = line.T
    return float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2)


def test_pixel_at_the_edge_has_a_closed_line() -> None:
    values = np.zeros((3, 4))
    values[0, 0] = 1
    (line,) = outline(values)
    assert sorted(line.tolist()) == [[-0.5, 0], [0, -0.5], [0, 0.5], [0.5, 0]]


def test_line_lies_where_the_level_is_crossed() -> None:
    row, column = np.indices((41, 51))
    values = 10 - np.hypot(row - 18, column - 25)
    (line,) = outline(values, 2.0)
    assert np.hypot(line[:, 0] - 25, line[:, 1] - 18) == pytest.approx(8, abs=0.05)
    assert abs(area(line)) == pytest.approx(np.pi * 64, rel=0.01)


def test_hole_and_part_are_lines_of_opposite_sense() -> None:
    values = np.zeros((12, 20))
    values[2:9, 2:9] = 1
    values[4:7, 4:7] = 0
    values[3:5, 14:16] = 1
    areas = sorted(area(line) for line in outline(values))
    assert len(areas) == 3
    signs = np.sign(areas).tolist()
    assert sorted(map(abs, signs)) == [1, 1, 1]
    assert abs(sum(signs)) == 1


def test_every_pattern_of_pixels_gives_closed_lines() -> None:
    values = np.random.default_rng(1).random((40, 40)) > 0.5
    lines = outline(values.astype(float))
    for line in lines:
        steps = np.abs(np.diff(np.vstack([line, line[:1]]), axis=0))
        assert steps.max() <= 1
    # Together they enclose the mask, but for the corners that they cut off.
    assert abs(sum(map(area, lines))) == pytest.approx(values.sum(), rel=0.15)


def test_empty_mask_has_no_outline() -> None:
    assert outline(np.zeros((5, 5))) == []
