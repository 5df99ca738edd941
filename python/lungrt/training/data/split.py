"""Split of patients into training, validation and test."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lungrt.errors import InvalidArgument
from lungrt.training.data.samples import Sample

Part = Literal["training", "validation", "test"]


@dataclass(frozen=True)
class Split:
    """Rule that assigns each patient to training, validation or test.

    A patient is assigned by a hash of its name and the seed, so that adding patients does not
    change the part of the others.

    Attributes
    ----------
    validation, test : float
        Expected shares of the patients.
    seed : int
        Seed of the hash.

    Raises
    ------
    InvalidArgument
        A share is out of range.
    """

    validation: float = 0.1
    test: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.validation < 0 or self.test < 0 or self.validation + self.test >= 1:
            raise InvalidArgument(
                f"split: a validation share of {self.validation:g} and a test share of "
                f"{self.test:g} leave nothing to train on; expected shares of at least 0 with a "
                "sum below 1"
            )

    def part_of(self, patient: str) -> Part:
        """Return the part of a patient."""
        digest = hashlib.sha256(f"{self.seed}:{patient}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") / 2**64
        if place < self.test:
            return "test"
        return "validation" if place < self.test + self.validation else "training"


def split_samples(samples: Sequence[Sample], split: Split) -> dict[Part, list[Sample]]:
    """Split samples by their patients; the order within a part is kept."""
    dealt: dict[Part, list[Sample]] = {"training": [], "validation": [], "test": []}
    for sample in samples:
        dealt[split.part_of(sample.patient)].append(sample)
    return dealt
