"""``--dicom``: the results of a command as DICOM files."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from lungrt.errors import InvalidArgument
from lungrt.packages import require_packages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lungrt import CtVolume, Report
    from lungrt.dicom import Results, SourceSeries

__all__ = ["DicomOutput", "dicom_output"]


class DicomOutput:
    """Results that are made of one CT.

    Attributes
    ----------
    files : list of pathlib.Path
        What was written.
    notes : tuple of str
        What was assumed.
    """

    def __init__(self, write: Callable[[Results], list[Path]], *, labelmap: bool) -> None:
        self.files: list[Path] = []
        self.notes: tuple[str, ...] = ()
        self._write = write
        self._labelmap = labelmap
        self._source: SourceSeries | None = None

    def read_source(self, volume: CtVolume) -> None:
        """Read the CT's headers, and fail before the long run if no result could refer to them."""
        from lungrt.dicom import read_source

        self._source = read_source(volume)

    def write(self, report: Report) -> None:
        """Write the results of a run with masks."""
        from lungrt.dicom import make_results

        if self._source is None:
            raise InvalidArgument("DICOM results need their source, which is read before the run")
        results = make_results(report, self._source, labelmap=self._labelmap)
        self.files, self.notes = self._write(results), results.notes


@contextmanager
def dicom_output(folder: Path | None, *, labelmap: bool) -> Iterator[DicomOutput | None]:
    """Check the folder for the results, and what makes them, before the long run.

    Yields
    ------
    DicomOutput or None
        None if no folder was given.
    """
    if folder is None:
        if labelmap:
            raise InvalidArgument(
                "--dicom-labelmap is about the segmentation of --dicom; give --dicom FOLDER as well"
            )
        yield None
        return
    require_packages("--dicom", ("highdicom",), "dicom", InvalidArgument)
    from lungrt.dicom import result_folder

    with result_folder(folder) as write:
        yield DicomOutput(write, labelmap=labelmap)
