"""What is done on the GPU machine, in which order, and how long each step may take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PRECISIONS = ("fp32", "tf32", "bf16")


@dataclass(frozen=True)
class Step:
    """A step: its name, with arguments after colons, and the most seconds that it may take."""

    name: str
    seconds: float


def diagnose(precision: str, profile: str, options: str = "", engine: str = "torchscript") -> str:
    """Name of the step that measures whole diagnoses."""
    return ":".join(["diagnose", engine, precision, profile, *([options] if options else [])])


def first_command(variants: Sequence[str]) -> list[Step]:
    """Steps from what is worth most to what is worth least, which is what a time limit cuts."""
    return [
        Step("environment", 40),
        Step("engines", 60),
        Step("kernels", 40),
        *(Step(diagnose(precision, "book"), 60) for precision in PRECISIONS),
        Step("eager", 90),
        *(Step(diagnose(precision, "lung"), 60) for precision in PRECISIONS),
        *(
            Step(diagnose(precision, "book", options), 60)
            for options in variants
            for precision in PRECISIONS
        ),
        Step("kernel_bench", 45),
        Step("profile", 45),
        Step("sanitizer:memcheck", 60),
        Step("sanitizer:racecheck", 60),
        Step("sanitizer:initcheck", 60),
        Step("suite", 150),
    ]


def second_command() -> list[Step]:
    """Steps with ONNX Runtime, and a look into single kernels."""
    return [
        Step("onnxruntime", 40),
        Step(diagnose("fp32", "book", engine="onnxruntime"), 60),
        Step(diagnose("tf32", "book", engine="onnxruntime"), 60),
        Step(diagnose("fp32", "book", "cuda_graph=on", engine="onnxruntime"), 60),
        Step("counters", 60),
    ]
