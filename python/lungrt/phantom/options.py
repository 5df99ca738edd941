"""What a phantom shall be: one frozen set of options, checked as a whole."""

from __future__ import annotations

import importlib.util
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
    "require_scipy",
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
_FIELD_MM = 380.0  # in-plane, and along the body: what shows a whole chest
_LENGTH_MM = 315.0
_SLICE_MM = (0.5, 5.0)


@dataclass(frozen=True)
class NodulePlan:
    """A nodule to plant.

    Attributes
    ----------
    diameter_mm : float
        Of a sphere of its volume; spicules add to it.
    density, shape
        How it looks.
    attachment
        What it touches: ``free`` lies in the parenchyma; ``apex`` within the uppermost 30 mm of a
        lung.
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
                f"a nodule of {self.diameter_mm:g} mm: expected {SMALLEST_NODULE_MM:g} to "
                f"{LARGEST_NODULE_MM:g} mm; nothing larger is called a nodule or fits a lung"
            )


@dataclass(frozen=True)
class PhantomOptions:
    """Everything that makes a phantom; equal options make equal voxels.

    Attributes
    ----------
    seed : int
        Of the patient, the nodules and the noise.
    shape : tuple of int
        Voxels (slices, rows, columns).
    spacing_mm : tuple of float, optional
        Of voxels (x, y, z). A field that shows the whole chest if not given, with slices of at
        most 5 mm.
    center_mm : tuple of float
        Where the field's centre lies from the chest's (x to the patient's left, y to the back, z
        to the head), for partial fields of view.
    nodules : int or tuple of NodulePlan, optional
        Which to plant, or how many of random size, density, shape and place; 4 if not given, none
        where there are no lungs.
    region : str
        chest, abdomen, head, air (nothing but air) or bone (nothing but bone).
    lungs : str
        both; left or right after the other lung was removed: soft tissue lies in its place.
    finding : str
        Disease of the parenchyma: none, collapse (small and airless), consolidation (airless), or
        emphysema, which is everywhere.
    extent, side : str
        Where collapse or consolidation is: lobe (the lower one), lung or both-lungs; left, right.
    position, entry : str
        How the patient lies: supine or prone, head-first or feet-first. Axes of the volume are the
        scanner's, so its direction follows.
    kernel : str
        Reconstruction: soft, or sharp with more noise and overshooting edges.
    noise_hu : float, optional
        Standard deviation of noise in soft tissue; the kernel's own if not given. 0 for none.
    contrast : bool
        Whether blood is enhanced.
    fissures, table : bool
        Whether they are seen.
    padding_hu : int
        What stands outside of a circular field.
    circular_field : bool
        Whether the field is the circle in the image, as many scanners reconstruct.
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
                f"shape {self.shape}: expected slices, rows and columns, each at least 1, and at "
                f"most {_MOST_VOXELS} voxels"
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
                f"padding of {self.padding_hu} HU: expected -32768 to -1000; scanners write "
                "-1024, -2000, -2048 or -3024"
            )
        if isinstance(self.nodules, int) and self.nodules < 0:
            raise InvalidArgument(f"{self.nodules} nodules: expected 0 or more")
        if self.nodules and self.region != "chest":
            raise InvalidArgument(
                f"nodules in region {self.region}: it has no lung to plant them in; give nodules=0"
            )
        if self.lungs != "both" and self.finding in ("collapse", "consolidation"):
            if self.extent != "both-lungs" and self.side != self.lungs:
                raise InvalidArgument(
                    f"{self.finding} of the {self.side} lung, which is removed: only the "
                    f"{self.lungs} one is there"
                )
            if self.extent == "both-lungs":
                raise InvalidArgument(f"{self.finding} of both lungs, but only one is there")

    @property
    def voxel_mm(self) -> tuple[float, float, float]:
        """Spacing of voxels (x, y, z) that this phantom has."""
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


def require_scipy() -> None:
    """Refuse to start without the package that filters and interpolates.

    Raises
    ------
    lungrt.errors.InvalidArgument
        Where it is not installed.
    """
    if importlib.util.find_spec("scipy") is None:
        raise InvalidArgument(
            "phantoms need scipy, which is not installed; pip install 'lungrt[phantom]'"
        )


def check_seed(seed: int) -> None:
    """Refuse what is no seed."""
    if not 0 <= seed < 1 << 63:
        raise InvalidArgument(f"seed {seed}: expected a number from 0 to 2^63 - 1")


def _one_of(what: str, value: object, kinds: object) -> None:
    if value not in get_args(kinds):
        raise InvalidArgument(f"{what} {value!r}: expected one of {', '.join(get_args(kinds))}")
