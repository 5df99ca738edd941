"""Results of a diagnosis."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from lungrt import _core

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

__all__ = ["Report"]

# The first five are LUNA16's submission format, `probability` is p_nodule; coordinates are mm, LPS.
_COLUMNS = (
    "seriesuid",
    "coordX",
    "coordY",
    "coordZ",
    "probability",
    "p_malignant",
    "diameter_mm",
    "volume_mm3",
    "slice",
    "row",
    "column",
)


class Report(_core.Report):
    """What a diagnosis found and how it was made.

    Attributes
    ----------
    nodules : list of Nodule
        Candidates with ``p_nodule`` above the threshold, most likely first; where the profile
        merges marks, one for each lesion.
    candidates : list of Finding
        Everything that the segmentation proposes in the region, in pipeline order; never merged.
    mask_voxels : int
        Voxels of the segmentation's mask after erosion, where it was computed.
    lung_field : LungFieldSummary or None
        Size of the lungs, where the region is the lung field.
    masks : RunMasks or None
        What the run saw, where it was asked for.
    series_uid, shape, geometry
        Of the CT; shape is (slices, rows, columns).
    options, engine, device, provenance
        How the report was made.
    timings_s : dict
        Seconds of ``find_lungs``, ``segment``, ``group``, ``classify`` and ``total``.
    """

    def to_dict(self, *, with_candidates: bool = True) -> dict[str, Any]:
        """Return what `to_json` writes as Python objects."""
        content: dict[str, Any] = json.loads(self.to_json(with_candidates))
        return content

    def to_csv(self, *, candidates: bool = False) -> str:
        """Return CSV text with one line a nodule, or one a candidate in pipeline order.

        The columns ``seriesuid,coordX,coordY,coordZ,probability`` come first, as LUNA16's
        submissions have them (mm, LPS; ``probability`` is ``p_nodule``), then ``p_malignant``
        (empty where it is not known), ``diameter_mm``, ``volume_mm3`` and the voxel ``slice``,
        ``row``, ``column``.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(self._rows(candidates))
        return text.getvalue()

    def to_dataframe(self, *, candidates: bool = False) -> pd.DataFrame:
        """Return the table that `to_csv` writes as a pandas data frame.

        Raises
        ------
        ImportError
            Where pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "Report.to_dataframe needs pandas, which is not installed: "
                "pip install 'lungrt[pandas]', or use to_dict() or to_csv()"
            ) from error
        frame = pd.DataFrame(list(self._rows(candidates)), columns=list(_COLUMNS))
        return frame.astype({"p_malignant": float})

    def _rows(self, candidates: bool) -> Iterator[tuple[str | float | None, ...]]:
        for finding in self.candidates if candidates else self.nodules:
            yield (
                self.series_uid,
                *finding.center_mm,
                finding.p_nodule,
                finding.p_malignant,
                finding.diameter_mm,
                finding.volume_mm3,
                *finding.index,
            )

    def __repr__(self) -> str:
        return (
            f"<Report: {len(self.nodules)} nodules of {len(self.candidates)} candidates, "
            f"series {self.series_uid or 'without UID'}, profile {self.options.profile}, "
            f"{self.engine} on {self.device}, {self.timings_s['total']:.1f} s>"
        )
