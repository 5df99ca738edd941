"""``lungrt phantom``: synthetic chest CTs, or nodules for real ones, as a folder of LUNA16's."""

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

_IMPLANT = "Implant into a real CT"
_LOOK = "The scan"
_DISEASE = "What a lung field meets"


def phantom(
    output: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder to make, as LUNA16 has it.", show_default=False),
    ],
    seed: Annotated[int, typer.Option(help="Of patient, nodules and noise.")] = 0,
    count: Annotated[
        int, typer.Option(min=1, help="How many scans: of seed, seed + 1, and so on.")
    ] = 1,
    nodules: Annotated[
        int | None,
        typer.Option(help="Random nodules a scan; 4 if not given.", show_default=False),
    ] = None,
    nodule: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MM[:WORD...]",
            help="A nodule: its diameter, then any of density, shape and attachment, e.g. "
            "12:spiculated:chest-wall. As often as needed; instead of --nodules.",
            show_default=False,
        ),
    ] = None,
    size: Annotated[
        str, typer.Option(metavar="SxRxC", help="Slices, rows and columns.")
    ] = "133x512x512",
    spacing: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y,Z",
            help="Of voxels, mm; what shows the whole chest if not given.",
            show_default=False,
        ),
    ] = None,
    center: Annotated[
        str, typer.Option(metavar="X,Y,Z", help="Centre of the field from the chest's, mm.")
    ] = "0,0,0",
    kernel: Annotated[str, typer.Option(help="soft or sharp.", rich_help_panel=_LOOK)] = "soft",
    noise: Annotated[
        float | None,
        typer.Option(
            help="Of soft tissue, HU; the kernel's own if not given.",
            show_default=False,
            rich_help_panel=_LOOK,
        ),
    ] = None,
    contrast: Annotated[
        bool, typer.Option("--contrast", help="Enhanced blood.", rich_help_panel=_LOOK)
    ] = False,
    padding: Annotated[
        int | None,
        typer.Option(
            metavar="HU",
            help="A circular field with this around it, e.g. -2048.",
            show_default=False,
            rich_help_panel=_LOOK,
        ),
    ] = None,
    position: Annotated[
        str, typer.Option(help="supine or prone.", rich_help_panel=_LOOK)
    ] = "supine",
    entry: Annotated[
        str, typer.Option(help="head-first or feet-first.", rich_help_panel=_LOOK)
    ] = "head-first",
    region: Annotated[
        str, typer.Option(help="chest, abdomen, head, air or bone.", rich_help_panel=_DISEASE)
    ] = "chest",
    lungs: Annotated[
        str, typer.Option(help="both, or the one that is left.", rich_help_panel=_DISEASE)
    ] = "both",
    finding: Annotated[
        str,
        typer.Option(help="none, collapse, consolidation or emphysema.", rich_help_panel=_DISEASE),
    ] = "none",
    extent: Annotated[
        str, typer.Option(help="lobe, lung or both-lungs.", rich_help_panel=_DISEASE)
    ] = "lobe",
    side: Annotated[str, typer.Option(help="left or right.", rich_help_panel=_DISEASE)] = "right",
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="CT",
            help="Plant the nodules into the lungs of this CT.",
            show_default=False,
            rich_help_panel=_IMPLANT,
        ),
    ] = None,
    lung_mask: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Its lungs, in its voxels; estimated if not given.",
            show_default=False,
            rich_help_panel=_IMPLANT,
        ),
    ] = None,
    series: Series = None,
    masks: Annotated[
        bool, typer.Option("--masks", help="Write masks of lungs and nodules, too.")
    ] = False,
    no_progress: NoProgress = False,
) -> None:
    """Make chest CTs with nodules whose place, size and malignancy are known.

    They are nobody's. The folder loads wherever LUNA16's own does.

    Example: [b]lungrt phantom --seed 7 --nodule 14:spiculated --nodule 8 --output phantoms[/b]
    """
    # Imported here so that --help and wrong arguments answer at once.
    from lungrt.phantom import PhantomOptions, chest
    from lungrt.phantom.luna16 import luna16_folder

    if nodule and nodules is not None:
        raise InvalidArgument("--nodule and --nodules: give the nodules or their number, not both")
    planned = tuple(_plan(text) for text in nodule) if nodule else nodules
    if into is None and (lung_mask or series):
        raise InvalidArgument("--lung-mask and --series: only with --into, they are of its CT")
    if into is not None and count > 1:
        raise InvalidArgument("--count: with --into there is one scan")
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
                f"{lung_mask}: its voxels lie elsewhere than those of {ct}; give a mask in the "
                "CT's own geometry"
            )
        lung = mask.hu
    return implant(volume, 4 if nodules is None else nodules, seed=seed, lung=lung)


def _plan(text: str) -> NodulePlan:
    """A nodule from words: 12:part-solid:chest-wall."""
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
            raise InvalidArgument(f"--nodule {text}: {word!r} is not one of each of {known}")
        chosen[kind] = word
    (value,) = _numbers("--nodule", diameter, [diameter], float)
    return NodulePlan(value, **chosen)


def _triple(
    option: str, text: str, separator: str, kind: Callable[[str], Any]
) -> tuple[Any, Any, Any]:
    parts = text.split(separator)
    if len(parts) != 3:
        raise InvalidArgument(f"{option} {text}: expected three numbers with {separator} between")
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
    for heading in ("look", "at", "malignant"):
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
