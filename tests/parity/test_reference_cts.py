"""The C++ pipeline against the eager one and the golden files, stage by stage, on two real CTs."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import compare
import eager_pipeline as eager
import engines
import numpy as np
import pytest

import lungrt

CTS = ("LIDC-IDRI-0001", "C3N-00247")
CONFIGURATIONS: dict[str, tuple[str, dict[str, str]]] = {
    **{engine: (engine, {}) for engine in engines.ENGINES},
    "native, direct": ("native", {"kernels": "direct"}),
}


@pytest.fixture(scope="module")
def read(reference: Path) -> Callable[[str], lungrt.CtVolume]:
    def read_by_name(name: str) -> lungrt.CtVolume:
        (folder,) = (path for path in (reference / "ct").glob(f"{name}*") if path.is_dir())
        return lungrt.read_ct(folder)

    return read_by_name


@pytest.fixture(scope="module")
def golden(reference: Path) -> Callable[[str], list[dict[str, str]]]:
    def read_by_name(name: str) -> list[dict[str, str]]:
        path = reference / "golden" / f"{name}_candidates.csv"
        with path.open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    return read_by_name


@pytest.fixture(scope="module")
def reports(
    reference_bundle: Path, read: Callable[[str], lungrt.CtVolume]
) -> Callable[[str], lungrt.Report]:
    """Return a function that runs a reference CT from file to report, once.

    One engine is enough: what lies around the networks is the same for all.
    """
    pipeline = lungrt.Pipeline(reference_bundle, engine="torchscript", profile="book")
    done: dict[str, lungrt.Report] = {}

    def report(name: str) -> lungrt.Report:
        if name not in done:
            done[name] = pipeline.run(read(name))
        return done[name]

    return report


@pytest.mark.parametrize("name", CTS)
def test_reads_the_same_volume(
    name: str,
    read: Callable[[str], lungrt.CtVolume],
    reference_scan: Callable[[str], eager.Scan],
) -> None:
    volume, scan = read(name), reference_scan(name)
    np.testing.assert_array_equal(volume.hu, scan.hu)
    np.testing.assert_array_equal(volume.geometry.origin_mm, scan.origin_mm)
    np.testing.assert_allclose(volume.geometry.spacing_mm, scan.spacing_mm, rtol=0, atol=1e-9)
    np.testing.assert_allclose(volume.geometry.direction, scan.direction, rtol=0, atol=1e-12)


def assert_golden_probabilities(
    candidates: Sequence[lungrt.Finding], golden: list[dict[str, str]]
) -> None:
    """The golden file's candidates in its order, with its decisions."""
    indices = [(int(row["index"]), int(row["row"]), int(row["col"])) for row in golden]
    assert [c.index for c in candidates] == indices
    p_golden = np.array([float(row["p_nodule"]) for row in golden])
    p_ours = np.array([c.p_nodule for c in candidates])
    np.testing.assert_allclose(p_ours, p_golden, rtol=0, atol=1e-3)
    np.testing.assert_array_equal(p_ours > 0.5, p_golden > 0.5)


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
@pytest.mark.parametrize("name", CTS)
def test_every_stage_equals_eager(
    name: str,
    configuration: str,
    reference: Path,
    reference_bundle: Path,
    eager_result: Callable[[str], eager.Result],
    eager_networks: eager.Networks,
    reference_scan: Callable[[str], eager.Scan],
    golden: Callable[[str], list[dict[str, str]]],
) -> None:
    engine, options = CONFIGURATIONS[configuration]
    pipeline = engines.open_pipeline(reference_bundle, engine, engine_options=options)
    scan, expected = reference_scan(name), eager_result(name)
    compare.assert_same_inputs(pipeline, scan, eager_networks, expected.indices[::20])

    mask = np.asarray(pipeline.segment(compare.volume_of(scan)))
    compare.assert_same_decisions(mask, expected.probability, 0.5, f"{name}: mask voxels")
    own = pipeline.group(compare.volume_of(scan), mask)
    assert [c.index for c in own] == [tuple(index) for index in expected.indices]
    with np.load(reference / "golden" / f"{name}_mask.npz") as archive:
        bits = np.unpackbits(archive["bits"], count=mask.size).reshape(mask.shape).astype(bool)
    # A voxel decided otherwise, within the band, is one in seven voxels' erosion.
    flipped = (mask != eager.to_mask(expected.probability)).sum()
    assert (np.asarray(lungrt.erode(mask)) != bits).sum() <= 7 * flipped
    # From here on every stage starts from the eager pipeline's own result of the one before.
    compare.assert_same_groups(pipeline, scan, expected.mask, "book")
    findings = pipeline.classify(compare.volume_of(scan), map(tuple, expected.indices))
    compare.assert_same_probabilities(findings, expected.p_nodule, expected.p_malignant, "cpu")
    assert_golden_probabilities(findings, golden(name))


@pytest.mark.parametrize("name", CTS)
def test_the_whole_run_equals_the_golden_file(
    name: str,
    reports: Callable[[str], lungrt.Report],
    golden: Callable[[str], list[dict[str, str]]],
    reference: Path,
) -> None:
    report = reports(name)
    assert_golden_probabilities(report.candidates, golden(name))
    assert len(report.nodules) == sum(float(row["p_nodule"]) > 0.5 for row in golden(name))
    counted = np.unpackbits(np.load(reference / "golden" / f"{name}_mask.npz")["bits"]).sum()
    assert report.mask_voxels == counted


def test_finds_the_true_nodule(reports: Callable[[str], lungrt.Report]) -> None:
    report = reports("LIDC-IDRI-0001")
    truth = np.array([56.2, 86.3, -115.9])
    nearest = min(report.nodules, key=lambda n: np.linalg.norm(np.array(n.center_mm) - truth))
    np.testing.assert_allclose(nearest.center_mm, (56.9, 86.3, -115.0), rtol=0, atol=0.06)
    assert round(nearest.p_nodule, 3) == 1.0
    # LUNA16 gives 23.4 mm. The estimate follows the segmentation, which is no ruler.
    assert 11 < nearest.diameter_mm < 35
