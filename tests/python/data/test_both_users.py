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
@pytest.mark.parametrize(
    ("files", "nodules"),
    [
        ({ANNOTATIONS: PLAIN_LINES, RATINGS: RATED_LINES}, [A, B]),
        # Empty ratings are unknown ones.
        (
            {ANNOTATIONS: PLAIN_LINES, RATINGS: f"{RATED_LINES}1.2,20,0,0,6,,\n"},
            [A, B],
        ),
        (
            {RATINGS: f'{RATED_LINES}1.2,20,0,0,6,,"[2, 1]"\n'},
            [("1.1", 10.00000001, *A[2:]), ("1.2", 20.0, None, (2, 1), "1.2")],
        ),
        # A table of one's own may have ratings, and need not have LUNA16's name.
        ({ANNOTATIONS: f'{RATED}\n1.1,10,0,0,4,1,"[4, 5]"\n1.2,20,0,0,6,,\n'}, [A, B]),
        ({"mine.csv": f'{RATED}\n1.1,10,0,0,4,1,"[4,5]"\n1.2,20,0,0,6,,[]\n'}, [A, B]),
        # Lines without a value say nothing.
        ({ANNOTATIONS: f"\n \n{PLAIN_LINES},,,,\n", RATINGS: f"\n{RATED_LINES},,,,,,\n"}, [A, B]),
        # The list of series may have a header, quotes and blank lines.
        (
            {
                ANNOTATIONS: PLAIN_LINES,
                RATINGS: RATED_LINES,
                "seriesuids.csv": '\nseriesuid\n"1.1"\n\n1.2\n',
            },
            [A, B],
        ),
        # LUNA16's archives have places of their own.
        (
            {
                f"CSVFILES/{ANNOTATIONS}": PLAIN_LINES,
                f"annotations/{RATINGS}": RATED_LINES,
                "evaluationScript/annotations/seriesuids.csv": "1.1\n1.2\n",
            },
            [A, B],
        ),
        # What is 2 mm away is another nodule, rated or not.
        (
            {ANNOTATIONS: f"{PLAIN_LINES}1.1,12,0,0,9\n", RATINGS: RATED_LINES},
            [A, ("1.1", 12.0, None, (), "1.1"), B],
        ),
        (
            {ANNOTATIONS: f"{PLACE},patient\n1.1,10,0,0,4,P1\n1.1,50,0,0,4,\n1.2,20,0,0,6,\n"},
            [("1.1", 10.0, None, (), "P1"), ("1.1", 50.0, None, (), "P1"), B],
        ),
    ],
    ids=[
        "both-tables", "empty-ratings", "ratings-alone", "ratings-in-annotations", "any-name",
        "blank-lines", "series-with-header", "places-of-archives", "near-nodule", "patients",
    ],
)  # fmt: skip
def test_same_nodules(
    folder: Path, files: dict[str, str], nodules: list[Nodule], read: Read
) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text)
    assert sorted(read(folder), key=str) == sorted(nodules, key=str)


@READERS
@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {RATINGS: f'{RATED}\n1.1,10,0,0,4,True,"[4, 2, True]"\n'},
            "line 2: mal_details is '[4, 2, True]'; expected ratings from 1 to 5",
        ),
        ({RATINGS: f'{RATED}\n1.1,10,0,0,4,True,"[4.0, 2]"\n'}, "mal_details is '[4.0, 2]'"),
        ({RATINGS: f"{RATED}\n1.1,10,0,0,4,yes,[]\n"}, "mal_bool is 'yes'; expected True, False"),
        ({RATINGS: f"{PLACE},mal_bool\n1.1,10,0,0,4,True\n"}, "no column mal_details"),
        # A quotation mark without its partner would swallow the lines that follow.
        ({ANNOTATIONS: f'{PLACE}\n1.1,10,0,0,"4\n1.2,20,0,0,6\n'}, "line 3: not valid CSV"),
        ({ANNOTATIONS: f"{PLACE}\n1.1,10,0,0,4\n1.1,10.05,0,0,4.2\n"}, "the same nodule as in"),
        (
            {ANNOTATIONS: PLAIN_LINES, RATINGS: f"{RATED_LINES}1.1,12,0,0,4,True,[5]\n"},
            f"{RATINGS}, line 3: the annotations have no nodule within 0.1 mm",
        ),
        (
            {ANNOTATIONS: PLAIN_LINES, RATINGS: RATED_LINES.replace(",0,4,", ",0,5,")},
            "diameter_mm is 5.0, but",
        ),
        (
            {ANNOTATIONS: f"{PLACE},patient\n1.1,10,0,0,4,P1\n1.1,50,0,0,4,P2\n"},
            "line 3: the patient of series 1.1 is P2",
        ),
        ({ANNOTATIONS: PLAIN_LINES, "seriesuids.csv": "1.1,x\n1.2\n"}, "only a series UID"),
        ({ANNOTATIONS: PLAIN_LINES, "seriesuids.csv": "\n"}, "the file has no series UID"),
        (
            {ANNOTATIONS: PLAIN_LINES, f"CSVFILES/{ANNOTATIONS}": PLAIN_LINES},
            "annotations.csv was found twice",
        ),
        ({ANNOTATIONS: f"{PLACE}\n1.1,1_0,0,0,4\n"}, "coordX is '1_0'; expected a finite number"),
        ({ANNOTATIONS: f"{PLACE},shape\n1.1,10,0,0,4,\xe4\n"}, "not UTF-8 text"),
    ],
    ids=[
        "bool-as-rating", "decimal-rating", "no-flag", "missing-column", "quotation-mark",
        "nodule-twice", "foreign-ratings", "contradiction", "two-patients", "series-with-column",
        "no-series", "two-tables", "underscore", "latin-1",
    ],
)  # fmt: skip
def test_same_error(folder: Path, files: dict[str, str], message: str, read: Read) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text, encoding="latin-1")
    with pytest.raises(Error) as caught:
        read(folder)
    assert message in str(caught.value)


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
