"""Options of a phantom and its nodules, with checks that they are consistent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from lungrt.errors import InvalidArgument

__all__ = [
    "Attachment",
    "Density",
    "NodulePlan",
    "PhantomOptions",
    "Shape",
    "check_seed",
]

Density = Literal["solid", "part-solid", "ground-glass", "calcified"]
Shape = Literal["smooth", "lobulated", "spiculated"]
Attachment = Literal["free", "chest-wall", "diaphragm", "mediastinum", "vessel", "apex"]
Region = Literal["chest", "abdomen", "head", "air", "bone"]
Lungs = Literal["both", "left", "right"]
Finding = Literal["none", "collapse", "consolidation", "emphysema"]
Extent = Literal["lobe", "lung", "both-lungs"]
Position = Literal["supine", "prone"]
Entry = Literal["head-first", "feet-first"]
Kernel = Literal["soft", "sharp"]

LARGEST_NODULE_MM = 60.0
SMALLEST_NODULE_MM = 2.0
_MOST_VOXELS = 1 << 30
_SPACING_MM = (0.05, 20.0)
_FIELD_MM = 380.0  # of a whole chest, in-plane
_LENGTH_MM = 315.0  # of a whole chest, along the body
_SLICE_MM = (0.5, 5.0)  # thinnest and thickest default slice


@dataclass(frozen=True)
class NodulePlan:
    """Nodule to plant.

    Attributes
    ----------
    diameter_mm : float
        Diameter of a sphere of the same volume, without spicules.
    density : str
        ``solid``, ``part-solid``, ``ground-glass`` or ``calcified``.
    shape : str
        ``smooth``, ``lobulated`` or ``spiculated``.
    attachment : str
        Structure that the nodule touches: ``chest-wall``, ``diaphragm``, ``mediastinum`` or
        ``vessel``; ``free`` for none, ``apex`` for a position in the uppermost 30 mm of a lung.
    """

    diameter_mm: float
    density: Density = "solid"
    shape: Shape = "smooth"
    attachment: Attachment = "free"

    def __post_init__(self) -> None:
        _one_of("a nodule's density", self.density, Density)
        _one_of("a nodule's shape", self.shape, Shape)
        _one_of("a nodule's attachment", self.attachment, Attachment)
        if not SMALLEST_NODULE_MM <= self.diameter_mm <= LARGEST_NODULE_MM:
            raise InvalidArgument(
                f"nodule diameter {self.diameter_mm:g} mm: expected {SMALLEST_NODULE_MM:g} to "
                f"{LARGEST_NODULE_MM:g} mm"
            )


@dataclass(frozen=True)
class PhantomOptions:
    """Options of a phantom; equal options give equal voxels.

    Attributes
    ----------
    seed : int
        Random seed of the patient, the nodules and the noise.
    shape : tuple of int
        Numbers of slices, rows and columns.
    spacing_mm : tuple of float, optional
        Spacing of voxels (x, y, z). By default the volume shows the whole chest, with slices of at
        most 5 mm.
    center_mm : tuple of float
        Offset of the volume's centre from the centre of the chest (x to the patient's left, y to
        the back, z to the head), for partial fields of view.
    nodules : int or tuple of NodulePlan, optional
        Nodules to plant, or the number of nodules of random size, density, shape and position. The
        default is 4, or none in regions without lungs.
    region : str
        chest, abdomen, head, air (only air) or bone (only bone).
    lungs : str
        both, or the lung that remains (left or right) after the other one was removed; soft tissue
        fills the space of a removed lung.
    finding : str
        Disease of the parenchyma: none, collapse (small and airless), consolidation (airless), or
        emphysema, which affects both lungs.
    extent, side : str
        Extent of a collapse or consolidation: lobe (the lower lobe), lung or both-lungs; and its
        side, left or right.
    position, entry : str
        Position of the patient: supine or prone, head-first or feet-first. The axes of the volume
        are the scanner's, so that its direction matrix depends on this.
    kernel : str
        Reconstruction kernel: soft, or sharp with more noise and overshooting edges.
    noise_hu : float, optional
        Standard deviation of the noise in soft tissue, 0 for none. The default depends on the
        kernel.
    contrast : bool
        Whether blood is enhanced by contrast medium.
    fissures, table : bool
        Whether the fissures of the lungs and the table are visible.
    padding_hu : int
        Value outside of a circular field.
    circular_field : bool
        Whether only the circle in the image has values, as many scanners reconstruct it.
    """

    seed: int = 0
    shape: tuple[int, int, int] = (133, 512, 512)
    spacing_mm: tuple[float, float, float] | None = None
    center_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    nodules: int | tuple[NodulePlan, ...] | None = None
    region: Region = "chest"
    lungs: Lungs = "both"
    finding: Finding = "none"
    extent: Extent = "lobe"
    side: Literal["left", "right"] = "right"
    position: Position = "supine"
    entry: Entry = "head-first"
    kernel: Kernel = "soft"
    noise_hu: float | None = None
    contrast: bool = False
    fissures: bool = True
    table: bool = True
    padding_hu: int = -2048
    circular_field: bool = False

    def __post_init__(self) -> None:
        for name, kinds in _CHOICES.items():
            _one_of(name, getattr(self, name), kinds)
        check_seed(self.seed)
        if len(self.shape) != 3 or min(self.shape) < 1 or math.prod(self.shape) > _MOST_VOXELS:
            raise InvalidArgument(
                f"shape {self.shape}: expected numbers of slices, rows and columns, each at least "
                f"1, with at most {_MOST_VOXELS} voxels in total"
            )
        least, most = _SPACING_MM
        if self.spacing_mm is not None and not (
            len(self.spacing_mm) == 3 and all(least <= value <= most for value in self.spacing_mm)
        ):
            raise InvalidArgument(
                f"spacing {self.spacing_mm}: expected x, y, z, each from {least} to {most} mm"
            )
        if len(self.center_mm) != 3 or not all(map(math.isfinite, self.center_mm)):
            raise InvalidArgument(f"centre {self.center_mm}: expected finite x, y, z in mm")
        if self.noise_hu is not None and not 0 <= self.noise_hu <= 500:
            raise InvalidArgument(f"noise of {self.noise_hu} HU: expected 0 to 500 HU")
        if not -32768 <= self.padding_hu <= -1000:
            raise InvalidArgument(
                f"padding of {self.padding_hu} HU: expected -32768 to -1000 HU; scanners use "
                "-1024, -2000, -2048 or -3024"
            )
        if isinstance(self.nodules, int) and self.nodules < 0:
            raise InvalidArgument(f"{self.nodules} nodules: expected 0 or more")
        if self.nodules and self.region != "chest":
            raise InvalidArgument(
                f"region {self.region} has no lung to plant nodules in; set nodules to 0"
            )
        if self.lungs != "both" and self.finding in ("collapse", "consolidation"):
            if self.extent != "both-lungs" and self.side != self.lungs:
                raise InvalidArgument(
                    f"{self.finding} of the {self.side} lung is impossible because that lung is "
                    f"removed; set side to {self.lungs}"
                )
            if self.extent == "both-lungs":
                raise InvalidArgument(
                    f"{self.finding} of both lungs is impossible because only the {self.lungs} "
                    "lung remains; set extent to lung or lobe"
                )

    @property
    def voxel_mm(self) -> tuple[float, float, float]:
        """Spacing of voxels (x, y, z) in mm, which is `spacing_mm` or its default."""
        if self.spacing_mm is not None:
            return self.spacing_mm
        in_plane = _FIELD_MM / max(self.shape[1:])
        least, most = _SLICE_MM
        return in_plane, in_plane, min(max(_LENGTH_MM / self.shape[0], least), most)


_CHOICES = {
    "region": Region,
    "lungs": Lungs,
    "finding": Finding,
    "extent": Extent,
    "side": Literal["left", "right"],
    "position": Position,
    "entry": Entry,
    "kernel": Kernel,
}


def check_seed(seed: int) -> None:
    """Raise InvalidArgument if a random seed is out of range."""
    if not 0 <= seed < 1 << 63:
        raise InvalidArgument(f"seed {seed}: expected a whole number from 0 to 2^63 - 1")


def _one_of(what: str, value: object, kinds: object) -> None:
    if value not in get_args(kinds):
        raise InvalidArgument(f"{what} {value!r}: expected one of {', '.join(get_args(kinds))}")
