"""What the lung profile is to find, told from what the book's profile finds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import engines
import numpy as np
from compare import DECISION_BAND
from numpy.typing import NDArray

import lungrt

Bools = NDArray[np.bool_]


def with_threshold(bundle: Path, threshold: float, folder: Path) -> Path:
    """Copy a bundle; its segmentation decides at another probability."""
    copy = Path(shutil.copytree(bundle, folder))
    manifest = copy / "manifest.json"
    content = json.loads(manifest.read_text())
    content["stages"]["segmentation"]["threshold"] = threshold
    manifest.write_text(json.dumps(content))
    return copy


def tolerance_of(bundle: Path, stage: str) -> float:
    """Return how far a stage's probabilities may be from eager's on the CPU."""
    content = json.loads((bundle / "manifest.json").read_text())
    return float(content["stages"][stage]["tolerance"]["cpu"]["absolute"])


def in_field(report: lungrt.Report, field: Bools) -> list[lungrt.Finding]:
    """Return a report's candidates that have their centre in the field, in order."""
    return [candidate for candidate in report.candidates if field[candidate.index]]


def places(candidates: list[lungrt.Finding]) -> list[object]:
    """Return what the grouping says of candidates, to the bit."""
    return [(c.index, c.center_mm, c.volume_mm3, c.box) for c in candidates]


def probabilities(candidates: list[lungrt.Finding]) -> NDArray[np.float64]:
    """Return both probabilities of each candidate; NaN where there is none."""
    pairs = [(c.p_nodule, np.nan if c.p_malignant is None else c.p_malignant) for c in candidates]
    return np.array(pairs).reshape(-1, 2)


def open_profiles(
    bundle: Path, engine: str, **options: object
) -> tuple[lungrt.Pipeline, lungrt.Pipeline]:
    """Open a bundle with profile lung, and with the book's and the true inverse."""
    lung = engines.open_pipeline(bundle, engine, profile="lung", **options)
    whole = engines.open_pipeline(
        bundle, engine, geometry="exact", voxel_order="patient", **options
    )
    return lung, whole


def assert_restricted(
    bundle: Path, engine: str, volume: lungrt.CtVolume
) -> tuple[lungrt.Report, list[lungrt.Finding]]:
    """Hold profile lung against the whole volume's candidates with their centre in the field.

    Returns
    -------
    tuple
        The report of profile lung, and the whole volume's candidates outside of the field.
    """
    lung, whole = open_profiles(bundle, engine)
    report, everything = (
        lung.run(volume, keep_masks=True),
        whole.run(volume, keep_masks=True),
    )
    assert report.masks is not None
    assert everything.masks is not None
    field = np.asarray(report.masks.lung_field)
    np.testing.assert_array_equal(field, np.asarray(lungrt.find_lung_field(volume).mask))

    mask, whole_mask = np.asarray(report.masks.mask), np.asarray(everything.masks.mask)
    assert_same_mask_in_field(mask, whole_mask, field, bundle, engine, volume)
    # Grouping, from one mask.
    grouped = [c for c in whole.group(volume, whole_mask) if field[c.index]]
    assert [c.index for c in lung.group(volume, whole_mask)] == [c.index for c in grouped]

    kept = in_field(everything, field)
    same_mask = not (mask & ~whole_mask).any() and not (mask != whole_mask)[field].any()
    if engine == "native" or same_mask:
        assert places(report.candidates) == places(kept)
        assert_same_findings(report, kept, bundle, engine)
    assert_marks(report)
    return report, [c for c in everything.candidates if not field[c.index]]


def assert_same_mask_in_field(
    mask: Bools,
    whole: Bools,
    field: Bools,
    bundle: Path,
    engine: str,
    volume: lungrt.CtVolume,
) -> None:
    """Masks are the same where the windows are known; none beyond has what the whole has not."""
    differing = np.argwhere((mask & ~whole) | ((mask != whole) & field))
    if engine == "native":
        assert len(differing) == 0, f"{len(differing)} voxels, the first {differing[0]}"
    if len(differing) == 0:
        return
    # Another size, other roundings: as for any two kernels, close to the threshold alone.
    pipeline = engines.open_pipeline(bundle, engine)
    network = lungrt.StageNetwork(bundle, "segmentation", engine=engine)
    threshold = pipeline.profile.segmentation_threshold
    for slice_index, row, column in differing:
        images = pipeline.segmentation_input(volume, int(slice_index))[None]
        probability = network.run(images)[0, 0, row, column]
        assert abs(probability - threshold) <= DECISION_BAND


def assert_same_findings(
    report: lungrt.Report, expected: list[lungrt.Finding], bundle: Path, engine: str
) -> None:
    """Probabilities equal, to the bit by the native engine; the same are called nodules."""
    ours, theirs = probabilities(report.candidates), probabilities(expected)
    if engine == "native":
        np.testing.assert_array_equal(ours, theirs)
        return
    atol = tolerance_of(bundle, "nodule")
    threshold = report.options.nodule_threshold
    clear = np.abs(theirs[:, 0] - threshold) > DECISION_BAND
    np.testing.assert_allclose(ours[:, 0], theirs[:, 0], rtol=0, atol=atol)
    np.testing.assert_array_equal(
        (ours[:, 0] > threshold)[clear], (theirs[:, 0] > threshold)[clear]
    )
    np.testing.assert_allclose(ours[clear, 1], theirs[clear, 1], rtol=0, atol=atol)


def assert_marks(report: lungrt.Report) -> None:
    """Nodules are the marks above the threshold, those of one lesion as one."""
    marks = [mark for nodule in report.nodules for mark in nodule.marks]
    above = [
        k for k, c in enumerate(report.candidates) if c.p_nodule > report.options.nodule_threshold
    ]
    assert sorted(marks) == above
    assert [n.p_nodule for n in report.nodules] == sorted(
        (n.p_nodule for n in report.nodules), reverse=True
    )
    lesions = lesions_of(report.candidates, above)
    assert {frozenset(nodule.marks) for nodule in report.nodules} == lesions
    for nodule in report.nodules:
        members = [report.candidates[mark] for mark in nodule.marks]
        first = members[0]
        assert nodule.index == first.index
        assert nodule.p_nodule == first.p_nodule == max(m.p_nodule for m in members)
        np.testing.assert_allclose(nodule.volume_mm3, sum(m.volume_mm3 for m in members))
        diameter = (6 * nodule.volume_mm3 / np.pi) ** (1 / 3)
        np.testing.assert_allclose(nodule.diameter_mm, diameter)
        malignant = [m.p_malignant for m in members if m.p_malignant is not None]
        assert nodule.p_malignant == max(malignant, default=None)
        first_corner = np.min([m.box[0] for m in members], axis=0)
        last_corner = np.max([m.box[1] for m in members], axis=0)
        assert nodule.box == (tuple(first_corner), tuple(last_corner))


def lesions_of(candidates: list[lungrt.Finding], marks: list[int]) -> set[frozenset[int]]:
    """Return marks by lesion: spheres within 2 mm, or centres within 5 mm, directly or over others.

    Written from the rule, with SciPy's graph search instead of the runtime's own.
    """
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial.distance import cdist

    if not marks:
        return set()
    centers = np.array([candidates[mark].center_mm for mark in marks])
    radii = np.array([candidates[mark].diameter_mm / 2 for mark in marks])
    near = cdist(centers, centers) <= np.maximum(5.0, radii[:, None] + radii[None] + 2.0)
    count, lesion = connected_components(near, directed=False)
    return {frozenset(np.array(marks)[lesion == number].tolist()) for number in range(count)}
