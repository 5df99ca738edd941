"""``lungrt phantom``: writes synthetic chest CTs, or real CTs with implants, like LUNA16."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from lungrt.cli.console import disclaim, stdout
from lungrt.cli.options import NoProgress, Series
from lungrt.cli.progress import progress_bars
from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable

    from lungrt.phantom import NodulePlan, Phantom, PlantedNodule

__all__ = ["phantom"]

_IMPLANT = "Implanting into a real CT"
_SCAN = "Scan"
_ANATOMY = "Anatomy and disease"


def phantom(
    output: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder to write, in the layout of LUNA16. It must not exist or must be empty.",
            show_default=False,
        ),
    ],
    seed: Annotated[
        int, typer.Option(help="Random seed of the patient, the nodules and the noise.")
    ] = 0,
    count: Annotated[
        int,
        typer.Option(min=1, help="Number of scans. They have the seeds SEED, SEED + 1, and so on."),
    ] = 1,
    nodules: Annotated[
        int | None,
        typer.Option(
            help="Number of random nodules in each scan. The default is 4, or 0 in a region "
            "without lungs.",
            show_default=False,
        ),
    ] = None,
    nodule: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MM[:WORD...]",
            help="A nodule to plant: its diameter in mm, optionally followed by its density "
            "(solid, part-solid, ground-glass, calcified), shape (smooth, lobulated, spiculated) "
            "and attachment (free, chest-wall, diaphragm, mediastinum, vessel, apex), such as "
            "12:spiculated:chest-wall. Repeat the option for several nodules; it replaces "
            "--nodules.",
            show_default=False,
        ),
    ] = None,
    size: Annotated[
        str, typer.Option(metavar="SxRxC", help="Numbers of slices, rows and columns.")
    ] = "133x512x512",
    spacing: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y,Z",
            help="Spacing of voxels in mm. By default the scan shows the whole chest.",
            show_default=False,
        ),
    ] = None,
    center: Annotated[
        str,
        typer.Option(
            metavar="X,Y,Z",
            help="Offset of the scan's centre from the centre of the chest in mm: X to the "
            "patient's left, Y to the back, Z to the head.",
        ),
    ] = "0,0,0",
    kernel: Annotated[
        str,
        typer.Option(
            help="Reconstruction kernel: soft, or sharp, which has more noise and overshooting "
            "edges.",
            rich_help_panel=_SCAN,
        ),
    ] = "soft",
    noise: Annotated[
        float | None,
        typer.Option(
            help="Standard deviation of the noise in soft tissue in HU; 0 for none. The default "
            "depends on the kernel and the slice thickness.",
            show_default=False,
            rich_help_panel=_SCAN,
        ),
    ] = None,
    contrast: Annotated[
        bool,
        typer.Option(
            "--contrast",
            help="Simulate contrast medium: blood is enhanced.",
            rich_help_panel=_SCAN,
        ),
    ] = False,
    padding: Annotated[
        int | None,
        typer.Option(
            metavar="HU",
            help="Reconstruct only a circular field, with this value around it, such as -2048.",
            show_default=False,
            rich_help_panel=_SCAN,
        ),
    ] = None,
    position: Annotated[
        str,
        typer.Option(help="Position of the patient: supine or prone.", rich_help_panel=_SCAN),
    ] = "supine",
    entry: Annotated[
        str,
        typer.Option(
            help="Direction in which the patient enters the scanner: head-first or feet-first.",
            rich_help_panel=_SCAN,
        ),
    ] = "head-first",
    region: Annotated[
        str,
        typer.Option(
            help="Region of the body: chest, abdomen, head, air (only air) or bone (only bone).",
            rich_help_panel=_ANATOMY,
        ),
    ] = "chest",
    lungs: Annotated[
        str,
        typer.Option(
            help="Lungs of the patient: both, or the lung that remains (left or right) after the "
            "other one was removed.",
            rich_help_panel=_ANATOMY,
        ),
    ] = "both",
    finding: Annotated[
        str,
        typer.Option(
            help="Disease of the lungs: none, collapse, consolidation or emphysema.",
            rich_help_panel=_ANATOMY,
        ),
    ] = "none",
    extent: Annotated[
        str,
        typer.Option(
            help="Extent of a collapse or consolidation: lobe (the lower lobe), lung or "
            "both-lungs.",
            rich_help_panel=_ANATOMY,
        ),
    ] = "lobe",
    side: Annotated[
        str,
        typer.Option(
            help="Side of a collapse or consolidation: left or right.", rich_help_panel=_ANATOMY
        ),
    ] = "right",
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="CT",
            help="Implant the nodules into the lungs of this real CT, instead of generating one.",
            show_default=False,
            rich_help_panel=_IMPLANT,
        ),
    ] = None,
    lung_mask: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Mask of the lungs of the CT in --into, on the same voxels. By default the lungs "
            "are estimated.",
            show_default=False,
            rich_help_panel=_IMPLANT,
        ),
    ] = None,
    series: Series = None,
    masks: Annotated[
        bool, typer.Option("--masks", help="Also write masks of the lungs and the nodules.")
    ] = False,
    no_progress: NoProgress = False,
) -> None:
    """Generate chest CTs with nodules of known position, size and malignancy.

    The scans are synthetic and show no real person. The output folder has the layout of LUNA16 and
    can be used wherever LUNA16 can.

    Example: [b]lungrt phantom --seed 7 --nodule 14:spiculated --nodule 8 --output phantoms[/b]
    """
    # Imported here so that --help and wrong arguments answer at once.
    from lungrt.phantom import PhantomOptions, chest
    from lungrt.phantom.luna16 import luna16_folder

    if nodule and nodules is not None:
        raise InvalidArgument("--nodule and --nodules cannot be combined; use only one of them")
    planned = tuple(_plan(text) for text in nodule) if nodule else nodules
    if into is None and (lung_mask or series):
        raise InvalidArgument("--lung-mask and --series can only be used together with --into")
    if into is not None and count > 1:
        raise InvalidArgument("--count cannot be combined with --into, which writes one scan")
    options = None
    if into is None:
        given: dict[str, Any] = {
            "region": region, "lungs": lungs, "finding": finding, "extent": extent, "side": side,
            "position": position, "entry": entry, "kernel": kernel,
        }  # fmt: skip
        options = PhantomOptions(
            seed=seed,
            shape=_triple("--size", size, "x", int),
            spacing_mm=_triple("--spacing", spacing, ",", float) if spacing else None,
            center_mm=_triple("--center", center, ",", float),
            nodules=planned,
            noise_hu=noise,
            contrast=contrast,
            padding_hu=-2048 if padding is None else padding,
            circular_field=padding is not None,
            **given,
        )
    console = stdout()
    made: list[tuple[str, tuple[PlantedNodule, ...]]] = []
    with luna16_folder(output, masks=masks) as folder:
        for number in range(count):
            if into is not None:
                scan = _implanted(into, lung_mask, series, planned, seed)
            else:
                with progress_bars(not no_progress) as progress:
                    scan = chest(options, seed=seed + number, progress=progress)
            place = folder.add(scan)
            made.append((f"{place.parent.name}/{place.name}", scan.nodules))
    for name, truth in made:
        console.print(name, soft_wrap=True)
        if truth:
            console.print(_table(truth))
    console.print(f"written to {output}", soft_wrap=True)
    disclaim(console)


def _implanted(
    ct: Path,
    lung_mask: Path | None,
    series: str | None,
    nodules: int | tuple[NodulePlan, ...] | None,
    seed: int,
) -> Phantom:
    import lungrt
    from lungrt.phantom import implant

    volume = lungrt.read_ct(ct, series=series)
    lung = None
    if lung_mask is not None:
        mask = lungrt.read_ct(lung_mask)
        if mask.geometry != volume.geometry:
            raise InvalidArgument(
                f"{lung_mask}: this mask has another geometry than {ct}; expected a mask with the "
                "same size, spacing, origin and direction"
            )
        lung = mask.hu
    return implant(volume, 4 if nodules is None else nodules, seed=seed, lung=lung)


def _plan(text: str) -> NodulePlan:
    """Parse a nodule such as 12:part-solid:chest-wall."""
    from typing import get_args

    from lungrt.phantom import NodulePlan
    from lungrt.phantom.options import Attachment, Density, Shape

    diameter, *words = text.split(":")
    kinds = {"density": Density, "shape": Shape, "attachment": Attachment}
    chosen: dict[str, Any] = {}
    for word in words:
        kind = next((name for name, known in kinds.items() if word in get_args(known)), None)
        if kind is None or kind in chosen:
            known = "; ".join(f"{name}: {', '.join(get_args(k))}" for name, k in kinds.items())
            raise InvalidArgument(
                f"--nodule {text}: unexpected {word!r}; expected at most one of each of {known}"
            )
        chosen[kind] = word
    (value,) = _numbers("--nodule", diameter, [diameter], float)
    return NodulePlan(value, **chosen)


def _triple(
    option: str, text: str, separator: str, kind: Callable[[str], Any]
) -> tuple[Any, Any, Any]:
    parts = text.split(separator)
    if len(parts) != 3:
        raise InvalidArgument(f"{option} {text}: expected three numbers separated by {separator!r}")
    first, second, third = _numbers(option, text, parts, kind)
    return first, second, third


def _numbers(option: str, text: str, parts: list[str], kind: Callable[[str], Any]) -> list[Any]:
    try:
        return [kind(part) for part in parts]
    except ValueError as error:
        raise InvalidArgument(f"{option} {text}: expected numbers") from error


def _table(nodules: tuple[PlantedNodule, ...]) -> Table:
    # Fits 80 columns.
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("", "centre x, y, z\nmm", "slice, row,\ncolumn", "diameter\nmm"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("appearance", "attachment", "malignant"):
        table.add_column(heading)
    for nodule in nodules:
        table.add_row(
            str(nodule.label),
            ", ".join(f"{value:.1f}" for value in nodule.center_mm),
            ", ".join(map(str, nodule.index)),
            f"{nodule.diameter_mm:.1f}",
            f"{nodule.density}, {nodule.shape}",
            nodule.attachment,
            "yes" if nodule.malignant else "no",
        )
    return table
