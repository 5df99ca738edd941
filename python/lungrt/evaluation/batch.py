"""Many scans through one pipeline, a report a file; what is there already is not run again."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lungrt.errors import Cancelled, Error, InvalidArgument, Io
from lungrt.evaluation.reports import read_report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from lungrt import Pipeline
    from lungrt.evaluation.scans import Scan

    Progress = Callable[[str, int, int], object]

__all__ = ["Batch", "run_batch"]


@dataclass(frozen=True)
class Batch:
    """What became of the scans of a batch.

    Attributes
    ----------
    run : int
        Diagnosed now.
    found : int
        Had a report of the same bundle and options.
    failed : dict of str to str
        Why a scan has none, by series.
    """

    run: int
    found: int
    failed: dict[str, str]


def run_batch(
    pipeline: Pipeline,
    bundle: Path,
    scans: Sequence[Scan],
    folder: Path,
    write: Callable[[Path, str], None],
    progress: Progress | None = None,
) -> Batch:
    """Diagnose each scan that has no report yet.

    An end in the middle, by Ctrl-C or a signal, costs the scan that was running: the same call
    goes on behind it. A scan that fails does not end the batch.

    Parameters
    ----------
    pipeline, bundle
        The bundle, and where it was loaded from.
    scans
    folder
        Of the reports, ``<series>.json``; made where it is not there.
    write
        Puts a file in its place whole.
    progress
        As for `lungrt.Pipeline.run`; further called with ``"scans"``.

    Raises
    ------
    lungrt.errors.InvalidArgument
        A report is of another bundle, other options or another series.
    lungrt.errors.Io
        A report cannot be written or read.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Io(f"{folder}: cannot be made ({error.strerror})") from error
    expected = _setup(pipeline, bundle)
    paths = _report_paths(scans, folder)
    for uid, path in paths.items():  # before any is run: hours later is too late
        if path.exists():
            _check(path, uid, expected)
    counts, failed = {"run": 0, "found": 0}, {}
    for done, scan in enumerate(scans):
        if progress:
            progress("scans", done, len(scans))
        path = paths[scan.series_uid]
        if path.exists():
            counts["found"] += 1
            continue
        try:
            text = pipeline.run(scan.read(), progress=progress).to_json(True)
        except Cancelled:
            raise
        except Error as error:
            failed[scan.series_uid] = str(error)
            continue
        write(path, text + "\n")
        counts["run"] += 1
    if progress:
        progress("scans", len(scans), len(scans))
    return Batch(**counts, failed=failed)


def _report_paths(scans: Sequence[Scan], folder: Path) -> dict[str, Path]:
    """Return each series' file; a name that no file can have is refused."""
    paths = {}
    for scan in scans:
        if not re.fullmatch(r"[^/\0.][^/\0]*", scan.series_uid):
            raise InvalidArgument(f"{scan.path}: series {scan.series_uid!r} cannot name a file")
        paths[scan.series_uid] = folder / f"{scan.series_uid}.json"
    return paths


def _setup(pipeline: Pipeline, bundle: Path) -> dict[str, str]:
    """Return what reports of this pipeline say of it, option by option."""
    options = pipeline.profile
    digest = hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
    names = [name for name in dir(options) if not name.startswith("_")]
    return {"bundle": digest, **{name: str(getattr(options, name)) for name in names}}


def _check(path: Path, uid: str, expected: dict[str, str]) -> None:
    report = read_report(path)
    if report.series_uid != uid:
        raise InvalidArgument(
            f"{path}: is a report of series {report.series_uid}; remove it or choose another folder"
        )
    for name, value in expected.items():
        if report.setup.get(name, value) != value:
            raise InvalidArgument(
                f"{path}: was made with another {name} ({report.setup[name]}, now {value}); "
                "choose another folder for the reports of this run"
            )
