"""Fixtures of the training suite: a small LUNA16, its samples, quick settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

torch = pytest.importorskip("torch")
pytest.importorskip("tensorboard", reason="needs lungrt[train]")

from lungrt.training.data.samples import DataSet, Sample  # noqa: E402
from lungrt.training.settings import Settings, default_settings  # noqa: E402

SHAPE = (16, 40, 40)  # slices, rows, columns
SPACING_MM = (0.8, 0.8, 1.5)  # x, y, z
ORIGIN_MM = (-100.0, 20.0, -300.0)
CROP = (8, 16, 16)
BENIGN_INDEX, MALIGNANT_INDEX, EMPTY_INDEX = (8, 12, 12), (8, 28, 28), (8, 12, 30)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Sums in one order: continuations are compared to the bit."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def world(index: Sequence[int]) -> tuple[float, float, float]:
    """Return the world position of a voxel of the small CTs."""
    x, y, z = (o + i * s for o, i, s in zip(ORIGIN_MM, reversed(index), SPACING_MM, strict=True))
    return (x, y, z)


def small_chest(seed: int) -> NDArray[np.int16]:
    """Return air with a small and a large ball of tissue."""
    hu = np.random.default_rng(seed).normal(-850, 20, SHAPE)
    grid = np.indices(SHAPE).astype(float)
    for center, radius in ((BENIGN_INDEX, 2.5), (MALIGNANT_INDEX, 6.0)):
        offset = grid - np.reshape(center, (3, 1, 1, 1))
        offset[0] *= 2
        hu[np.sqrt((offset**2).sum(axis=0)) <= radius] += 900
    return hu.round().astype(np.int16)


def write_luna(folder: Path, series: int = 4) -> Path:
    """Write a folder like LUNA16, of small chests, two in each subset."""
    folder.mkdir(parents=True, exist_ok=True)
    uids = [f"1.2.{number}" for number in range(series)]
    nodules, judged, candidates = [], [], []
    for number, uid in enumerate(uids):
        subset = folder / f"subset{number // 2}"
        subset.mkdir(exist_ok=True)
        image = SimpleITK.GetImageFromArray(small_chest(number))
        image.SetOrigin(ORIGIN_MM)
        image.SetSpacing(SPACING_MM)
        SimpleITK.WriteImage(image, str(subset / f"{uid}.mhd"))
        for index, diameter, malignant, ratings in (
            (BENIGN_INDEX, 4.0, False, "[2, 1, 2]"),
            (MALIGNANT_INDEX, 9.6, True, "[5, 4, 3, 5]"),
        ):
            place = ",".join(f"{value:.6f}" for value in world(index))
            nodules.append(f"{uid},{place},{diameter}")
            judged.append(f'{uid},{place},{diameter},{malignant},"{ratings}"')
            candidates.append(f"{uid},{place},1")
        place = ",".join(f"{value:.6f}" for value in world(EMPTY_INDEX))
        candidates.append(f"{uid},{place},0")
    for name, header, lines in (
        ("annotations.csv", "seriesuid,coordX,coordY,coordZ,diameter_mm", nodules),
        (
            "annotations_with_malignancy.csv",
            "seriesuid,coordX,coordY,coordZ,diameter_mm,mal_bool,mal_details",
            judged,
        ),
        ("candidates_V2.csv", "seriesuid,coordX,coordY,coordZ,class", candidates),
    ):
        (folder / name).write_text("\n".join([header, *lines]) + "\n")
    (folder / "seriesuids.csv").write_text("\n".join(uids) + "\n")
    return folder


@pytest.fixture
def luna(tmp_path: Path) -> Path:
    """Write a small LUNA16 that a test may spoil."""
    return write_luna(tmp_path / "luna")


@pytest.fixture(scope="session")
def luna_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a small LUNA16 that all tests share and none changes."""
    return write_luna(tmp_path_factory.mktemp("data") / "luna")


@pytest.fixture(scope="session")
def luna_data(luna_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    """Read the shared small LUNA16, with a cache."""
    from lungrt.training.data import open_data

    return open_data(luna_folder, cache_folder=tmp_path_factory.mktemp("cache"))


@pytest.fixture
def edit() -> Callable[[Path, str, str], None]:
    """Replace text in a file that must have it."""

    def replace(path: Path, old: str, new: str) -> None:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return replace


@pytest.fixture
def sample() -> Callable[..., Sample]:
    """Make a nodule of a few known values."""

    def make(number: int = 0, **values: Any) -> Sample:
        known = {"series_uid": f"1.2.{number}", "patient": f"1.2.{number}"}
        return Sample(**{**known, "center_mm": (0.0, 0.0, 0.0), "is_nodule": True, **values})

    return make


@pytest.fixture
def quick() -> Callable[..., Settings]:
    """Make settings of a task that train in a second."""

    def make(task: str, **given: Any) -> Settings:
        small: dict[str, Any] = {"epochs": 2, "samples_per_epoch": 12, "batch": 4}
        if task == "segmentation":
            small |= {"widths": (4, 8), "context": 1, "patch": 16, "window": 24}
            small |= {"validate_every": 1}
        else:
            small |= {"widths": (4, 8), "crop": CROP}
        return default_settings(task, given={**small, **given})

    return make
