"""Arguments and options that several commands share, each described once.

``lungrt-native`` has the same ones (cpp/cli/options.cpp), which a test compares.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from lungrt.errors import InvalidArgument

__all__ = [
    "IMAGE_FILES",
    "AllowNonHu",
    "Bundle",
    "InputOptions",
    "JsonOutput",
    "NoProgress",
    "RunOptions",
    "Series",
    "VoxelOrder",
    "parse_engine_options",
    "parse_memory",
    "validate_time",
]

_ENGINE_PANEL, _PROFILE_PANEL, _LIMITS_PANEL = "Engine", "Profile", "Limits"

IMAGE_FILES = "an image file (.mhd, .mha, .nii, .nii.gz, .hdr, .nrrd or .nhdr)"
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
        rich_help_panel=_ENGINE_PANEL,
    ),
]

Engine = Annotated[
    str,
    typer.Option(
        help="Inference engine: native, torchscript, onnxruntime, aotinductor or auto. auto takes "
        "the first of native, torchscript and onnxruntime that can run every network of the bundle "
        "on the device. [b]lungrt info[/b] shows which engines are available.",
        rich_help_panel=_ENGINE_PANEL,
    ),
]

EngineOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE",
        help="Setting of the engine; repeat the option for several settings. "
        "native: kernels=winograd or direct; instruction_set=auto, avx512, avx512_intel, avx2 or "
        "portable. torchscript: graph=rewritten (faster) or traced (sums in the original order); "
        "memory_format=auto, contiguous or channels_last (of weights on a GPU). "
        "onnxruntime: provider=cpu, cuda, tensorrt or openvino; arena=on or off; "
        "graph=all, extended, basic or off; cudnn_search=heuristic, exhaustive or default; "
        "cuda_graph=off or on. aotinductor has no settings. "
        "The first value is the default, except that provider follows the device. "
        "The documentation page 'Engines' explains each setting.",
        show_default=False,
        rich_help_panel=_ENGINE_PANEL,
    ),
]

Geometry = Annotated[
    str | None,
    typer.Option(
        help="How world coordinates become voxels: exact, or book (the formula of the book, which "
        "is wrong for oblique scans). Overrides the profile.",
        show_default=False,
        rich_help_panel=_PROFILE_PANEL,
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
        rich_help_panel=_ENGINE_PANEL,
    ),
]

AllowNonHu = Annotated[
    bool,
    typer.Option(
        "--allow-non-hu",
        help="Go on, with a note in the report, if the voxels cannot be Hounsfield units of a "
        "chest (no air, stored values without rescale, 8 bits). Without this option that is an "
        "error.",
        rich_help_panel=_LIMITS_PANEL,
    ),
]

MergeMarks = Annotated[
    bool | None,
    typer.Option(
        "--merge-marks/--no-merge-marks",
        help="Report nearby marks of one lesion as one nodule, or each mark as a nodule. "
        "Overrides the profile.",
        show_default=False,
        rich_help_panel=_PROFILE_PANEL,
    ),
]

NoProgress = Annotated[bool, typer.Option("--no-progress", help="Do not show progress.")]

Precision = Annotated[
    str,
    typer.Option(
        help="Number format in which the networks are computed: fp32, tf32, bf16, fp16 or int8. "
        "[b]lungrt info[/b] lists what each engine supports. Other formats than fp32 can change "
        "decisions; [b]lungrt compare[/b] shows which.",
        rich_help_panel=_ENGINE_PANEL,
    ),
]

Profile = Annotated[
    str,
    typer.Option(
        help="Preset of where and how to look for nodules. lung: look only inside the lung field, "
        "merge marks of one lesion, use exact geometry, bring voxels into the patient's order, and "
        "pad volumes smaller than a crop with air. "
        "book: search the whole volume exactly as the book 'Deep Learning with PyTorch' does.",
        rich_help_panel=_PROFILE_PANEL,
    ),
]

Region = Annotated[
    str | None,
    typer.Option(
        help="Where to look for nodules: lung (inside the lung field) or volume (everywhere). "
        "Overrides the profile.",
        show_default=False,
        rich_help_panel=_PROFILE_PANEL,
    ),
]

Resample = Annotated[
    bool,
    typer.Option(
        "--resample",
        help="Interpolate a DICOM series with irregular, missing or repeated slices, or a tilted "
        "gantry, onto a regular grid. Without this option such a series is refused.",
    ),
]

Series = Annotated[
    str | None,
    typer.Option(
        metavar="UID",
        help="UID of the series to read if several in the DICOM folder can be a volume, or "
        "UID:PART if several parts of it can be. The command info lists them.",
        show_default=False,
    ),
]

Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Number of CPU threads; by default all processors available to this process.",
        show_default=False,
        rich_help_panel=_ENGINE_PANEL,
    ),
]

VoxelOrder = Annotated[
    str | None,
    typer.Option(
        help="Order of axes that the networks see: patient (columns to the left, rows to the back, "
        "slices to the head, so that every stored order of a CT gives the same result) or stored. "
        "Results are in the stored order. Overrides the profile.",
        show_default=False,
        rich_help_panel=_PROFILE_PANEL,
    ),
]

TimeLimit = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="Stop with an error if the run takes longer than this. Reading the CT and loading the "
        "bundle are not counted.",
        show_default=False,
        rich_help_panel=_LIMITS_PANEL,
    ),
]

MemoryLimit = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Stop with an error if the run would need more host memory than this: a number of "
        "bytes, or for example 500M or 2GiB. The CT, the weights and what engines other than "
        "native allocate internally are not counted.",
        show_default=False,
        rich_help_panel=_LIMITS_PANEL,
    ),
]


@dataclass(frozen=True)
class InputOptions:
    """Options with which a CT is read: keyword arguments of `lungrt.read_ct`."""

    series: Series = None
    resample: Resample = False


@dataclass(frozen=True)
class RunOptions:
    """Options with which a CT is diagnosed, the same for every command that does so."""

    engine: Engine = "auto"
    engine_option: EngineOption = None
    kernels: Kernels = None
    device: Device = "cpu"
    precision: Precision = "fp32"
    threads: Threads = None
    profile: Profile = "lung"
    geometry: Geometry = None
    region: Region = None
    merge_marks: MergeMarks = None
    voxel_order: VoxelOrder = None
    time_limit: TimeLimit = None
    memory_limit: MemoryLimit = None
    allow_non_hu: AllowNonHu = False

    def pipeline(self) -> dict[str, Any]:
        """Return the keyword arguments of `lungrt.Pipeline`.

        Raises
        ------
        lungrt.errors.InvalidArgument
            See `parse_engine_options`.
        """
        return {
            "engine": self.engine,
            "device": self.device,
            "precision": self.precision,
            "threads": self.threads,
            "profile": self.profile,
            "geometry": self.geometry,
            "region": self.region,
            "merge_marks": self.merge_marks,
            "voxel_order": self.voxel_order,
            "engine_options": parse_engine_options(self.engine_option, kernels=self.kernels),
        }

    def changed(self, defaults: RunOptions) -> list[str]:
        """Return the names of the options that differ from their defaults."""
        others = asdict(defaults)
        return [name for name, value in asdict(self).items() if value != others[name]]

    def limits(self) -> dict[str, Any]:
        """Return the keyword arguments of `lungrt.Pipeline.run`: limits, and what is allowed.

        Raises
        ------
        lungrt.errors.InvalidArgument
            See `validate_time` and `parse_memory`.
        """
        return {
            "max_seconds": validate_time(self.time_limit),
            "max_memory_bytes": parse_memory(self.memory_limit),
            "allow_non_hu": self.allow_non_hu,
        }


def parse_engine_options(given: list[str] | None, *, kernels: str | None = None) -> dict[str, str]:
    """Return the settings of an engine by name.

    Parameters
    ----------
    given
        NAME=VALUE texts.
    kernels
        Value of ``--kernels``, which is short for the setting of this name.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If a text is not of the form NAME=VALUE, or a name is given twice.
    """
    options = {} if kernels is None else {"kernels": kernels}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise InvalidArgument(f"--engine-option {text}: expected NAME=VALUE")
        if name in options:
            raise InvalidArgument(f"--engine-option {name}: given twice")
        options[name] = value
    return options


_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "KI": 2**10, "MI": 2**20, "GI": 2**30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMG]I?)?B?", re.IGNORECASE)
_MOST = 2**63 - 1


def validate_time(seconds: float | None) -> float:
    """Return a time limit in seconds; 0 means no limit.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If the limit is not a finite number greater than 0.
    """
    if seconds is None:
        return 0.0
    if not 0.0 < seconds < float("inf"):
        raise InvalidArgument(
            f"--time-limit {seconds:g}: expected a number of seconds greater than 0"
        )
    return seconds


def parse_memory(text: str | None) -> int:
    """Return a memory limit in bytes; 0 means no limit.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If the text is not a size, or the size is not between 1 and 2**63 - 1 bytes.
    """
    if text is None:
        return 0
    match = _SIZE.fullmatch(text.strip())
    size = int(Fraction(match[1]) * _UNITS[(match[2] or "").upper()]) if match else 0
    if not 1 <= size <= _MOST:
        raise InvalidArgument(
            f"--memory-limit {text}: expected a number of bytes, or a number with K, M, G (powers "
            "of 1,000) or Ki, Mi, Gi (powers of 1,024), such as 500M or 2GiB"
        )
    return size
