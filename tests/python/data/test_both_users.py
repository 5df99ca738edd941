"""Training and evaluation read the same files alike, where their two readers once differed.

Each case is a data set, and what both must make of it: its nodules, or an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from evaluation_examples import write_ct, write_report
from typer.testing import CliRunner

import lungrt
from lungrt.cli.app import app
from lungrt.errors import Error

pytest.importorskip("blosc2", reason="needs lungrt[train]")

PLACE = "seriesuid,coordX,coordY,coordZ,diameter_mm"
RATED = f"{PLACE},mal_bool,mal_details"
ANNOTATIONS, RATINGS = "annotations.csv", "annotations_with_malignancy.csv"

# Series, x in mm, whether it is malignant, ratings, patient
Nodule = tuple[str, float, bool | None, tuple[int, ...], str]
A, B = ("1.1", 10.0, True, (4, 5), "1.1"), ("1.2", 20.0, None, (), "1.2")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write two CTs with the extent of the reports that `write_report` makes."""
    folder = tmp_path / "luna"
    geometry = lungrt.Geometry((-100, -100, -50), (5, 5, 5))
    ct = lungrt.CtVolume(np.zeros((20, 40, 40), np.int16), geometry)
    for uid in ("1.1", "1.2"):
        write_ct(folder / f"subset0/{uid}.mhd", ct)
        write_report(tmp_path / "reports", uid, [(10.0, 0.9, None)])
    return folder


def read_by_training(folder: Path) -> list[Nodule]:
    from lungrt.training.data import open_data

    return [
        (s.series_uid, s.center_mm[0], s.malignant, s.ratings, s.patient)
        for s in open_data(folder).samples
        if s.is_nodule
    ]


def read_by_evaluation(folder: Path) -> list[Nodule]:
    output = folder.parent / "scores.json"
    reports = folder.parent / "reports"
    arguments = ("--data", folder, "--reports", reports, "--output", output, "--bootstraps", 0)
    result = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    if result.exit_code:
        raise Error(" ".join(result.stderr.split()))
    nodules = [outcome["nodule"] for outcome in json.loads(output.read_text())["outcomes"]]
    return [
        (n["series_uid"], n["center_mm"][0], n["malignant"], tuple(n["ratings"]),
         n["patient"] or n["series_uid"])
        for n in nodules
    ]  # fmt: skip


READERS = pytest.mark.parametrize(
    "read", [read_by_training, read_by_evaluation], ids=["training", "evaluation"]
)
Read = Callable[[Path], list[Nodule]]
PLAIN_LINES = f"{PLACE}\n1.1,10,0,0,4\n1.2,20,0,0,6\n"
RATED_LINES = f'{RATED}\n1.1,10.00000001,0,0,4,True,"[4, 5]"\n'


@READERS
def test_same_nodules(folder: Path, read: Read) -> None:
    (folder / ANNOTATIONS).write_text(PLAIN_LINES)
    (folder / RATINGS).write_text(RATED_LINES)
    assert read(folder) == [A, B]


@READERS
def test_same_error(folder: Path, read: Read) -> None:
    (folder / ANNOTATIONS).write_text(PLAIN_LINES)
    (folder / RATINGS).write_text(f"{RATED_LINES}1.1,12,0,0,4,True,[5]\n")
    with pytest.raises(Error, match=f"{RATINGS}, line 3: the annotations have no nodule within"):
        read(folder)


@READERS
def test_same_cts(folder: Path, read: Read) -> None:
    """CTs need not be in subsets, and folders of masks and hidden files have none."""
    (folder / ANNOTATIONS).write_text(PLAIN_LINES)
    (folder / RATINGS).write_text(RATED_LINES)
    for path in (folder / "subset0").iterdir():
        (folder / "seg-other").mkdir(exist_ok=True)
        (folder / "seg-other" / path.name).write_bytes(path.read_bytes())
        path.rename(folder / path.name)
    (folder / "._1.1.mhd").write_bytes(b"of macOS")
    assert read(folder) == [A, B]
    (folder / "more").mkdir()
    (folder / "1.1.mhd").rename(folder / "more/1.1.mhd")
    (folder / "1.1.raw").rename(folder / "more/1.1.raw")
    (folder / "1.1.nrrd").write_bytes(b"")
    with pytest.raises(Error, match=r"series 1\.1 was found twice"):
        read(folder)
