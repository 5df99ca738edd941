"""``lungrt diagnose``: find the nodules in a CT, print them and write a report."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from lungrt.cli import report_files
from lungrt.cli.console import disclaim, stdout
from lungrt.cli.dicom_output import dicom_output
from lungrt.cli.option_groups import with_option_groups
from lungrt.cli.options import IMAGE_FILES, InputOptions, NoProgress, RunOptions
from lungrt.cli.output import output_files
from lungrt.cli.progress import progress_bars
from lungrt.defaults import NOTE as DEFAULTS_NOTE
from lungrt.mask_format import MaskFormat

if TYPE_CHECKING:
    from rich.console import Console

    from lungrt import Report

__all__ = ["diagnose"]


@with_option_groups
def diagnose(
    *,
    ct: Annotated[
        Path,
        typer.Argument(
            metavar="CT",
            help=f"CT to diagnose: a folder with the slices of a DICOM series, or {IMAGE_FILES}.",
            show_default=False,
        ),
    ],
    bundle: Annotated[
        Path | None,
        typer.Option(
            help="Bundle with the networks: a folder written by [b]lungrt export[/b]. By default "
            "the models that come with lungrt, which are for demonstration only.",
            show_default=False,
        ),
    ] = None,
    reading: InputOptions,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Write the report to FILE.json, FILE.csv, FILE.html (a page with pictures of each "
            "nodule) or FILE.png (one picture). Repeat the option for several files.",
            show_default=False,
        ),
    ] = None,
    show_patient: Annotated[
        bool,
        typer.Option(
            "--show-patient",
            help="Show the patient's ID and the series' UID, number and description in FILE.html, "
            "which otherwise names neither.",
        ),
    ] = False,
    viewer: Annotated[
        bool,
        typer.Option(
            "--viewer",
            help="Add an interactive viewer with a reduced copy of the scan to FILE.html.",
        ),
    ] = False,
    candidates: Annotated[
        bool,
        typer.Option(
            "--candidates", help="Write every candidate to the report, not only the nodules."
        ),
    ] = False,
    save_masks: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write three images in the CT's geometry to this folder: the lung field, the mask "
            "of all candidates, and a label map that numbers them.",
            show_default=False,
        ),
    ] = None,
    mask_format: Annotated[
        MaskFormat, typer.Option(help="File format of the images of [b]--save-masks[/b].")
    ] = MaskFormat.NIFTI,
    dicom: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write DICOM objects for archives and viewers to this folder: a segmentation of "
            "the nodules, a structured report (TID 1500), and a picture. The CT must be a DICOM "
            "series. Needs [b]lungrt\\[dicom][/b].",
            show_default=False,
        ),
    ] = None,
    dicom_labelmap: Annotated[
        bool,
        typer.Option(
            "--dicom-labelmap",
            help="Make the segmentation of [b]--dicom[/b] a label map, compressed by RLE, which is "
            "smaller, but which few archives take.",
        ),
    ] = False,
    no_progress: NoProgress = False,
    run: RunOptions,
) -> None:
    """Find lung nodules in a CT.

    Prints a line for each nodule: its centre in world coordinates (x, y, z in mm, LPS) and as a
    voxel, diameter, volume, the probability that it is a nodule and, if the bundle has a
    malignancy stage, the probability that it is malignant.

    Example: [b]lungrt diagnose path/to/dicom --output report.json --output report.html[/b]
    """
    # Imported here so that --help and argument errors appear at once.
    import lungrt
    from lungrt import _core
    from lungrt.io import mask_folder

    limits = run.limits()
    report_files.check_pictures(output or [], show_patient=show_patient, viewer=viewer)
    with contextlib.ExitStack() as stack:
        files = stack.enter_context(output_files(output or [], report_files.SUFFIXES))
        pictures = report_files.have_pictures(output or [])
        if save_masks:
            mask_folder(save_masks)  # fail before the long run, not after it
        results = stack.enter_context(dicom_output(dicom, labelmap=dicom_labelmap))
        _core.tune_allocator()  # affects the whole process, which only runs this command
        pipeline = lungrt.Pipeline(bundle or lungrt.default_bundle(), **run.pipeline())
        volume = lungrt.read_ct(ct, **asdict(reading))
        if results:
            results.read_source(volume)
        patient = report_files.read_patient(ct, volume) if show_patient else {}
        with progress_bars(not no_progress) as progress:
            report = pipeline.run(
                volume,
                progress=progress,
                keep_masks=bool(pictures or save_masks or results),
                **limits,
            )
        masks = lungrt.write_masks(save_masks, report, mask_format.value) if save_masks else []
        if results:
            results.write(report)
        source = report_files.kind_of_source(ct)
        contents = [
            report_files.report_content(
                file,
                report,
                volume,
                candidates=candidates,
                source=source,
                patient=patient,
                viewer=viewer,
            )
            for file, _ in files
        ]
        for (_, write), content in zip(files, contents, strict=True):
            write(content)
    console = stdout()
    _print(console, report)
    if bundle is None:
        console.print(f"note: {DEFAULTS_NOTE}", soft_wrap=True, style="yellow")
    for note in results.notes if results else ():
        console.print(f"note: {note}", soft_wrap=True, style="yellow")
    for file in [*(output or []), *masks, *(results.files if results else ())]:
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
