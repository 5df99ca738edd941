"""What hypothesis draws volumes, geometries and candidates from."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

import lungrt

Array = NDArray[Any]

DTYPES = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "f4", "f8", ">i2", ">f4")


def rotations() -> st.SearchStrategy[Array]:
    """Orthonormal matrices: axes in any order and sign, turned about two of them."""

    def make(order: list[int], signs: list[int], turn: float, tilt: float) -> Array:
        c, s, d, t = np.cos(turn), np.sin(turn), np.cos(tilt), np.sin(tilt)
        about_z = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        about_x = np.array([[1, 0, 0], [0, d, -t], [0, t, d]])
        return about_z @ about_x @ np.eye(3)[order] * signs

    angles = st.sampled_from((0.0, 0.0, 0.0, 0.3, -1.1))
    return st.builds(
        make,
        st.permutations(range(3)),
        st.lists(st.sampled_from((-1, 1)), min_size=3, max_size=3),
        angles,
        angles,
    )


def triples(least: float, most: float) -> st.SearchStrategy[tuple[float, ...]]:
    return st.tuples(*[st.floats(least, most, allow_nan=False)] * 3)


def geometries() -> st.SearchStrategy[lungrt.Geometry]:
    return st.builds(lungrt.Geometry, triples(-900, 900), triples(0.05, 30), rotations())


@st.composite
def voxels(draw: st.DrawFn, dtype: str = "", most: int = 14) -> Array:
    """Voxels of any type, shape and memory layout, within what their type and int16 hold."""
    shape = draw(st.tuples(*[st.integers(1, most)] * 3))
    kind = np.dtype(dtype or draw(st.sampled_from(DTYPES)))
    low, high = (-1024.0, 1500.0)
    if kind.kind in "iu":
        low, high = max(low, np.iinfo(kind).min), min(high, np.iinfo(kind).max)
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps = draw(st.tuples(*[st.sampled_from((1, 1, 2, -1))] * 3))
    order = draw(st.permutations(range(3)))
    whole = [size * abs(step) for size, step in zip(shape, steps, strict=True)]
    values = np.round(generator.uniform(low, high, [whole[axis] for axis in order])).astype(kind)
    values = values.transpose(np.argsort(order))
    return values[tuple(slice(None, None, step) for step in steps)]


@st.composite
def volumes(draw: st.DrawFn, most: int = 14) -> lungrt.CtVolume:
    return lungrt.CtVolume(draw(voxels(most=most)), draw(geometries()))
