"""Names of the four tasks that networks can be trained for, and of their classes."""

from __future__ import annotations

from typing import Literal, get_args

Task = Literal["segmentation", "nodule", "malignancy", "three-class"]

TASKS: tuple[Task, ...] = get_args(Task)

# Names of the classes of each task, in the order of the network's outputs.
CLASSES: dict[str, tuple[str, ...]] = {
    "segmentation": ("background", "nodule"),
    "nodule": ("non-nodule", "nodule"),
    "malignancy": ("benign", "malignant"),
    "three-class": ("non-nodule", "benign", "malignant"),
}

# Tasks of the 3-D classifier by name, typed.
CLASSIFIERS: dict[str, Task] = {task: task for task in TASKS if task != "segmentation"}
