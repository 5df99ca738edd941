"""Selection of the samples to train on, to validate on, and to keep for testing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lungrt.cli.train.options import DataOptions
    from lungrt.training.data.samples import DataSet, Sample
    from lungrt.training.data.split import Part
    from lungrt.training.session import Progress

__all__ = ["split", "without"]


def without(data: DataSet, patients: Sequence[str]) -> DataSet:
    """Return the data without some patients; raise InvalidArgument if it does not have them."""
    known = {sample.patient for sample in data.samples} | set(data.series)
    if unknown := sorted(set(patients) - known):
        raise InvalidArgument(f"--leave-out: the data has no patient {', '.join(unknown)}")
    return data.without_patients(patients)


def split(
    data: DataSet, options: DataOptions, *, train_on_all: bool, progress: Progress | None
) -> tuple[DataSet, dict[Part, list[Sample]]]:
    """Split the patients, and add hard negatives to the training samples."""
    from lungrt.data.candidates import Marks, read_submission
    from lungrt.training.data.mining import hard_negatives, mine_candidates
    from lungrt.training.data.split import Split, split_samples

    chosen = Split(options.validation_share, options.test_share, options.split_seed)
    if train_on_all:
        chosen = Split(validation=0.0, test=0.0)
    parts = split_samples(data.samples, chosen)
    elsewhere = {s.series_uid for part in ("validation", "test") for s in parts[part]}
    marks: Marks = {}
    for path in options.hard_negatives or []:
        for uid, found in read_submission(path).items():
            marks.setdefault(uid, []).extend(found)
    if options.mine:
        here = {uid: path for uid, path in data.series.items() if uid not in elsewhere}
        for uid, found in mine_candidates(options.mine, here, progress=progress).items():
            marks.setdefault(uid, []).extend(found)
    if marks:
        mined = hard_negatives(
            data, {uid: found for uid, found in marks.items() if uid not in elsewhere}
        )
        parts["training"].extend(mined)
        data = data.with_samples(mined)
    return data, parts
