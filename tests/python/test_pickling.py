"""Values that cross processes: pickled, copied, sent to a pool; and pickles that are refused."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lungrt
from lungrt import _core, errors
from lungrt.phantom import chest

GEOMETRY = lungrt.Geometry((-1.5, 2.0, 3.25), (0.7, 0.8, 2.5), ((0, 1, 0), (1, 0, 0), (0, 0, 1)))

COPIES: dict[str, Callable[[Any], Any]] = {
    **{f"protocol {n}": lambda value, n=n: pickle.loads(pickle.dumps(value, n)) for n in (2, 4, 5)},
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}

# Classes whose values are compared attribute by attribute; all others by ==.
BY_ATTRIBUTES = (
    _core.CtVolume,
    _core.Report,
    _core.RunMasks,
    _core.Candidate,
    _core.ProfileOptions,
    _core.Provenance,
    _core.LungFieldSummary,
    _core.SliceSource,
)


def assert_equal(found: Any, expected: Any) -> None:
    """Compare values, and every public attribute of lungrt's, so that a new one is not lost."""
    assert type(found) is type(expected)
    if isinstance(expected, BY_ATTRIBUTES):
        names = [name for name in dir(expected) if not name.startswith("_")]
        attributes = [name for name in names if not callable(getattr(expected, name))]
        assert attributes
        for name in attributes:
            assert_equal(getattr(found, name), getattr(expected, name))
    elif isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
        assert found.flags.writeable == expected.flags.writeable
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_equal(one, other)
    else:
        assert found == expected


@pytest.fixture(scope="module", params=["book", "lung"])
def report(
    request: pytest.FixtureRequest, native_bundle: Path, small_ct: lungrt.CtVolume
) -> lungrt.Report:
    """Diagnose a CT; tiny networks find a lot in it."""
    volume = small_ct
    if request.param == "lung":
        options = {"shape": (16, 91, 97), "spacing_mm": (4.1, 4.3, 19.7), "nodules": 1}
        volume = chest(seed=1, **options).volume
    return lungrt.Pipeline(native_bundle, profile=request.param).run(volume, keep_masks=True)


@pytest.fixture
def volume() -> lungrt.CtVolume:
    hu = np.random.default_rng(0).integers(-1000, 1000, (3, 4, 5)).astype(np.int16)
    return lungrt.CtVolume(hu, GEOMETRY, series_uid="1.2.3", notes=["resampled", "ünïcode"])


@pytest.mark.parametrize("how", COPIES)
def test_volume(volume: lungrt.CtVolume, how: str) -> None:
    found = COPIES[how](volume)
    assert_equal(found, volume)
    assert not found.hu.flags.writeable
    assert np.shares_memory(found.hu, volume.hu) == (how == "copy")


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("resample", [False, True])
def test_volume_with_sources(
    tmp_path: Path, write_series: Callable[..., object], how: str, resample: bool
) -> None:
    write_series(tmp_path, (0.0, 2.5, 5.0, 10.0, 12.5) if resample else (0.0, 2.5, 5.0))
    volume = lungrt.read_ct(tmp_path, resample=resample)
    assert volume.is_interpolated == resample
    assert len(volume.sources) == (5 if resample else 3)
    assert_equal(COPIES[how](volume), volume)


def test_volume_outlives_what_it_was_copied_from(volume: lungrt.CtVolume) -> None:
    expected = volume.hu.copy()
    found = copy.copy(volume)
    del volume
    np.testing.assert_array_equal(found.hu, expected)


@pytest.mark.parametrize("how", COPIES)
def test_report(report: lungrt.Report, how: str) -> None:
    found = COPIES[how](report)
    assert_equal(found, report)
    assert found.to_json() == report.to_json()
    assert found.to_csv(candidates=True) == report.to_csv(candidates=True)
    assert repr(found) == repr(report)


def test_what_the_report_of_the_tests_has(report: lungrt.Report) -> None:
    """Nothing that is compared above may be compared while empty."""
    assert report.nodules
    assert report.candidates
    assert report.masks is not None
    assert report.masks.labels.max() == len(report.candidates)
    assert (report.lung_field is not None) == (report.options.profile == "lung")


@pytest.mark.parametrize("how", COPIES)
def test_parts_of_a_report(report: lungrt.Report, how: str) -> None:
    parts: list[Any] = [report.nodules[0], report.candidates[0], report.options, report.provenance]
    parts.append(lungrt.Candidate((1, 2, 3), (4.5, 5.5, 6.5), volume_mm3=7.0, diameter_mm=8.0))
    for part in parts:
        assert_equal(COPIES[how](part), part)


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("columns", [1, 63, 64, 65, 130])
def test_mask(how: str, columns: int) -> None:
    voxels = np.random.default_rng(columns).random((2, 3, columns)) < 0.5
    mask = lungrt.NoduleMask(voxels)
    found = COPIES[how](mask)
    assert found == mask
    np.testing.assert_array_equal(np.asarray(found), voxels)


def test_report_without_masks(native_bundle: Path, small_ct: lungrt.CtVolume) -> None:
    found = lungrt.Pipeline(native_bundle, profile="book").run(small_ct)
    assert pickle.loads(pickle.dumps(found)).masks is None


@pytest.mark.parametrize("name", errors.__all__)
@pytest.mark.parametrize("how", COPIES)
def test_error(name: str, how: str) -> None:
    kind = getattr(errors, name)
    error = kind("what was wrong\nand what to do")
    found = COPIES[how](error)
    assert type(found) is kind
    assert str(found) == str(error)
    assert found.args == error.args


def refuse_in_another_process(path: str) -> None:
    lungrt.read_ct(path)


def doubled(volume: lungrt.CtVolume) -> tuple[lungrt.CtVolume, int]:
    hu = volume.hu.copy() * 2
    geometry = volume.geometry
    return lungrt.CtVolume(hu, geometry, series_uid=volume.series_uid, notes=volume.notes), 1


def with_its_repr(value: Any) -> tuple[Any, str]:
    return value, repr(value)


def test_across_a_process_pool(report: lungrt.Report, volume: lungrt.CtVolume) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        found, _ = pool.submit(doubled, volume).result()
        np.testing.assert_array_equal(found.hu, 2 * volume.hu)
        assert found.notes == volume.notes
        assert found.geometry == GEOMETRY
        back, text = pool.submit(with_its_repr, report).result()
        assert_equal(back, report)
        assert text == repr(report)
        with pytest.raises(errors.Io, match="no-such-folder") as caught:
            pool.submit(refuse_in_another_process, "no-such-folder").result()
        assert type(caught.value) is errors.Io


def state_of(value: Any) -> Any:
    return value.__getstate__()


def restored(kind: type, state: Any) -> Any:
    value = kind.__new__(kind)
    value.__setstate__(state)
    return value


def refused(kind: type, state: Any, error: type[Exception] = errors.InvalidArgument) -> None:
    with pytest.raises(error):
        restored(kind, state)


def replaced(state: tuple[Any, ...], position: int, value: Any) -> tuple[Any, ...]:
    return (*state[:position], value, *state[position + 1 :])


def test_a_damaged_volume_is_refused(volume: lungrt.CtVolume) -> None:
    state = state_of(volume)
    assert_equal(restored(_core.CtVolume, state), volume)
    refused(_core.CtVolume, state[:-1])
    refused(_core.CtVolume, replaced(state, 0, volume.hu.astype(np.float32)))
    refused(_core.CtVolume, replaced(state, 0, volume.hu[0]))
    refused(_core.CtVolume, replaced(state, 1, "geometry"))
    refused(_core.CtVolume, replaced(state, 4, ["a path"]))
    source = restored(_core.SliceSource, (Path("a.dcm"), "1.2", 0, 10, 20))
    assert restored(_core.CtVolume, replaced(state, 4, [source] * 3)).sources == [source] * 3
    refused(_core.CtVolume, replaced(state, 4, [source] * 2))  # of three slices
    refused(_core.SliceSource, ("a.dcm", "1.2", 0, 10))
    refused(_core.CtVolume, replaced(state, 0, volume.hu[:0]), errors.BadVolume)


def test_a_damaged_mask_is_refused() -> None:
    mask = lungrt.NoduleMask(np.ones((2, 3, 5), np.uint8))
    shape, words = state_of(mask)
    assert restored(_core.NoduleMask, (shape, words)) == mask
    refused(_core.NoduleMask, (shape,))
    refused(_core.NoduleMask, (shape, words[:1]))
    refused(_core.NoduleMask, (shape, words.astype(np.float64)))
    refused(_core.NoduleMask, ((2, 3, -5), words))
    refused(_core.NoduleMask, (shape, words | np.uint64(1 << 5)))


def test_a_damaged_report_is_refused(report: lungrt.Report) -> None:
    masks = state_of(report.masks)
    assert_equal(restored(_core.RunMasks, masks), report.masks)
    *others, places, labels = masks
    refused(_core.RunMasks, (*others, places + 10**9, labels))
    refused(_core.RunMasks, (*others, places - 10**9, labels))
    refused(_core.RunMasks, (*others, places, labels * 0))
    refused(_core.RunMasks, (*others, places, labels + 10**6))
    refused(_core.RunMasks, (*others, places[1:], labels))
    refused(_core.RunMasks, replaced(masks, 3, (1, 1, 1)))
    options = state_of(report.options)
    refused(_core.ProfileOptions, replaced(options, 2, "left lung"))
    refused(_core.ProfileOptions, replaced(options, 5, "fp3"))
    state = state_of(report)
    refused(_core.Report, replaced(state, 9, []))  # then nodules have marks that do not exist
    refused(_core.Report, state[:-1])
