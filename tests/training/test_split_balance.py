from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungrt.errors import InvalidArgument
from lungrt.training.classification_items import target_of
from lungrt.training.data.balance import balanced, kind_of
from lungrt.training.data.samples import Sample
from lungrt.training.data.split import Split, split_samples

Make = Callable[..., Sample]

PATIENTS = st.lists(st.text("0123456789.", min_size=1, max_size=8), min_size=1, max_size=60)
SHARES = st.floats(0, 0.45)


def of(patient: str, **values: object) -> Sample:
    return Sample(f"series of {patient}", patient, (0.0, 0.0, 0.0), True, **values)  # type: ignore[arg-type]


@given(PATIENTS, SHARES, SHARES, st.integers(0, 5))
def test_nobody_is_on_two_sides(
    patients: list[str], validation: float, test: float, seed: int
) -> None:
    samples = [of(patient) for patient in patients]
    parts = split_samples(samples, Split(validation, test, seed))
    assert Counter(s.patient for part in parts.values() for s in part) == Counter(patients)
    sides = [{s.patient for s in part} for part in parts.values()]
    assert sum(map(len, sides)) == len(set(patients))


def test_shares_and_seeds() -> None:
    patients = [str(number) for number in range(2000)]

    def parts(split: Split) -> list[str]:
        return [split.part_of(patient) for patient in patients]

    found = parts(Split(validation=0.2, test=0.1))
    counts = Counter(found)
    assert counts["validation"] == pytest.approx(400, abs=60)
    assert counts["test"] == pytest.approx(200, abs=45)
    assert found == parts(Split(validation=0.2, test=0.1))
    assert found != parts(Split(validation=0.2, test=0.1, seed=1))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"validation": -0.1}, "with a sum below 1"),
        ({"validation": 0.5, "test": 0.5}, "leave nothing to train on"),
    ],
)
def test_impossible_splits_are_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        Split(**values)  # type: ignore[arg-type]


def mixed(non_nodules: int, benign: int, malignant: int) -> list[Sample]:
    return [
        *(Sample(str(n), "n", (n, 0, 0), False) for n in range(non_nodules)),
        *(of(f"b{n}", malignant=False) for n in range(benign)),
        *(of(f"m{n}", malignant=True) for n in range(malignant)),
    ]


COUNTS = st.integers(1, 9)


@given(COUNTS, COUNTS, COUNTS, st.integers(0, 3))
def test_malignancy_takes_turns_as_the_book(n: int, b: int, m: int, seed: int) -> None:
    sequence = balanced(mixed(n, b, m), "malignancy").shuffled(random.Random(seed))
    kinds = [kind_of(sequence.sample_at(number), "malignancy") for number in range(40)]
    assert all(kind == "malignant" for kind in kinds[1::2])
    assert all(kind == "benign" for kind in kinds[0::4])
    assert all(kind == "non-nodule" for kind in kinds[2::4])


@given(COUNTS, COUNTS, COUNTS, st.sampled_from(["nodule", "malignancy", "three-class"]))
def test_each_sample_of_a_kind_before_any_again(n: int, b: int, m: int, task: str) -> None:
    sequence = balanced(mixed(n, b, m), task)
    drawn: dict[str, list[int]] = {}
    for number in range(100):
        sample = sequence.sample_at(number)
        drawn.setdefault(kind_of(sample, task) or "", []).append(id(sample))
    for kind, ids in drawn.items():
        size = len(sequence.by_kind[kind])
        assert len(set(ids[:size])) == min(size, len(ids))
        assert ids[size : 2 * size] == ids[: len(ids[size : 2 * size])]


def test_half_of_all_draws_are_nodules() -> None:
    sequence = balanced(mixed(7, 2, 1), "nodule")
    kinds = Counter(kind_of(sequence.sample_at(number), "nodule") for number in range(30))
    assert kinds == {"nodule": 15, "non-nodule": 15}


def test_missing_non_nodules_leave_their_turn_to_the_benign() -> None:
    sequence = balanced(mixed(0, 3, 3), "malignancy")
    kinds = [kind_of(sequence.sample_at(number), "malignancy") for number in range(8)]
    assert kinds == ["benign", "malignant"] * 4
    assert "no non-nodules" in sequence.notes[0]
    # All benign nodules are drawn, not every other one.
    assert len({id(sequence.sample_at(number)) for number in range(0, 6, 2)}) == 3


@pytest.mark.parametrize(
    ("task", "counts"),
    [("nodule", (0, 2, 2)), ("malignancy", (2, 0, 2)), ("three-class", (0, 2, 2))],
)
def test_missing_class_is_named(task: str, counts: tuple[int, int, int]) -> None:
    with pytest.raises(
        InvalidArgument, match=f"cannot train {task}: the training samples have no "
    ):
        balanced(mixed(*counts), task)


def test_targets(sample: Make) -> None:
    judged = sample(malignant=True, ratings=(5, 3, 2, 4))
    other = sample(is_nodule=False)
    assert target_of(judged, "nodule", soft=False) == [0, 1]
    assert target_of(judged, "malignancy", soft=False) == [0, 1]
    assert target_of(judged, "malignancy", soft=True) == [0.375, 0.625]
    assert target_of(judged, "three-class", soft=True) == [0, 0.375, 0.625]
    assert target_of(other, "malignancy", soft=True) == [1, 0]
    assert target_of(other, "three-class", soft=False) == [1, 0, 0]
    with pytest.raises(InvalidArgument, match="cannot be used to train malignancy"):
        target_of(sample(), "malignancy", soft=False)
