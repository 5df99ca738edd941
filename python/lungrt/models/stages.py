"""The three stages, and what their networks' outputs mean."""

from __future__ import annotations

from typing import Literal, get_args

from lungrt.errors import InvalidArgument

Stage = Literal["segmentation", "nodule", "malignancy"]

# By stage, the class lists that its networks may have; the first is the default.
_CLASSES: dict[Stage, tuple[tuple[str, ...], ...]] = {
    "segmentation": (("nodule",),),
    "nodule": (("non-nodule", "nodule"), ("non-nodule", "benign", "malignant")),
    "malignancy": (("benign", "malignant"),),
}


def check_stage(stage: str) -> Stage:
    """Return a stage's name, checked.

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
    """Return the classes of a stage's usual network, in the order of its output."""
    return _CLASSES[stage][0]


def classes_by_count(stage: Stage, count: int) -> tuple[str, ...] | None:
    """Return the classes of a stage's network with that many outputs; None if it has no such."""
    return next((names for names in _CLASSES[stage] if len(names) == count), None)


def class_counts(stage: Stage) -> str:
    """Return in words how many classes a stage's network may have."""
    return " or ".join(f"{len(names)} ({', '.join(names)})" for names in _CLASSES[stage])


def check_classes(stage: Stage, classes: tuple[str, ...]) -> None:
    """Raise InvalidArgument if a stage's network cannot have those classes."""
    if classes not in _CLASSES[stage]:
        raise InvalidArgument(
            f"classes of {stage}: expected {class_counts(stage)}, got {list(classes)}"
        )
