"""Report of a diagnosis."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from lungrt import _core

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Report"]


class Report(_core.Report):
    """Findings of a diagnosis, and how they were obtained.

    Attributes
    ----------
    nodules : list of Nodule
        Candidates with ``p_nodule`` above the threshold, most likely first. If the profile merges
        marks, there is one nodule for each lesion.
    candidates : list of Finding
        All candidates of the segmentation in the region, in pipeline order. They are never merged.
    mask_voxels : int
        Number of voxels of the segmentation's mask after erosion, in the slices that were
        segmented.
    lung_field : LungFieldSummary or None
        Size of the lungs; None if the region is not the lung field.
    masks : RunMasks or None
        Lung field, nodule mask and labels; None unless the run had ``keep_masks=True``.
    series_uid, shape, geometry
        UID, shape (slices, rows, columns) and geometry of the CT.
    options, engine, device, provenance
        How the report was made.
    timings_s : dict
        Seconds of ``find_lungs`` (if the region is the lung field), ``segment``, ``group``,
        ``classify`` and ``total``.
    """

    def to_dict(self, *, with_candidates: bool = True) -> dict[str, Any]:
        """Return the content of `to_json` as Python objects."""
        content: dict[str, Any] = json.loads(self.to_json(with_candidates))
        return content

    def to_dataframe(self, *, candidates: bool = False) -> pd.DataFrame:
        """Return the table of `to_csv` as a pandas data frame.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "Report.to_dataframe needs pandas, which is not installed; run "
                "pip install 'lungrt[pandas]', or use to_dict() or to_csv()"
            ) from error
        table = io.StringIO(self.to_csv(candidates=candidates))
        frame = pd.read_csv(table, dtype=str, keep_default_na=False)
        frame["p_malignant"] = frame["p_malignant"].replace("", "nan")
        kinds: dict[str, type] = dict.fromkeys(frame.columns, float)
        kinds |= {"seriesuid": str, "slice": int, "row": int, "column": int}
        return frame.astype(kinds)

    def __repr__(self) -> str:
        return (
            f"<Report: {len(self.nodules)} nodules of {len(self.candidates)} candidates, "
            f"series {self.series_uid or 'without UID'}, profile {self.options.profile}, "
            f"{self.engine} on {self.device}, {self.timings_s['total']:.1f} s>"
        )
