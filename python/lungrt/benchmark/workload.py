# mypy: untyped-calls-exclude=SimpleITK
"""What is diagnosed: a CT that was given, or a generated one that anybody can have."""

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
_TILE = 128  # rows and columns of one phantom
# Real CTs have about as many candidates: 5 to 15 a slice.
_PLACES_PER_SLICE = 5
_SMALL = (8, 128, 128)  # more where a crop needs it


@dataclass(frozen=True)
class Workload:
    """The CTs of a benchmark.

    Attributes
    ----------
    ct, small : pathlib.Path
        The CT, and a small one for cold starts.
    name : str
        For people; no path.
    series : str or None
        Series to take of a DICOM folder.
    places : int
        How many fixed voxels are classified instead of the candidates found; 0 for these.
    """

    ct: Path
    small: Path
    name: str
    series: str | None = None
    places: int = 0


def given_workload(ct: Path, series: str | None, manifest: Manifest, folder: Path) -> Workload:
    """Benchmark on a CT; what is generated besides is written to `folder`."""
    return Workload(ct, _small_ct(manifest, folder), ct.name, series)


def generated_workload(manifest: Manifest, folder: Path, slices: int, size: int) -> Workload:
    """Benchmark on a generated CT.

    What a network finds in a phantom is its own; so that there is something to classify, it is
    given places instead.

    Raises
    ------
    lungrt.errors.InvalidArgument
        The volume would be smaller than the classifier's crop.
    """
    crop = _crop(manifest)
    if slices < crop[0] or size < max(crop[1:]):
        raise InvalidArgument(
            f"a generated CT of {slices} slices of {size} x {size} is smaller than the crop of "
            f"this bundle's classifier, {' x '.join(map(str, crop))}; give larger --slices, --size"
        )
    path = folder / "generated.mhd"
    _write(synthetic_ct((slices, size, size)), path)
    return Workload(
        path, _small_ct(manifest, folder), "generated CT", places=_PLACES_PER_SLICE * slices
    )


def synthetic_ct(shape: tuple[int, int, int]) -> NDArray[np.int16]:
    """Chest phantoms side by side, Hounsfield units: the same for the same shape."""
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
            f"the bundle has no stage {' and '.join(missing)}; a benchmark diagnoses a CT, and "
            "needs both segmentation and nodule"
        )
    crop = manifest.stages["nodule"].input.crop
    assert crop is not None, "a classifier's contract states its crop"
    return crop


def _write(hu: NDArray[np.int16], path: Path) -> None:
    import SimpleITK

    image = SimpleITK.GetImageFromArray(hu)
    image.SetSpacing((0.7, 0.7, 1.25))
    SimpleITK.WriteImage(image, str(path))
