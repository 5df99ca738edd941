"""Balanced order of training samples, in which rare classes are as frequent as others."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from lungrt.errors import InvalidArgument
from lungrt.training.data.samples import Sample

# Kinds in the order in which they take turns. For malignancy it is the book's order: half of the
# samples are malignant, a quarter is benign, a quarter are non-nodules.
_ROUNDS = {
    "nodule": ("nodule", "non-nodule"),
    "malignancy": ("benign", "malignant", "non-nodule", "malignant"),
    "three-class": ("non-nodule", "benign", "malignant"),
}


def kind_of(sample: Sample, task: str) -> str | None:
    """Return the kind of a sample in a task, or None if the task cannot use the sample."""
    if not sample.is_nodule:
        return "non-nodule"
    if task == "nodule":
        return "nodule"
    if sample.malignant is None:
        return None
    return "malignant" if sample.malignant else "benign"


@dataclass(frozen=True, eq=False)
class Balanced:
    """Infinite sequence of samples in which the kinds take turns.

    Attributes
    ----------
    round : tuple of str
        Kinds in the order in which they take turns.
    by_kind : dict of str to list of Sample
        Samples of each kind, which are used one after the other.
    notes : tuple of str
        Messages about kinds that the data does not have, and what replaces them.
    """

    round: tuple[str, ...]
    by_kind: dict[str, list[Sample]]
    notes: tuple[str, ...] = ()

    def sample_at(self, number: int) -> Sample:
        """Return the sample at a position of the sequence, counted from 0."""
        turns, place = divmod(number, len(self.round))
        kind = self.round[place]
        count = turns * self.round.count(kind) + self.round[:place].count(kind)
        samples = self.by_kind[kind]
        return samples[count % len(samples)]

    def shuffled(self, generator: random.Random) -> Balanced:
        """Return the same sequence with the samples of each kind shuffled."""
        by_kind = {kind: generator.sample(s, len(s)) for kind, s in self.by_kind.items()}
        return Balanced(self.round, by_kind, self.notes)


def balanced(samples: Sequence[Sample], task: str) -> Balanced:
    """Balance samples for a task.

    If there are no non-nodules for the task malignancy, benign nodules take their turns, so that
    half of the sequence is still malignant, and a note is added.

    Raises
    ------
    InvalidArgument
        A class has no sample.
    """
    by_kind: dict[str, list[Sample]] = {}
    for sample in samples:
        if (kind := kind_of(sample, task)) is not None:
            by_kind.setdefault(kind, []).append(sample)
    turns = list(_ROUNDS[task])
    notes: tuple[str, ...] = ()
    if task == "malignancy" and by_kind.get("benign") and not by_kind.get("non-nodule"):
        turns = ["benign" if kind == "non-nodule" else kind for kind in turns]
        notes = ("there are no non-nodules to train on; benign nodules are used in their place",)
    if missing := sorted({kind for kind in turns if kind not in by_kind}):
        found = ", ".join(f"{len(s)} {kind}" for kind, s in by_kind.items()) or "nothing"
        raise InvalidArgument(
            f"cannot train {task}: the training samples have no {' and no '.join(missing)} "
            f"sample; they are {found}"
        )
    return Balanced(tuple(turns), by_kind, notes)
