"""Report of a diagnosis."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from lungrt import _core

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from lungrt.io import Ct
    from lungrt.pictures import Scene

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

    def to_html(
        self,
        ct: Ct,
        *,
        title: str = "",
        source: str = "",
        patient: Mapping[str, str] | None = None,
        viewer: bool = False,
    ) -> str:
        """Return the report as an HTML page with pictures, which loads nothing else.

        It has an overview, three planes through each nodule, and what is known about nodules, scan
        and run. It names no patient, date or UID by itself.

        Parameters
        ----------
        ct
            The CT that was diagnosed, in any of the forms that `Pipeline` accepts.
        title
            Heading of the page; by default one that names no scan.
        source
            What the scan was read from, in words, e.g. ``"a DICOM series"``.
        patient
            What the page shall tell about the patient, by its name, e.g. ``{"Name": "..."}``.
        viewer
            Whether the page has an interactive viewer, with a reduced copy of the scan. The page
            then has a script, which loads nothing either.

        Raises
        ------
        lungrt.errors.InvalidArgument
            If the report has no masks (`Pipeline.run` with ``keep_masks=True`` keeps them), or the
            CT has another shape or geometry; or if the viewer is no part of this installation.
        """
        from lungrt.html_report import to_html

        return to_html(self._scene(ct), title=title, source=source, patient=patient, viewer=viewer)

    def to_png(self, ct: Ct) -> bytes:
        """Return a picture, as PNG, of the overview and of three planes through each nodule.

        For the parameter and the errors see `to_html`. At most eight nodules have planes.
        """
        from lungrt.pictures.sheet import draw_sheet

        return draw_sheet(self._scene(ct))

    def _scene(self, ct: Ct) -> Scene:
        from lungrt.io import as_volume
        from lungrt.pictures import Scene

        return Scene(as_volume(ct), self)

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
