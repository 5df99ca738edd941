"""Which item is drawn next, so that rare classes are seen as often as others."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from lungrt.errors import InvalidArgument
from lungrt.training.data.samples import Sample

# One round of draws by kind, for each task. Of malignancy the book's: odd items are malignant,
# every fourth is benign and every other fourth no nodule.
_ROUNDS = {
    "nodule": ("nodule", "non-nodule"),
    "malignancy": ("benign", "malignant", "non-nodule", "malignant"),
    "three-class": ("non-nodule", "benign", "malignant"),
}


def kind_of(sample: Sample, task: str) -> str | None:
    """Return what a sample counts as in a task; None where it says nothing to it."""
    if not sample.is_nodule:
        return "non-nodule"
    if task == "nodule":
        return "nodule"
    if sample.malignant is None:
        return None
    return "malignant" if sample.malignant else "benign"


@dataclass(frozen=True, eq=False)
class Balanced:
    """A sequence of draws of any length.

    Attributes
    ----------
    round : tuple of str
        Kinds in the order in which they take turns.
    by_kind : dict of str to list of Sample
        What each kind draws from, in turn.
    notes : tuple of str
        Kinds that the data lacks, and who takes their turns.
    """

    round: tuple[str, ...]
    by_kind: dict[str, list[Sample]]
    notes: tuple[str, ...] = ()

    def draw(self, number: int) -> Sample:
        """Return draw `number`, from 0; all draws of a kind run through its samples in turn."""
        turns, place = divmod(number, len(self.round))
        kind = self.round[place]
        count = turns * self.round.count(kind) + self.round[:place].count(kind)
        samples = self.by_kind[kind]
        return samples[count % len(samples)]

    def shuffled(self, generator: random.Random) -> Balanced:
        """Return the same draws from samples in another order."""
        by_kind = {kind: generator.sample(s, len(s)) for kind, s in self.by_kind.items()}
        return Balanced(self.round, by_kind, self.notes)


def balanced(samples: Sequence[Sample], task: str) -> Balanced:
    """Balance samples for a task.

    Non-nodules that malignancy has none of leave their turn to the benign, so that half of all
    draws stay malignant; a note says so.

    Raises
    ------
    InvalidArgument
        A class has no sample at all.
    """
    by_kind: dict[str, list[Sample]] = {}
    for sample in samples:
        if (kind := kind_of(sample, task)) is not None:
            by_kind.setdefault(kind, []).append(sample)
    turns = list(_ROUNDS[task])
    notes: tuple[str, ...] = ()
    if task == "malignancy" and by_kind.get("benign") and not by_kind.get("non-nodule"):
        turns = ["benign" if kind == "non-nodule" else kind for kind in turns]
        notes = ("no non-nodules to train on: their draws are benign nodules",)
    if missing := sorted({kind for kind in turns if kind not in by_kind}):
        found = ", ".join(f"{len(s)} {kind}" for kind, s in by_kind.items()) or "nothing"
        raise InvalidArgument(
            f"nothing to train {task} on: no {' and no '.join(missing)} sample in the training "
            f"part, which has {found}"
        )
    return Balanced(tuple(turns), by_kind, notes)
