"""Batch of scans through one pipeline, with a report file for each; it can be resumed."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lungrt.errors import Cancelled, Error, InvalidArgument, Io
from lungrt.evaluation.reports import read_report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from lungrt import Pipeline
    from lungrt.data.scans import ScanFile

    Progress = Callable[[str, int, int], object]

__all__ = ["Batch", "run_batch"]


@dataclass(frozen=True)
class Batch:
    """Result of a batch.

    Attributes
    ----------
    run : int
        Number of scans that were diagnosed.
    found : int
        Number of scans that already had a report of the same bundle and options.
    failed : dict of str to str
        Error message of each scan that failed, by series.
    """

    run: int
    found: int
    failed: dict[str, str]


def run_batch(
    pipeline: Pipeline,
    bundle: Path,
    scans: Sequence[ScanFile],
    folder: Path,
    write: Callable[[Path, str], None],
    progress: Progress | None = None,
    limits: Mapping[str, Any] | None = None,
) -> Batch:
    """Diagnose each scan that has no report yet.

    If the process is interrupted, only the scan that was running is lost: the same call continues
    with it. A scan that fails does not end the batch.

    Parameters
    ----------
    pipeline
        Pipeline to run.
    bundle
        Folder from which the pipeline was loaded.
    scans
        Scans to diagnose.
    folder
        Folder of the reports ``<series>.json``; it is created if needed.
    write
        Function that writes a text to a file atomically.
    progress
        Callback of `lungrt.Pipeline.run`; it is also called with ``"scans"``.
    limits
        Limits of each scan: further keyword arguments of `lungrt.Pipeline.run`.

    Returns
    -------
    Batch

    Raises
    ------
    lungrt.errors.InvalidArgument
        An existing report belongs to another bundle, other options or another series.
    lungrt.errors.Io
        A report cannot be written or read.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Io(f"{folder}: cannot create this folder ({error.strerror})") from error
    expected = _setup(pipeline, bundle)
    paths = _report_paths(scans, folder)
    for uid, path in paths.items():  # checked before the first run, which may take hours
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
            report = pipeline.run(scan.read(), progress=progress, **(limits or {}))
        except Cancelled:
            raise
        except Error as error:
            failed[scan.series_uid] = str(error)
            continue
        write(path, report.to_json(True) + "\n")
        counts["run"] += 1
    if progress:
        progress("scans", len(scans), len(scans))
    return Batch(**counts, failed=failed)


def _report_paths(scans: Sequence[ScanFile], folder: Path) -> dict[str, Path]:
    """Return the report file of each series; raise InvalidArgument if no file can have its name."""
    paths = {}
    for scan in scans:
        if not re.fullmatch(r"[^/\0.][^/\0]*", scan.series_uid):
            raise InvalidArgument(
                f"{scan.path}: series {scan.series_uid!r} cannot be used as the name of a file"
            )
        paths[scan.series_uid] = folder / f"{scan.series_uid}.json"
    return paths


def _setup(pipeline: Pipeline, bundle: Path) -> dict[str, str]:
    """Return the bundle's hash and the options that reports of this pipeline state."""
    options = pipeline.profile
    digest = hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
    names = [name for name in dir(options) if not name.startswith("_")]
    return {"bundle": digest, **{name: str(getattr(options, name)) for name in names}}


def _check(path: Path, uid: str, expected: dict[str, str]) -> None:
    report = read_report(path)
    if report.series_uid != uid:
        raise InvalidArgument(
            f"{path}: this is a report of another series, {report.series_uid}; remove it or choose "
            "another folder"
        )
    for name, value in expected.items():
        if report.setup.get(name, value) != value:
            raise InvalidArgument(
                f"{path}: this report was made with another {name} ({report.setup[name]}, now "
                f"{value}); choose another folder for the reports of this run"
            )
