"""Writing of results to a folder."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lungrt.dicom.common import encoded
from lungrt.dicom.quiet import quiet
from lungrt.dicom.results import make_results
from lungrt.dicom.source import read_source
from lungrt.errors import Io
from lungrt.write_aside import file_aside

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from lungrt import CtVolume, Report
    from lungrt.dicom.results import Results

__all__ = ["result_folder", "write_results"]

_SEGMENTATION, _CAPTURE, _REPORT = "lungrt_seg.dcm", "lungrt_sc.dcm", "lungrt_sr.dcm"


def write_results(
    folder: str | os.PathLike[str], report: Report, volume: CtVolume, *, labelmap: bool = False
) -> list[Path]:
    """Write the results of a diagnosis as DICOM files.

    Parameters
    ----------
    folder
        Folder for ``lungrt_seg.dcm`` (segmentation), ``lungrt_sr.dcm`` (structured report) and
        ``lungrt_sc.dcm`` (secondary capture); created if it does not exist. Files of these names
        are replaced, or removed if this result has none of the kind; others are left alone. Without
        nodules there is only the structured report, which says so.
    report
        Report of a run with ``keep_masks=True``.
    volume
        The CT that was diagnosed, as `lungrt.read_ct` has read it from DICOM files.
    labelmap
        See `make_results`.

    Returns
    -------
    list of pathlib.Path
        The files.

    Raises
    ------
    lungrt.errors.Io
        If a file of the CT is gone or has changed since it was read, or a result cannot be written.
    lungrt.errors.InvalidArgument
        If the CT does not come from DICOM files, or the report is not that of a run on it.
    lungrt.errors.BadVolume
        If the series has no UIDs that a result could refer to.
    """
    with result_folder(folder) as write:
        return write(make_results(report, read_source(volume), labelmap=labelmap))


@contextmanager
def result_folder(folder: str | os.PathLike[str]) -> Iterator[Callable[[Results], list[Path]]]:
    """Prepare a folder for results, before the work of making them.

    Yields
    ------
    write
        Function that writes results and returns the paths of their files. Call it once.

    Raises
    ------
    lungrt.errors.Io
        If the folder cannot be created, or files cannot be written to it.
    """
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Io(f"{place}: the folder cannot be created ({error.strerror})") from error
    with ExitStack() as stack:
        # The report comes last: where it is, what it refers to is complete.
        asides = {
            name: stack.enter_context(file_aside(place / name))
            for name in (_SEGMENTATION, _CAPTURE, _REPORT)
        }

        def write(results: Results) -> list[Path]:
            objects = {
                _SEGMENTATION: results.segmentation,
                _CAPTURE: results.capture,
                _REPORT: results.report,
            }
            with quiet():
                files = {name: encoded(one) for name, one in objects.items() if one is not None}
            for name in objects.keys() - files.keys():
                _remove(place / name)
            for name, content in files.items():
                asides[name].write(content)
            return [place / name for name in files]

        yield write


def _remove(path: Path) -> None:
    """Remove what an earlier run has left, which would contradict this one."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise Io(f"{path}: an older result cannot be removed ({error.strerror})") from error
