"""LUNA16's tables: what is read, and every fault with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungrt.data.annotations import read_annotations, read_excluded
from lungrt.data.candidates import read_non_nodules, read_submission, submission_csv
from lungrt.data.truth import read_series_uids, read_truth
from lungrt.errors import InvalidArgument, Io

HEADER = "seriesuid,coordX,coordY,coordZ,diameter_mm"


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def test_every_column_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        f"{HEADER},mal_bool,mal_details,subtlety,difficulty,density,patient,other",
        '1.2,-1.5,2,3e1,6.5,True,"[4, 2, 5]",3.5,hard,part-solid,P1,x',
        "1.3,0,0,0,4,,,,,,,",
    )
    first, second = read_annotations(path)
    assert first.series_uid == "1.2"
    assert (first.center_mm, first.diameter_mm) == ((-1.5, 2.0, 30.0), 6.5)
    assert (first.malignant, first.ratings, first.subtlety) == (True, (4, 2, 5), 3.5)
    assert (first.difficulty, first.density, first.patient) == ("hard", "part-solid", "P1")
    assert first.source == f"{path}, line 2"
    assert (second.malignant, second.ratings, second.density) == (None, (), None)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("s,1,two,3,4", "line 3: coordY is 'two'; expected a finite number"),
        ("s,1,2,3,0", "line 3: diameter_mm is 0.0; expected a number above 0"),
        ("s,1,2,3,-4", "line 3: diameter_mm is -4.0"),
        ("s,1,2,3,", "line 3: diameter_mm is ''"),
        (",1,2,3,4", "line 3: seriesuid is empty"),
        ("r,0.05,0,0,9", r"line 3: this is the same nodule as in .*line 2"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, why: str) -> None:
    path = write(tmp_path / "a.csv", HEADER, "r,0,0,0,5", line)
    with pytest.raises(InvalidArgument, match=why):
        read_annotations(path)


@pytest.mark.parametrize(
    ("columns", "fields", "why"),
    [
        ("mal_bool", "maybe", "mal_bool is 'maybe'; expected True, False"),
        ("mal_details", '"[4, 6]"', "mal_details is .*; expected ratings from 1 to 5"),
        ("mal_details", '"[4, 2, True]"', r"mal_details is '\[4, 2, True\]'; expected ratings"),
        ("mal_details", '"[4.0, 2]"', "mal_details is"),
        ("mal_details", '"[4, 2,]"', "mal_details is"),
        ("mal_details", "4 2", "mal_details"),
        ("subtlety", "7", "subtlety is 7.0; expected a number from 1 to 5"),
        ("difficulty", "nasty", "difficulty is 'nasty'; expected easy, medium or hard"),
    ],
)
def test_a_wrong_optional_field_is_named(
    tmp_path: Path, columns: str, fields: str, why: str
) -> None:
    path = write(tmp_path / "a.csv", f"{HEADER},{columns}", f"s,1,2,3,4,{fields}")
    with pytest.raises(InvalidArgument, match=f"line 2: {why}"):
        read_annotations(path)


def test_excluded_findings_of_unknown_size_have_ten_millimetres(tmp_path: Path) -> None:
    path = write(tmp_path / "e.csv", HEADER, "s,1,2,3,-1", "s,4,5,6,7", "t,0,0,0,0")
    marks = read_excluded(path)
    assert [mark.diameter_mm for mark in marks["s"]] == [10.0, 7.0]
    assert [mark.diameter_mm for mark in marks["t"]] == [0.0]


def test_series_uids(tmp_path: Path) -> None:
    assert read_series_uids(write(tmp_path / "s.csv", "seriesuid", "1.2", "", "1.3")) == [
        "1.2",
        "1.3",
    ]
    assert read_series_uids(write(tmp_path / "s.csv", "", "seriesuid", '"1.1"', "", "1.2")) == [
        "1.1",
        "1.2",
    ]
    with pytest.raises(InvalidArgument, match=r"line 3: series 1\.2 is already in line 1"):
        read_series_uids(write(tmp_path / "s.csv", "1.2", "1.3", "1.2"))
    with pytest.raises(InvalidArgument, match="line 1: expected only a series UID"):
        read_series_uids(write(tmp_path / "s.csv", "1.2,5"))
    with pytest.raises(InvalidArgument, match="the file has no series UID"):
        read_series_uids(write(tmp_path / "s.csv", "seriesuid"))


def test_luna16_folder(tmp_path: Path) -> None:
    write(tmp_path / "annotations.csv", HEADER, "s,1.0,2,3,4", "s,9,9,9,5", "t,0,0,0,6")
    write(
        tmp_path / "annotations_with_malignancy.csv",
        f"{HEADER},mal_bool,mal_details",
        't,0.0000001,0,0,6,True,"[5, 4, 4]"',
        's,1,2,3,4,False,"[1, 2]"',
    )
    scoring = tmp_path / "evaluationScript" / "annotations"
    write(scoring / "annotations_excluded.csv", HEADER, "u,1,2,3,-1")
    write(scoring / "seriesuids.csv", "s", "t", "u")
    write(tmp_path / "candidates.csv", "seriesuid,coordX,coordY,coordZ,class")
    truth = read_truth(tmp_path)
    assert [n.malignant for n in truth.nodules] == [False, None, True]
    assert [n.ratings for n in truth.nodules] == [(1, 2), (), (5, 4, 4)]
    assert truth.nodules[2].center_mm == (0.0, 0.0, 0.0)
    assert list(truth.excluded) == ["u"]
    assert truth.series == ["s", "t", "u"]
    assert len(truth.files) == 4
    assert {uid: len(own) for uid, own in truth.by_series().items()} == {"s": 2, "t": 1}


def test_ratings_of_other_data_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "annotations.csv", HEADER, "s,1,2,3,4")
    write(
        tmp_path / "annotations_with_malignancy.csv",
        f"{HEADER},mal_bool,mal_details",
        "s,1,2,4,4,True,[5]",
    )
    with pytest.raises(
        InvalidArgument, match=r"malignancy\.csv, line 2: the annotations have no nodule"
    ):
        read_truth(tmp_path)


def test_one_csv_of_any_name(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", HEADER, "s,1,2,3,4")
    write(tmp_path / ".lungrt-new-0123456789abcdef.more.csv")  # another process is writing it
    assert read_truth(tmp_path).files == ["mine.csv"]
    assert read_truth(path).nodules == read_truth(tmp_path).nodules
    write(tmp_path / "yours.csv", HEADER)
    with pytest.raises(
        InvalidArgument, match=r"the folder has 2 CSV files, but no annotations\.csv"
    ):
        read_truth(tmp_path)


def test_no_annotations(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"the folder has no annotations\.csv"):
        read_truth(tmp_path)
    with pytest.raises(Io, match="file or folder not found"):
        read_truth(tmp_path / "nothing")
    write(tmp_path / "annotations.csv", HEADER)
    write(tmp_path / "CSVFILES" / "annotations.csv", HEADER)
    with pytest.raises(InvalidArgument, match="was found twice"):
        read_truth(tmp_path)


def test_folder_of_phantoms(tmp_path: Path) -> None:
    write(tmp_path / "annotations.csv", HEADER, "s,1,2,3,4")
    write(
        tmp_path / "annotations_with_malignancy.csv",
        f"{HEADER},mal_bool,mal_details",
        's,1,2,3,4,True,"[5, 4, 4, 5]"',
    )
    write(
        tmp_path / "planted.csv",
        f"{HEADER},density,shape,attachment,malignant,label",
        "s,1,2,3,4,solid,spiculated,vessel,True,1",
    )
    truth = read_truth(tmp_path)
    (nodule,) = truth.nodules
    assert (nodule.malignant, nodule.ratings) == (True, (5, 4, 4, 5))
    assert (nodule.density, nodule.shape, nodule.attachment) == ("solid", "spiculated", "vessel")
    assert nodule.source.endswith("annotations.csv, line 2")
    assert truth.files[-1] == "planted.csv"


RATED = f"{HEADER},mal_bool,mal_details"


@pytest.mark.parametrize("header", [HEADER, f"{HEADER},mal_bool", f"{HEADER},mal_Bool,mal_details"])
def test_a_table_of_ratings_has_their_columns(tmp_path: Path, header: str) -> None:
    """A misspelt name would make every nodule unrated."""
    values = "," * (header.count(",") - 4)
    write(tmp_path / "annotations_with_malignancy.csv", header, f"s,1,2,3,4{values}")
    with pytest.raises(InvalidArgument, match=r"malignancy\.csv, line 1: the header has no column"):
        read_truth(tmp_path)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("s,1,2,3,6,True,[5]", "diameter_mm is 6.0, but .*annotations.csv, line 2 has 4.0"),
        ("s,1,2,3,4,False,[5]", "malignant is False, but .* has True for the same nodule"),
        ("s,1,2,3,4,True,[4]", r"ratings is \(4,\), but .* has \(5,\)"),
    ],
)
def test_two_tables_that_contradict_each_other(tmp_path: Path, line: str, why: str) -> None:
    write(tmp_path / "annotations.csv", RATED, "s,1,2,3,4,True,[5]")
    write(tmp_path / "annotations_with_malignancy.csv", RATED, line)
    with pytest.raises(InvalidArgument, match=f"malignancy.csv, line 2: {why}"):
        read_truth(tmp_path)


def test_a_patient_is_that_of_the_whole_series(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv", f"{HEADER},patient", "s,1,2,3,4,", "s,9,2,3,4,P1", "t,0,0,0,4,"
    )
    assert [nodule.patient for nodule in read_truth(path).nodules] == ["P1", "P1", None]
    write(path, f"{HEADER},patient", "s,1,2,3,4,P2", "s,9,2,3,4,P1")
    with pytest.raises(
        InvalidArgument, match=r"line 3: the patient of series s is P1, but .* line 2 says P2"
    ):
        read_truth(path)


@pytest.mark.parametrize("name", ["annotations.csv", "annotations_with_malignancy.csv", "mine.csv"])
def test_a_table_of_ones_own_may_have_ratings(tmp_path: Path, name: str) -> None:
    write(
        tmp_path / name, RATED, "", 's,1,2,3,4,1,"[4,5]"', " ", "s,9,2,3,4,,", "t,1,2,3,4,,[]", ",,"
    )
    nodules = read_truth(tmp_path).nodules
    assert [nodule.malignant for nodule in nodules] == [True, None, None]
    assert [nodule.ratings for nodule in nodules] == [(4, 5), (), ()]


def test_what_is_two_millimetres_away_is_another_nodule(tmp_path: Path) -> None:
    write(tmp_path / "CSVFILES/annotations.csv", HEADER, "s,10,0,0,4", "s,12,0,0,9")
    ratings = write(
        tmp_path / "annotations/annotations_with_malignancy.csv",
        RATED,
        's,10.00000001,0,0,4,True,"[4, 5]"',
    )
    assert [nodule.ratings for nodule in read_truth(tmp_path).nodules] == [(4, 5), ()]
    write(ratings, RATED, "s,10,0,0,4,,", 's,12,0,0,9,,"[2, 1]"')
    assert [nodule.ratings for nodule in read_truth(tmp_path).nodules] == [(), (2, 1)]


def test_candidates_of_class_zero(tmp_path: Path) -> None:
    assert read_non_nodules(tmp_path) == ([], None)
    header = "seriesuid,coordX,coordY,coordZ,class"
    write(tmp_path / "CSVFILES/candidates.csv", header, "s,1,2,3,0", "t,4,5,6,1", "t,7,8,9,False")
    found = [("s", (1.0, 2.0, 3.0)), ("t", (7.0, 8.0, 9.0))]
    assert read_non_nodules(tmp_path) == (found, tmp_path / "CSVFILES/candidates.csv")
    newer = write(tmp_path / "candidates_V2.csv", header, "s,1,2,3,0", "s,1.0,2,3,1")
    with pytest.raises(InvalidArgument, match=r"_V2\.csv, line 3: this line repeats line 2"):
        read_non_nodules(tmp_path)
    write(newer, header, "s,1,2,3,2")
    with pytest.raises(InvalidArgument, match="line 2: class is '2'"):
        read_non_nodules(tmp_path)


def test_submission(tmp_path: Path) -> None:
    path = tmp_path / "marks.csv"
    path.write_text(submission_csv([("s", (1.0, 2.0, -3.5), 0.25), ("t", (0.0, 0.0, 0.0), 1.0)]))
    assert path.read_text().startswith("seriesuid,coordX,coordY,coordZ,probability\ns,1.0,2.0,-3.5")
    assert read_submission(path) == {
        "s": [((1.0, 2.0, -3.5), 0.25)],
        "t": [((0.0, 0.0, 0.0), 1.0)],
    }
    write(path, "seriesuid,coordX,coordY,coordZ,probability", "s,1,2,3,high")
    with pytest.raises(InvalidArgument, match="line 2: probability is 'high'"):
        read_submission(path)


def test_published_tables(reference: Path) -> None:
    truth = read_truth(reference / "luna")
    rated = [nodule for nodule in truth.nodules if nodule.malignant is not None]
    assert (len(truth.nodules), len(rated)) == (1186, 1182)
    # mal_bool was the mean rating above 3 or equal to it.
    assert sum(bool(nodule.malignant) for nodule in rated) == 378
