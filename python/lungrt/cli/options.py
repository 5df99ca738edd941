"""Arguments and options that several commands share, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "IMAGE_FILES",
    "Bundle",
    "Device",
    "Engine",
    "EngineOption",
    "Geometry",
    "JsonOutput",
    "Kernels",
    "MergeMarks",
    "NoProgress",
    "Precision",
    "Profile",
    "Region",
    "Resample",
    "Series",
    "Threads",
]

ENGINE_PANEL = "Engine"
PROFILE_PANEL = "Profile"

IMAGE_FILES = "an image file (.mhd, .mha, .nii, .nii.gz, .nrrd or .nhdr)"
"""How help texts name the image files that `lungrt.read_ct` reads."""

Bundle = Annotated[
    Path,
    typer.Argument(
        metavar="BUNDLE",
        help="Bundle: a folder written by [b]lungrt export[/b].",
        show_default=False,
    ),
]

Device = Annotated[
    str,
    typer.Option(
        help="Where the networks run: cpu, cuda, cuda:N (GPU number N), or auto "
        "(the first GPU if the engine can use one, otherwise the CPU).",
        rich_help_panel=ENGINE_PANEL,
    ),
]

Engine = Annotated[
    str,
    typer.Option(
        help="Inference engine: native, torchscript, onnxruntime, aotinductor or auto. auto takes "
        "the first of native, torchscript and onnxruntime that can run every network of the bundle "
        "on the device. [b]lungrt info[/b] shows which engines are installed.",
        rich_help_panel=ENGINE_PANEL,
    ),
]

EngineOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE",
        help="Setting of the engine; repeat the option for several settings. "
        "native: kernels=winograd or direct; instruction_set=auto, avx512, avx2 or portable. "
        "torchscript: graph=rewritten (faster on a CPU) or traced (sums in the original order). "
        "onnxruntime: provider=cpu, cuda, tensorrt or openvino; arena=on or off; "
        "graph=all, extended, basic or off; cudnn_search=heuristic, exhaustive or default; "
        "cuda_graph=off or on. aotinductor has no settings. "
        "The first value is the default, except that provider follows the device. "
        "The documentation page 'Engines' explains each setting.",
        show_default=False,
        rich_help_panel=ENGINE_PANEL,
    ),
]

Geometry = Annotated[
    str | None,
    typer.Option(
        help="How world coordinates become voxels: exact, or book (the formula of the book, which "
        "is wrong for oblique scans). Overrides the profile.",
        show_default=False,
        rich_help_panel=PROFILE_PANEL,
    ),
]

JsonOutput = Annotated[
    Path | None,
    typer.Option(
        "--json",
        metavar="FILE",
        help="Write the result of every comparison to this JSON file.",
        show_default=False,
    ),
]

Kernels = Annotated[
    str | None,
    typer.Option(
        help="Convolution kernels of the native engine: winograd (the default, faster) or direct. "
        "The same as [b]--engine-option kernels=VALUE[/b].",
        show_default=False,
        rich_help_panel=ENGINE_PANEL,
    ),
]

MergeMarks = Annotated[
    bool | None,
    typer.Option(
        "--merge-marks/--no-merge-marks",
        help="Report nearby marks of one lesion as one nodule, or each mark as a nodule. "
        "Overrides the profile.",
        show_default=False,
        rich_help_panel=PROFILE_PANEL,
    ),
]

NoProgress = Annotated[bool, typer.Option("--no-progress", help="Do not show progress bars.")]

Precision = Annotated[
    str,
    typer.Option(
        help="Number format in which the networks are computed: fp32, tf32, bf16, fp16 or int8. "
        "[b]lungrt info[/b] lists what each engine supports. Other formats than fp32 can change "
        "decisions; [b]lungrt compare[/b] shows which.",
        rich_help_panel=ENGINE_PANEL,
    ),
]

Profile = Annotated[
    str,
    typer.Option(
        help="Preset of where and how to look for nodules. lung: look only inside the lung field, "
        "merge marks of one lesion, use exact geometry, and pad volumes smaller than a crop with "
        "air. "
        "book: search the whole volume exactly as the book 'Deep Learning with PyTorch' does.",
        rich_help_panel=PROFILE_PANEL,
    ),
]

Region = Annotated[
    str | None,
    typer.Option(
        help="Where to look for nodules: lung (inside the lung field) or volume (everywhere). "
        "Overrides the profile.",
        show_default=False,
        rich_help_panel=PROFILE_PANEL,
    ),
]

Resample = Annotated[
    bool,
    typer.Option(
        "--resample",
        help="Interpolate a DICOM series with irregular, missing or repeated slices onto a regular "
        "grid. Without this option such a series is refused.",
    ),
]

Series = Annotated[
    str | None,
    typer.Option(
        metavar="UID",
        help="UID of the series to read if the DICOM folder contains several.",
        show_default=False,
    ),
]

Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Number of CPU threads; by default all processors available to this process.",
        show_default=False,
        rich_help_panel=ENGINE_PANEL,
    ),
]
