"""What the page tells about a nodule, the scan and the run: names and values in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lungrt.html_report.place import counted_from

if TYPE_CHECKING:
    from lungrt import _core
    from lungrt.html_report.place import LungExtent

__all__ = ["Facts", "millimetres", "nodule_facts", "probability", "run_facts", "scan_facts"]

Facts = list[tuple[str, str]]
"""Names and values, in the order in which they are shown."""


def nodule_facts(nodule: _core.Nodule, report: _core.Report, lungs: LungExtent | None) -> Facts:
    """Return what is known about a nodule."""
    slice_, row, column = nodule.index
    marks = len(nodule.marks)
    facts = [
        ("p(nodule)", probability(nodule.p_nodule)),
        ("p(malignant)", probability(nodule.p_malignant)),
        ("Diameter", f"{nodule.diameter_mm:.1f} mm"),
        ("Volume", f"{nodule.volume_mm3:.0f} mm³"),
        ("Centre x, y, z", f"{millimetres(nodule.center_mm)} mm (LPS)"),
        (
            "Slice",
            f"{slice_ + 1} of {report.shape[0]}, counted from the {counted_from(report.geometry)}",
        ),
        ("Voxel", f"slice {slice_}, row {row}, column {column}, counted from 0"),
    ]
    if lungs:
        facts.append(("Place in the lung field", lungs.words(nodule.center_mm)))
    if marks > 1:
        facts.append(("Merged from", f"{marks} marks"))
    return facts


def scan_facts(report: _core.Report, source: str) -> Facts:
    """Return how the scan was stored; nothing of the patient."""
    geometry = report.geometry
    slices, rows, columns = report.shape
    x, y, z = geometry.spacing_mm
    facts = [
        ("Read from", source or "an array"),
        ("Size", f"{slices} slices of {rows} by {columns} pixels (rows by columns)"),
        ("Spacing", f"{z:.3g} mm between slices, {y:.3g} and {x:.3g} mm between rows and columns"),
        ("Slices are counted", f"from the {counted_from(geometry)}"),
    ]
    if report.lung_field:
        litres = report.lung_field.air_ml / 1000, report.lung_field.field_ml / 1000
        facts.append(("Lungs", f"{litres[0]:.2f} l of air-filled lung, field of {litres[1]:.2f} l"))
    return facts


def run_facts(report: _core.Report) -> Facts:
    """Return how the result was computed."""
    provenance, options = report.provenance, report.options
    seconds = ", ".join(
        f"{name.replace('_', ' ')} {value:.1f}"
        for name, value in report.timings_s.items()
        if name != "total"
    )
    thresholds = (
        f"segmentation {options.segmentation_threshold:g}, nodule {options.nodule_threshold:g}, "
        f"malignant {options.malignancy_threshold:g}"
    )
    return [
        ("Version", f"lungrt {provenance.lungrt_version}"),
        (
            "Profile",
            f"{options.profile} (region {options.region}, geometry {options.geometry}, "
            f"{'marks merged' if options.merge_marks else 'marks not merged'}, "
            f"voxel order {options.voxel_order})",
        ),
        ("Thresholds", thresholds),
        ("Engine", f"{report.engine} ({provenance.engine_version}), {options.precision}"),
        (
            "Device",
            f"{report.device} ({provenance.device_name}), {provenance.threads} thread"
            f"{'' if provenance.threads == 1 else 's'}",
        ),
        ("Seconds", f"{report.timings_s['total']:.1f} ({seconds})"),
        ("Bundle (SHA-256 of its manifest)", provenance.bundle_sha256),
        *(
            (f"Checkpoint of {stage}", ", ".join(hashes))
            for stage, hashes in provenance.checkpoint_sha256.items()
        ),
    ]


def probability(value: float | None) -> str:
    """Return a probability; a dash stands for an unknown one."""
    return "-" if value is None else f"{value:.3f}"


def millimetres(position: tuple[float, float, float]) -> str:
    """Return a world position."""
    return ", ".join(f"{value:.1f}" for value in position)
