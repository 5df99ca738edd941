"""Split of patients into training, validation and test."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lungrt.errors import InvalidArgument
from lungrt.training.data.samples import Sample

Part = Literal["training", "validation", "test"]
SPLITS = ("hash", "every-10th")


@dataclass(frozen=True)
class Split:
    """Rule that assigns each patient to training, validation or test.

    Attributes
    ----------
    how : "hash" or "every-10th"
        "hash" assigns a patient by a hash of its name and the seed, so that adding patients does
        not change the part of the others. "every-10th" is the book's rule: every tenth patient in
        the order of names is for validation, and there is no test part.
    validation, test : float
        Expected shares of the patients, for "hash".
    seed : int
        Seed of the hash.

    Raises
    ------
    InvalidArgument
        A value is out of range.
    """

    how: str = "hash"
    validation: float = 0.1
    test: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.how not in SPLITS:
            raise InvalidArgument(f"split {self.how!r}: expected one of {list(SPLITS)}")
        if self.validation < 0 or self.test < 0 or self.validation + self.test >= 1:
            raise InvalidArgument(
                f"split: a validation share of {self.validation:g} and a test share of "
                f"{self.test:g} leave nothing to train on; expected shares of at least 0 with a "
                "sum below 1"
            )

    def part_of(self, patient: str) -> Part:
        """Return the part of a patient by its hash."""
        digest = hashlib.sha256(f"{self.seed}:{patient}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") / 2**64
        if place < self.test:
            return "test"
        return "validation" if place < self.test + self.validation else "training"

    def parts(self, patients: Sequence[str]) -> dict[str, Part]:
        """Return the part of each patient."""
        ordered = sorted(set(patients))
        if self.how == "hash":
            return {patient: self.part_of(patient) for patient in ordered}
        return {
            patient: "validation" if number % 10 == 0 else "training"
            for number, patient in enumerate(ordered)
        }


def split_samples(samples: Sequence[Sample], split: Split) -> dict[Part, list[Sample]]:
    """Split samples by their patients; the order within a part is kept."""
    parts = split.parts([sample.patient for sample in samples])
    dealt: dict[Part, list[Sample]] = {"training": [], "validation": [], "test": []}
    for sample in samples:
        dealt[parts[sample.patient]].append(sample)
    return dealt
