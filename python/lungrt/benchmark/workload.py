# mypy: untyped-calls-exclude=SimpleITK
"""CT on which a benchmark runs: the user's, or a generated one that is the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lungrt.errors import BadBundle, InvalidArgument

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from lungrt.export.manifest import Manifest

__all__ = ["Workload", "generated_workload", "given_workload", "synthetic_ct"]

_SEED = 11
_TILE = 128  # rows and columns of a phantom; larger CTs have several side by side
# Real CTs have a similar number of candidates: 5 to 15 per slice.
_PLACES_PER_SLICE = 5
_SMALL = (8, 128, 128)  # shape of the small CT; larger if a crop is larger


@dataclass(frozen=True)
class Workload:
    """The CTs of a benchmark.

    Attributes
    ----------
    ct, small : pathlib.Path
        The CT, and a small one for measuring cold starts.
    name : str
        Name of the CT in tables, without its folder.
    series : str or None
        UID of the series to read from a DICOM folder.
    places : int
        Number of fixed voxels to classify instead of the candidates; 0 classifies the candidates.
    """

    ct: Path
    small: Path
    name: str
    series: str | None = None
    places: int = 0


def given_workload(ct: Path, series: str | None, manifest: Manifest, folder: Path) -> Workload:
    """Return a workload with the user's CT; the small CT is generated in `folder`."""
    return Workload(ct, _small_ct(manifest, folder), ct.name, series)


def generated_workload(manifest: Manifest, folder: Path, slices: int, size: int) -> Workload:
    """Return a workload with a CT that is generated in `folder`.

    How many candidates a network finds in it cannot be predicted. Fixed voxels are classified
    instead, so that the classifiers have as much to do as on a real CT.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If the CT would be smaller than the classifier's crop.
    """
    crop = _crop(manifest)
    if slices < crop[0] or size < max(crop[1:]):
        raise InvalidArgument(
            f"a generated CT of {slices} slices of {size} x {size} is smaller than the crop of "
            f"this bundle's classifier, {' x '.join(map(str, crop))}; increase --slices or --size"
        )
    path = folder / "generated.mhd"
    _write(synthetic_ct((slices, size, size)), path)
    return Workload(
        path, _small_ct(manifest, folder), "generated CT", places=_PLACES_PER_SLICE * slices
    )


def synthetic_ct(shape: tuple[int, int, int]) -> NDArray[np.int16]:
    """Return lung phantoms side by side, in Hounsfield units; equal for equal shapes."""
    import numpy as np

    from lungrt.export.phantom import lung_patch

    rng = np.random.default_rng(_SEED)
    hu = np.empty(shape, np.int16)
    for row in range(0, shape[1], _TILE):
        for column in range(0, shape[2], _TILE):
            tile = hu[:, row : row + _TILE, column : column + _TILE]
            tile[:] = lung_patch((shape[0], *tile.shape[1:]), rng)
    return hu


def _small_ct(manifest: Manifest, folder: Path) -> Path:
    crop = _crop(manifest)
    slices, rows, columns = (max(sizes) for sizes in zip(_SMALL, crop, strict=True))
    path = folder / "small.mhd"
    _write(synthetic_ct((slices, rows, columns)), path)
    return path


def _crop(manifest: Manifest) -> tuple[int, int, int]:
    missing = [stage for stage in ("segmentation", "nodule") if stage not in manifest.stages]
    if missing:
        raise BadBundle(
            f"the bundle has no stage {' and '.join(missing)}; a benchmark needs the stages "
            "segmentation and nodule to diagnose a CT"
        )
    crop = manifest.stages["nodule"].input.crop
    assert crop is not None, "a classifier's contract states its crop"
    return crop


def _write(hu: NDArray[np.int16], path: Path) -> None:
    import SimpleITK

    image = SimpleITK.GetImageFromArray(hu)
    image.SetSpacing((0.7, 0.7, 1.25))
    SimpleITK.WriteImage(image, str(path))
