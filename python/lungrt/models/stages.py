"""The three stages of the pipeline, and the classes of their networks' outputs."""

from __future__ import annotations

from typing import Literal, get_args

from lungrt.errors import InvalidArgument

Stage = Literal["segmentation", "nodule", "malignancy"]

# Lists of classes that a stage's networks may have; the first is the default.
_CLASSES: dict[Stage, tuple[tuple[str, ...], ...]] = {
    "segmentation": (("nodule",),),
    "nodule": (("non-nodule", "nodule"), ("non-nodule", "benign", "malignant")),
    "malignancy": (("benign", "malignant"),),
}


def check_stage(stage: str) -> Stage:
    """Return the name of a stage.

    Raises
    ------
    InvalidArgument
        There is no such stage.
    """
    for known in get_args(Stage):
        if stage == known:
            return known  # type: ignore[no-any-return]
    raise InvalidArgument(f"unknown stage {stage!r}; expected one of {list(get_args(Stage))}")


def default_classes(stage: Stage) -> tuple[str, ...]:
    """Return the default classes of a stage's network, in the order of its output."""
    return _CLASSES[stage][0]


def classes_by_count(stage: Stage, count: int) -> tuple[str, ...] | None:
    """Return the classes of a stage's network with `count` outputs; None if there are none."""
    return next((names for names in _CLASSES[stage] if len(names) == count), None)


def class_counts(stage: Stage) -> str:
    """Return the numbers of classes that a stage's network may have, as text for messages."""
    return " or ".join(f"{len(names)} ({', '.join(names)})" for names in _CLASSES[stage])


def check_classes(stage: Stage, classes: tuple[str, ...]) -> None:
    """Raise InvalidArgument if a stage's network cannot have those classes."""
    if classes not in _CLASSES[stage]:
        raise InvalidArgument(
            f"classes of {stage}: expected {class_counts(stage)}, got {list(classes)}"
        )
