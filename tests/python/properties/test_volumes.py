"""Arrays of any shape, type and layout, in any geometry, go in and come out as they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import Array, geometries, rotations, triples, voxels

import lungrt
from lungrt import errors

ODD = (float("nan"), float("inf"), float("-inf"), 0.0, -1.0, 1e300, 5e-324, 1e-9, 1e9)
numbers = st.one_of(st.sampled_from(ODD), st.floats(), st.floats(-10, 10))


@given(voxels(), geometries())
def test_voxels_come_out_as_they_went_in(values: Array, geometry: lungrt.Geometry) -> None:
    volume = lungrt.CtVolume(values, geometry)
    assert volume.shape == values.shape
    np.testing.assert_array_equal(volume.hu, values)
    assert volume.hu.flags.c_contiguous
    assert not volume.hu.flags.writeable
    assert volume.geometry == geometry
    # Once more: nothing is lost on the way.
    np.testing.assert_array_equal(lungrt.CtVolume(volume.hu, geometry).hu, values)


@given(voxels(dtype="f8"), st.floats(allow_nan=True), st.data())
def test_values_beyond_int16_are_refused_and_fractions_rounded(
    values: Array, odd: float, data: st.DataObject
) -> None:
    place = tuple(data.draw(st.integers(0, size - 1)) for size in values.shape)
    values[place] = odd
    if -32768 <= odd <= 32767:
        volume = lungrt.CtVolume(values, lungrt.Geometry())
        assert volume.hu[place] == np.round(odd)
        assert bool(volume.notes) == (odd != np.round(odd))
    else:
        slice_, row, column = place
        with pytest.raises(errors.BadVolume, match=f"slice {slice_}, row {row}, column {column}"):
            lungrt.CtVolume(values, lungrt.Geometry())


@given(
    st.lists(numbers, min_size=3, max_size=3),
    st.lists(numbers, min_size=3, max_size=3),
    st.one_of(
        rotations().map(np.ndarray.tolist),
        st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=3, max_size=3),
    ),
)
def test_geometry_of_any_numbers_is_one_or_an_error(
    origin: list[float], spacing: list[float], direction: list[list[float]]
) -> None:
    try:
        geometry = lungrt.Geometry(origin, spacing, direction)
    except errors.BadVolume:
        return
    assert geometry.origin_mm == tuple(origin)
    assert np.isfinite(geometry.to_world((2**31 - 2,) * 3)).all()
    np.testing.assert_allclose(np.transpose(direction) @ direction, np.eye(3), atol=1.1e-3)


@given(geometries(), st.tuples(*[st.integers(-2000, 2000)] * 3))
def test_world_and_back(geometry: lungrt.Geometry, index: tuple[int, int, int]) -> None:
    assert geometry.to_index(geometry.to_world(index), "exact") == index


@given(geometries(), triples(-300, 300), st.tuples(*[st.floats(-99, 99)] * 3))
def test_moving_the_origin_moves_every_place(
    geometry: lungrt.Geometry, shift: tuple[float, ...], place: tuple[float, float, float]
) -> None:
    moved = lungrt.Geometry(
        np.add(geometry.origin_mm, shift), geometry.spacing_mm, geometry.direction
    )
    expected = np.add(geometry.to_world(place), shift)
    np.testing.assert_allclose(moved.to_world(place), expected, atol=1e-8)


@given(st.lists(numbers, min_size=3, max_size=3), st.sampled_from(("book", "exact")))
def test_world_of_any_numbers_is_a_voxel_or_an_error(world: list[float], inverse: str) -> None:
    if all(abs(value) <= 2.0**53 for value in world):
        index = lungrt.Geometry().to_index(world, inverse)
        assert index == tuple(int(np.round(value)) for value in reversed(world))
    else:
        with pytest.raises(errors.InvalidArgument, match="world position"):
            lungrt.Geometry().to_index(world, inverse)
