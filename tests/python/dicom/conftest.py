"""Fixtures: a DICOM series of a patient, its diagnosis and its results."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("highdicom")
sys.path.insert(0, str(Path(__file__).parent))  # for `dicom_examples`
sys.path.insert(0, str(Path(__file__).parents[2]))  # for `needed_programs`

from dicom_examples import patient_slice

import lungrt
import lungrt.dicom


@pytest.fixture(scope="session")
def positions(small_ct: lungrt.CtVolume) -> list[float]:
    """Positions of the slices of `small_ct`."""
    return [2.5 * k for k in range(small_ct.shape[0])]


@pytest.fixture(scope="session")
def pipeline(native_bundle: Path) -> lungrt.Pipeline:
    """Return a pipeline of three stages that finds nodules in `small_ct`."""
    return lungrt.Pipeline(native_bundle, profile="book", threads=1)


@pytest.fixture(scope="session")
def series(
    tmp_path_factory: pytest.TempPathFactory,
    small_ct: lungrt.CtVolume,
    positions: list[float],
    write_series: Callable[..., list[Path]],
) -> Path:
    """Write `small_ct` as a patient's DICOM series, whose names run against the positions."""
    folder = tmp_path_factory.mktemp("patient") / "ct"
    write_series(folder, positions, edit=patient_slice(small_ct.hu))
    return folder


@pytest.fixture(scope="session")
def volume(series: Path) -> lungrt.CtVolume:
    """Read that series."""
    return lungrt.read_ct(series)


@pytest.fixture(scope="session")
def report(pipeline: lungrt.Pipeline, volume: lungrt.CtVolume) -> lungrt.Report:
    """Diagnose it; some nodules have a probability of malignancy."""
    found = pipeline.run(volume, keep_masks=True)
    assert len(found.nodules) > 1
    return found


@pytest.fixture(scope="session")
def none_found(report: lungrt.Report) -> lungrt.Report:
    """Return that report without its nodules."""
    state = list(report.__getstate__())
    state[8] = []
    found = lungrt.Report.__new__(lungrt.Report)
    found.__setstate__(tuple(state))
    assert found.nodules == []
    assert found.candidates
    return found


@pytest.fixture(scope="session")
def results(report: lungrt.Report, volume: lungrt.CtVolume) -> lungrt.dicom.Results:
    """Return its results."""
    return lungrt.dicom.make_results(report, lungrt.dicom.read_source(volume))
