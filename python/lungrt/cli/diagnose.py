"""``lungrt diagnose``: a CT in, a table of nodules and a file out."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from lungrt.cli.console import disclaim, stdout
from lungrt.cli.engine_options import parse_engine_options
from lungrt.cli.limits import MemoryLimit, TimeLimit, parse_memory, require_time
from lungrt.cli.options import NoProgress, Precision, Series
from lungrt.cli.output import output_file
from lungrt.cli.progress import progress_bars
from lungrt.defaults import NOTE as DEFAULTS_NOTE
from lungrt.mask_format import MaskFormat
from lungrt.profiles import DEFAULT_PROFILE

if TYPE_CHECKING:
    from rich.console import Console

    from lungrt import Report

__all__ = ["diagnose"]


def diagnose(
    ct: Annotated[
        Path,
        typer.Argument(
            metavar="CT",
            help="Folder of a DICOM series, or a file .mhd, .mha, .nii, .nii.gz or .nrrd.",
            show_default=False,
        ),
    ],
    bundle: Annotated[
        Path | None,
        typer.Option(
            help="Folder that [b]lungrt export[/b] wrote; the default models, for demonstration "
            "alone, if not given.",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            help="Inference engine; [b]lungrt info[/b] lists them. auto: native where it can run "
            "the bundle, else the first that can."
        ),
    ] = "auto",
    kernels: Annotated[
        str | None,
        typer.Option(
            help="Of the native engine: winograd or direct; the same as "
            "--engine-option kernels=...",
            show_default=False,
        ),
    ] = None,
    engine_option: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Setting of the engine, as often as needed; the README lists them.",
            show_default=False,
        ),
    ] = None,
    device: Annotated[
        str, typer.Option(help="cpu, cuda, cuda:N, or auto to take what is there.")
    ] = "cpu",
    precision: Precision = "fp32",
    profile: Annotated[
        str,
        typer.Option(
            help="Preset of the next three options. lung: looks only where lungs are, marks of one "
            "lesion merged. book: as the book does, everywhere."
        ),
    ] = DEFAULT_PROFILE,
    geometry: Annotated[
        str | None,
        typer.Option(
            help="book or exact: another way from world to voxel than the profile's.",
            show_default=False,
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(help="volume or lung: look elsewhere than the profile.", show_default=False),
    ] = None,
    merge_marks: Annotated[
        bool | None,
        typer.Option(
            "--merge-marks/--no-merge-marks",
            help="Make nearby marks of one lesion one nodule, or not.",
            show_default=False,
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="CPU threads; all that this process may use if not given.",
            show_default=False,
        ),
    ] = None,
    time_limit: TimeLimit = None,
    memory_limit: MemoryLimit = None,
    candidates: Annotated[
        bool,
        typer.Option("--candidates", help="Write every candidate to the file, not only nodules."),
    ] = False,
    series: Series = None,
    resample: Annotated[
        bool,
        typer.Option(
            "--resample",
            help="Interpolate irregular, missing or repeated slices instead of refusing them.",
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the report to FILE.json or FILE.csv.", show_default=False
        ),
    ] = None,
    save_masks: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write lung field, nodule mask and labels, in the CT's geometry, there.",
            show_default=False,
        ),
    ] = None,
    mask_format: Annotated[
        MaskFormat, typer.Option(help="Of the files that [b]--save-masks[/b] writes.")
    ] = MaskFormat.NIFTI,
    no_progress: NoProgress = False,
) -> None:
    """Find lung nodules in a CT.

    Example: [b]lungrt diagnose path/to/dicom --bundle bundle --output report.json[/b]
    """
    # Imported here so that --help and wrong arguments answer at once.
    import lungrt
    from lungrt import _core
    from lungrt.io import mask_folder

    max_memory_bytes = parse_memory(memory_limit)
    max_seconds = require_time(time_limit)
    with contextlib.ExitStack() as stack:
        write = output and stack.enter_context(output_file(output, (".json", ".csv")))
        if save_masks:
            mask_folder(save_masks)  # before the work, not after it
        _core.tune_allocator()  # this process does nothing else
        pipeline = lungrt.Pipeline(
            bundle or lungrt.default_bundle(),
            engine=engine,
            device=device,
            precision=precision,
            profile=profile,
            geometry=geometry,
            region=region,
            merge_marks=merge_marks,
            threads=threads,
            engine_options=parse_engine_options(engine_option, kernels=kernels),
        )
        volume = lungrt.read_ct(ct, series=series, resample=resample)
        with progress_bars(not no_progress) as progress:
            report = pipeline.run(
                volume,
                progress=progress,
                max_seconds=max_seconds,
                max_memory_bytes=max_memory_bytes,
                keep_masks=save_masks is not None,
            )
        masks = lungrt.write_masks(save_masks, report, mask_format.value) if save_masks else []
        if output and write:
            if output.suffix.lower() == ".csv":
                write(report.to_csv(candidates=candidates))
            else:
                write(report.to_json(candidates) + "\n")
    console = stdout()
    _print(console, report)
    if bundle is None:
        console.print(f"note: {DEFAULTS_NOTE}", soft_wrap=True, style="yellow")
    if output:
        console.print(f"written to {output}", soft_wrap=True)
    for file in masks:
        console.print(f"written to {file}", soft_wrap=True)
    disclaim(console)


def _print(console: Console, report: Report) -> None:
    if report.nodules:
        console.print(_table(report))
    provenance = report.provenance
    seconds = {"find_lungs": 0.0, **report.timings_s}
    console.print(
        f"{len(report.nodules)} nodule{'' if len(report.nodules) == 1 else 's'} of "
        f"{len(report.candidates)} candidates in "
        f"{seconds['total']:.1f} s (find lungs {seconds['find_lungs']:.1f}, segment "
        f"{seconds['segment']:.1f}, group {seconds['group']:.1f}, classify "
        f"{seconds['classify']:.1f})\n"
        f"profile {report.options.profile}, engine {report.engine} ({provenance.engine_version}), "
        f"{report.device} ({provenance.device_name}), {report.options.precision}, "
        f"{provenance.threads} threads",
        soft_wrap=True,
    )
    for note in provenance.notes:
        console.print(f"note: {note}", soft_wrap=True, style="yellow")


def _table(report: Report) -> Table:
    # Fits 80 columns.
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in (
        "",
        "centre x, y, z\nmm",
        "slice, row,\ncolumn",
        "diameter\nmm",
        "volume\nmm³",
        "p\nnodule",
        "p\nmalignant",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for number, nodule in enumerate(report.nodules, start=1):
        malignant = nodule.p_malignant
        table.add_row(
            str(number),
            ", ".join(f"{value:.1f}" for value in nodule.center_mm),
            ", ".join(map(str, nodule.index)),
            f"{nodule.diameter_mm:.1f}",
            f"{nodule.volume_mm3:.0f}",
            f"{nodule.p_nodule:.3f}",
            "-" if malignant is None else f"{malignant:.3f}",
        )
    return table
