"""Whether positions lie in their CT, and which mistake would explain that they do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from evaluation_examples import nodule

import lungrt
from lungrt.data.annotations import Position
from lungrt.data.placement import Extent, check_diameters, check_placement, likely_swap
from lungrt.errors import InvalidArgument


@pytest.fixture
def extent() -> Extent:
    """Return an extent from -100 to 99 mm in x and y, and from -50 to 49 mm in z."""
    geometry = lungrt.Geometry((-100, -100, -50), (1, 1, 1))
    return Extent.of(lungrt.CtVolume(np.zeros((100, 200, 200), np.int16), geometry))


def test_index_is_the_exact_inverse() -> None:
    direction = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    geometry = lungrt.Geometry((10, 20, 30), (0.5, 2, 4), direction)
    extent = Extent.of(lungrt.CtVolume(np.zeros((4, 5, 6), np.int16), geometry))
    assert extent.size == (6, 5, 4)
    assert extent.index_of(geometry.to_world((1.25, 2.5, 3.75))) == pytest.approx((3.75, 2.5, 1.25))


@pytest.mark.parametrize(
    ("x", "inside"), [(-101.1, False), (-100.9, True), (99.9, True), (100.1, False)]
)
def test_one_voxel_beyond_the_border_is_inside(extent: Extent, x: float, inside: bool) -> None:
    assert extent.contains((x, 0.0, 0.0)) == inside


@pytest.mark.parametrize(
    ("center", "words"),
    [
        ((0.0, 10.0, 90.0), "swapped: z, y, x"),
        ((100.5, 5.0, 0.0), "RAS instead of LPS"),
        ((500.0, 500.0, 500.0), ""),  # a division by 1000 would put everything inside
    ],
)
def test_swap_of_a_position(extent: Extent, center: tuple[float, float, float], words: str) -> None:
    found = likely_swap(center, extent)
    assert words in found
    assert bool(found) == bool(words)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p[::-1], "axes seem to be swapped: z, y, x"),
        (lambda p: (p[1], p[0], p[2]), "axes seem to be swapped: y, x, z"),
        (lambda p: (-p[0], -p[1], p[2]), "RAS instead of LPS"),
        (lambda p: tuple(v / 10 for v in p), "unit seems to be cm"),
        (lambda p: tuple(v / 1000 for v in p), "unit seems to be m instead"),
        (lambda p: tuple(v * 1000 for v in p), "unit seems to be micrometres"),
        (
            lambda p: ((p[0] + 100) / 0.8, (p[1] - 20) / 0.8, (p[2] + 300) / 1.5),
            "They seem to be voxel indices",
        ),
        (lambda p: (p[0] + 1e4, p[1], p[2]), "No swap of axes, signs or units explains this"),
    ],
)
def test_swapped_axes_and_wrong_units_are_named(
    change: Callable[[Position], Position], message: str
) -> None:
    geometry = lungrt.Geometry((-100, 20, -300), (0.8, 0.8, 1.5))
    extent = Extent.of(lungrt.CtVolume(np.zeros((16, 40, 40), np.int16), geometry))
    positions = [(-90.0, 30.0, -290.0), (-85.0, 35.0, -295.0), (-75.0, 45.0, -280.0)]
    places = [replace(nodule(), center_mm=position) for position in positions]
    check_placement(places, {"s": extent}, "table")
    moved = [replace(place, center_mm=change(place.center_mm)) for place in places]
    with pytest.raises(InvalidArgument, match=f"table: 3 of 3 positions .*{message}"):
        check_placement(moved, {"s": extent}, "table")


def test_only_the_positions_of_known_cts_are_checked(extent: Extent) -> None:
    places = [nodule(0.0, uid="a"), nodule(500.0, uid="b")]
    check_placement(places, {"a": extent}, "table")
    with pytest.raises(InvalidArgument, match=r"table: 1 of 2 positions lie outside of their CT"):
        check_placement(places, {"a": extent, "b": extent}, "table")


@pytest.mark.parametrize(
    ("diameters", "message"),
    [
        ([4.0, 0.0], "has the diameter 0 mm; expected a number above 0"),
        ([0.4, 0.6, 3.0], "half of all diameters are below 0.6; .* seem to be in cm"),
        ([4000.0, 6000.0, 9.0], "above 4000; .* seem to be in micrometres or voxels"),
    ],
)
def test_diameters_that_are_no_millimetres(diameters: list[float], message: str) -> None:
    check_diameters([nodule(diameter_mm=d) for d in (4.0, 6.0, 33.0)], "table")
    with pytest.raises(InvalidArgument, match=f"table: .*{message}"):
        check_diameters([nodule(diameter_mm=d) for d in diameters], "table")
