"""Pictures of positions in a CT: axial crops in a lung window."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from lungrt.data.placement import Extent
from lungrt.errors import Error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from lungrt import CtVolume
    from lungrt.data.scans import ScanFile
    from lungrt.evaluation.cases import Case

__all__ = ["WINDOW_HU", "add_pictures", "axial_crop", "crop_picture"]

WINDOW_HU = (-1000, 400)
_SIDE_MM = 72.0  # of a picture; larger for marks that exceed a third of it
_INCHES = 1.9


def add_pictures(
    cases: Sequence[Case],
    scans: Mapping[str, ScanFile],
    progress: Callable[[str, int, int], object] | None = None,
) -> None:
    """Set the picture of each case, or the reason why it has none; each scan is read once."""
    by_series: dict[str, list[Case]] = {}
    for case in cases:
        by_series.setdefault(case.series_uid, []).append(case)
    for done, (uid, own) in enumerate(by_series.items()):
        if progress:
            progress("pictures", done, len(by_series))
        volume, why = _read(scans.get(uid))
        for case in own:
            case.no_picture = why
            if volume is None:
                continue
            crop = axial_crop(volume, case.center_mm, _side_mm(case))
            if crop is None:
                case.no_picture = "the position lies outside of the scan"
            else:
                case.picture = crop_picture(*crop, case.diameter_mm)


def _read(scan: ScanFile | None) -> tuple[CtVolume | None, str]:
    if scan is None:
        return None, "the scan was not found; --scans sets its folder"
    try:
        return scan.read(), ""
    except Error as error:
        return None, f"the scan cannot be read: {error}"


def _side_mm(case: Case) -> float:
    return max(_SIDE_MM, 3 * case.diameter_mm)


def axial_crop(
    volume: CtVolume, center_mm: tuple[float, float, float], side_mm: float
) -> tuple[NDArray[np.int16], tuple[float, float, float, float]] | None:
    """Crop a square around a position from its axial slice.

    Returns
    -------
    (plane, extent) or None
        ``plane`` is int16 [rows, columns] in Hounsfield units, clipped at the scan's border.
        ``extent`` has the distances of its outer edges (left, right, bottom, top) from the
        position in mm. None if the position is outside of the scan.
    """
    geometry = volume.geometry
    x, y, z = Extent.of(volume).index_of(center_mm).tolist()
    slices, rows, columns = volume.shape
    inside = all(-0.5 <= at < n - 0.5 for at, n in ((z, slices), (y, rows), (x, columns)))
    if not inside:
        return None
    spacing_x, spacing_y, _ = geometry.spacing_mm
    top, bottom = _index_range(y, side_mm / spacing_y, rows)
    left, right = _index_range(x, side_mm / spacing_x, columns)
    plane = volume.hu[round(z), top:bottom, left:right]
    extent = (
        (left - 0.5 - x) * spacing_x,
        (right - 0.5 - x) * spacing_x,
        (bottom - 0.5 - y) * spacing_y,
        (top - 0.5 - y) * spacing_y,
    )
    return plane, extent


def _index_range(center: float, size: float, limit: int) -> tuple[int, int]:
    first = max(0, int(np.floor(center - size / 2 + 0.5)))
    return first, min(limit, int(np.ceil(center + size / 2 + 0.5)))


def crop_picture(
    plane: NDArray[np.int16],
    extent: tuple[float, float, float, float],
    diameter_mm: float,
) -> bytes:
    """Return a PNG of a plane with a circle of the given diameter around its centre."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Circle

    half = max(abs(edge) for edge in extent)
    figure = Figure(figsize=(_INCHES, _INCHES), facecolor="black")
    axes = figure.add_axes((0, 0, 1, 1))
    low, high = WINDOW_HU
    axes.imshow(plane, cmap="gray", vmin=low, vmax=high, extent=extent, interpolation="bilinear")
    axes.add_patch(
        Circle((0, 0), diameter_mm / 2 + 1.5, fill=False, edgecolor="#ffb000", linewidth=1.1)
    )
    axes.set_xlim(-half, half)
    axes.set_ylim(half, -half)
    axes.axis("off")
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=130)
    return picture.getvalue()
