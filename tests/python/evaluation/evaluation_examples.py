"""Reports, nodules and CTs made for a test."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import SimpleITK

import lungrt
from lungrt.data.annotations import ExcludedMark, Nodule
from lungrt.evaluation.reports import Marks, ScanReport, parse_report

# x of the place in mm (y = z = 0), p(nodule), p(malignant)
Mark = tuple[float, float, float | None]


def report_content(
    uid: str,
    candidates: Sequence[Mark] = (),
    *,
    nodules: Sequence[Mark] | None = None,
    profile: str = "book",
    bundle: str = "a" * 64,
    malignancy: bool = False,
    threshold: float = 0.5,
) -> dict[str, Any]:
    """Return a report as JSON has it; `nodules` are candidates above the threshold unless given.

    Its volume reaches from -100 to 99 mm in x and y, and from -50 to 49 mm in z.
    """
    if nodules is None:
        nodules = sorted((c for c in candidates if c[1] > threshold), key=lambda c: -c[1])
    stages = ["segmentation", "nodule", *(["malignancy"] if malignancy else [])]
    return {
        "format_version": 1,
        "series": {
            "uid": uid,
            "shape": [100, 200, 200],
            "spacing_mm": [1.0, 1.0, 1.0],
            "origin_mm": [-100.0, -100.0, -50.0],
            "direction": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        },
        "profile": profile,
        "options": {
            "geometry": "book",
            "segmentation_threshold": 0.5,
            "nodule_threshold": threshold,
            "malignancy_threshold": 0.5,
        },
        "nodules": [_mark(*mark) for mark in nodules],
        "candidates": [_mark(*mark) for mark in candidates],
        "provenance": {
            "bundle_sha256": bundle,
            "checkpoint_sha256": {stage: ["b" * 64] for stage in stages},
        },
    }


def _mark(x: float, p_nodule: float, p_malignant: float | None) -> dict[str, Any]:
    return {
        "center_mm": [x, 0.0, 0.0],
        "index": [50, 100, 100 + round(x)],
        "p_nodule": p_nodule,
        "p_malignant": p_malignant,
        "volume_mm3": 100.0,
        "diameter_mm": 5.76,
    }


def report(uid: str, candidates: Sequence[Mark] = (), **options: Any) -> ScanReport:
    """Return a report as it is scored."""
    return parse_report(report_content(uid, candidates, **options), Path(f"{uid}.json"))


def write_report(folder: Path, uid: str, candidates: Sequence[Mark] = (), **options: Any) -> Path:
    """Write a report for `read_reports`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uid}.json"
    path.write_text(json.dumps(report_content(uid, candidates, **options)))
    return path


def write_ct(path: Path, ct: lungrt.CtVolume) -> Path:
    """Write a CT as LUNA16 has it: .mhd and .raw."""
    image = SimpleITK.GetImageFromArray(ct.hu)
    image.SetOrigin(ct.geometry.origin_mm)
    image.SetSpacing(ct.geometry.spacing_mm)
    path.parent.mkdir(parents=True, exist_ok=True)
    SimpleITK.WriteImage(image, str(path))
    return path


def write_luna(folder: Path, ct: lungrt.CtVolume) -> Path:
    """Write the series 1.1, 1.2 and 1.3 in two subsets, all with the same CT."""
    for name in ("subset0/1.3", "subset0/1.1", "subset1/1.2"):
        write_ct(folder / f"{name}.mhd", ct)
    return folder


def marks(*places: Mark) -> Marks:
    """Return marks alone."""
    return report("s", places).candidates


def nodule(
    x: float = 0.0,
    diameter_mm: float = 10.0,
    malignant: bool | None = None,
    uid: str = "s",
    **more: Any,
) -> Nodule:
    """Return a true nodule on the x axis."""
    return Nodule(uid, (x, 0.0, 0.0), diameter_mm, malignant, **more)


def excluded(x: float, diameter_mm: float = 10.0, uid: str = "s") -> ExcludedMark:
    """Return an excluded finding on the x axis."""
    return ExcludedMark(uid, (x, 0.0, 0.0), diameter_mm)
