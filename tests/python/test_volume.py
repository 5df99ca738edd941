"""Arrays in and out of CtVolume, and Geometry as Python sees it."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import threading

import numpy as np
import pytest
from numpy.typing import NDArray

import lungrt
from lungrt.errors import BadVolume

GEOMETRY = lungrt.Geometry((1.0, 2.0, 3.0), (0.5, 0.6, 2.0))


def ramp(dtype: type[np.generic] = np.int16) -> NDArray[np.generic]:
    return np.arange(2 * 3 * 4).reshape(2, 3, 4).astype(dtype)


def test_int16_is_taken_without_a_copy() -> None:
    hu = ramp()
    volume = lungrt.CtVolume(hu, GEOMETRY)
    assert np.shares_memory(volume.hu, hu)
    assert volume.shape == (2, 3, 4)
    assert volume.geometry == GEOMETRY
    assert volume.notes == []


def test_array_lives_as_long_as_the_volume_and_views_of_it() -> None:
    hu = ramp()
    before = sys.getrefcount(hu)
    volume = lungrt.CtVolume(hu, GEOMETRY)
    view = volume.hu
    assert sys.getrefcount(hu) > before
    del volume
    gc.collect()
    assert sys.getrefcount(hu) > before
    assert view[1, 2, 3] == 23
    del view
    gc.collect()
    assert sys.getrefcount(hu) == before


def test_array_is_released_from_another_thread() -> None:
    hu = ramp()
    before = sys.getrefcount(hu)
    volumes = [lungrt.CtVolume(hu, GEOMETRY)]
    thread = threading.Thread(target=volumes.clear)
    thread.start()
    thread.join()
    assert sys.getrefcount(hu) == before


def test_memory_map_is_not_copied(tmp_path: object) -> None:
    hu = np.memmap(f"{tmp_path}/hu.raw", np.int16, "w+", shape=(2, 3, 4))
    assert np.shares_memory(lungrt.CtVolume(hu, GEOMETRY).hu, hu)


def test_hu_is_read_only() -> None:
    volume = lungrt.CtVolume(ramp(), GEOMETRY)
    with pytest.raises(ValueError, match="read-only"):
        volume.hu[0, 0, 0] = 1


def test_read_only_array_is_taken() -> None:
    hu = ramp()
    hu.setflags(write=False)
    assert np.shares_memory(lungrt.CtVolume(hu, GEOMETRY).hu, hu)


@pytest.mark.parametrize(
    "arrange",
    [
        lambda hu: hu.transpose(0, 2, 1),
        lambda hu: hu[:, ::2],
        lambda hu: hu[::-1],
        lambda hu: np.asfortranarray(hu),
        lambda hu: hu.astype(">i2"),
        lambda hu: np.frombuffer(b"x" + hu.tobytes(), np.int16, offset=1).reshape(hu.shape),
    ],
    ids=["transposed", "strided", "reversed", "fortran", "big-endian", "unaligned"],
)
def test_int16_in_another_arrangement_is_copied(arrange: object) -> None:
    hu = arrange(ramp())  # type: ignore[operator]
    volume = lungrt.CtVolume(hu, GEOMETRY)
    assert np.array_equal(volume.hu, hu)
    assert not np.shares_memory(volume.hu, hu)


@pytest.mark.parametrize(
    "dtype",
    ["i1", "u1", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", ">i4", ">f8"],
)
def test_other_types_are_converted(dtype: str) -> None:
    volume = lungrt.CtVolume(ramp().astype(dtype), GEOMETRY)
    assert volume.hu.dtype == np.int16
    assert np.array_equal(volume.hu, ramp())
    assert volume.notes == []


def test_fractions_are_rounded_half_to_even_and_noted() -> None:
    values = np.array([[[0.5, 1.5, 2.5, -0.5, -1.5, 3.0]]])
    volume = lungrt.CtVolume(values, GEOMETRY, notes=["made up"])
    assert volume.hu.ravel().tolist() == [0, 2, 2, 0, -2, 3]
    assert volume.notes[0] == "made up"
    assert volume.notes[1].startswith("5 voxels were not whole")


@pytest.mark.parametrize(("dtype", "value"), [("u4", 2**32 - 1), ("u8", 2**64 - 1)])
def test_integer_beyond_int16_does_not_wrap(dtype: str, value: int) -> None:
    values = ramp().astype(dtype)
    values[0, 0, 1] = value
    with pytest.raises(BadVolume, match=r"slice 0, row 0, column 1"):
        lungrt.CtVolume(values, GEOMETRY)


@pytest.mark.parametrize("shape", [(5,), (4, 5), (2, 3, 4, 5)])
def test_other_number_of_axes(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadVolume, match=r"three axes \(slice, row, column\).*\(" + str(shape[0])):
        lungrt.CtVolume(np.zeros(shape, np.int16), GEOMETRY)


@pytest.mark.parametrize("dtype", ["?", "c8", "U3", "O", "M8[s]"])
def test_type_that_is_no_number(dtype: str) -> None:
    with pytest.raises(BadVolume, match="are not Hounsfield units"):
        lungrt.CtVolume(np.zeros((2, 3, 4), dtype), GEOMETRY)


def test_repr_reads_well() -> None:
    assert repr(lungrt.CtVolume(ramp(), GEOMETRY, series_uid="1.2")) == (
        "CtVolume(shape=(2, 3, 4), spacing_mm=(0.5, 0.6, 2.0), series_uid='1.2')"
    )


def test_geometry_takes_arrays_and_gives_tuples() -> None:
    geometry = lungrt.Geometry(np.zeros(3), np.ones(3), np.eye(3))
    assert geometry == lungrt.Geometry()
    assert geometry != lungrt.Geometry((0, 0, 1))
    assert geometry != "geometry"
    assert geometry.direction == ((1, 0, 0), (0, 1, 0), (0, 0, 1))


def test_geometry_world_and_back() -> None:
    geometry = lungrt.Geometry((1, 2, 3), (0.5, 0.6, 2), [(0, 0, 1), (1, 0, 0), (0, 1, 0)])
    world = geometry.to_world((7, 5, 3))
    np.testing.assert_allclose(world, (1 + 14, 2 + 1.5, 3 + 3.0))
    assert geometry.to_index(world) == (7, 5, 3)
    assert geometry.to_index(world, "exact") == (7, 5, 3)
    assert geometry.to_index(world, inverse="book") != (7, 5, 3)


@pytest.mark.parametrize("origin", [(1, 2), (1, 2, 3, 4), "abc", 5, ("a", "b", "c")])
def test_geometry_of_wrong_types(origin: object) -> None:
    with pytest.raises(TypeError, match="origin_mm"):
        lungrt.Geometry(origin)  # type: ignore[arg-type]


def test_a_geometry_is_copied_and_sent_between_processes() -> None:
    geometry = lungrt.Geometry((1.5, -2, 3), (0.5, 0.6, 2), ((0, 1, 0), (-1, 0, 0), (0, 0, 1)))
    for other in (
        copy.copy(geometry),
        copy.deepcopy(geometry),
        pickle.loads(pickle.dumps(geometry)),
    ):
        assert other == geometry
        assert other is not geometry
