"""The native engine on two real CTs, against the eager pipeline and the golden files."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import compare
import eager_pipeline as eager
import native_members as members
import numpy as np
import pytest

import lungrt
from lungrt.export import export_bundle

CTS = ("LIDC-IDRI-0001", "C3N-00247")


@pytest.fixture(scope="module")
def weights_bundle(
    eager_networks: eager.Networks, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("native-reference") / "bundle"
    stages = {"segmentation": eager_networks.segmentation, "nodule": eager_networks.nodule}
    export_bundle(stages, folder, formats=("safetensors",))
    return folder


@pytest.fixture(scope="module", params=members.KERNELS)
def pipeline(request: pytest.FixtureRequest, weights_bundle: Path) -> lungrt.Pipeline:
    return lungrt.Pipeline(
        weights_bundle, engine="native", engine_options={"kernels": request.param}
    )


@pytest.mark.parametrize("name", CTS)
def test_a_run_is_eagers_and_the_golden_files(
    name: str,
    pipeline: lungrt.Pipeline,
    reference: Path,
    reference_scan: Callable[[str], eager.Scan],
    eager_result: Callable[[str], eager.Result],
) -> None:
    scan, expected = reference_scan(name), eager_result(name)
    volume = compare.volume_of(scan)
    segmented = pipeline.segment(volume)
    mask = np.asarray(segmented)
    compare.assert_same_decisions(mask, expected.probability, 0.5, f"{name}: mask voxels")

    with (reference / "golden" / f"{name}_candidates.csv").open(encoding="utf-8") as file:
        golden = list(csv.DictReader(file))
    indices = [(int(row["index"]), int(row["row"]), int(row["col"])) for row in golden]
    candidates = pipeline.group(volume, segmented)
    assert [c.index for c in candidates] == indices
    findings = pipeline.classify(volume, indices)
    p_golden = np.array([float(row["p_nodule"]) for row in golden])
    p_ours = np.array([c.p_nodule for c in findings])
    print(f"{name}: largest difference of a probability {np.abs(p_ours - p_golden).max():.2g}")
    np.testing.assert_allclose(p_ours, p_golden, rtol=0, atol=1e-3)
    compare.assert_same_decisions(p_ours > 0.5, p_golden, 0.5, f"{name}: nodules")
    with np.load(reference / "golden" / f"{name}_mask.npz") as archive:
        bits = np.unpackbits(archive["bits"], count=mask.size).reshape(mask.shape).astype(bool)
    # A voxel decided otherwise, within the band, is one in seven voxels' erosion.
    flipped = (mask != eager.to_mask(expected.probability)).sum()
    assert (np.asarray(lungrt.erode(segmented)) != bits).sum() <= 7 * flipped


@pytest.mark.parametrize("kernels", members.KERNELS)
@pytest.mark.parametrize("instruction_set", ["avx2", "portable"])
def test_narrower_instruction_sets_on_some_slices(
    instruction_set: str,
    kernels: str,
    weights_bundle: Path,
    eager_networks: eager.Networks,
    reference_scan: Callable[[str], eager.Scan],
) -> None:
    options = members.options_or_skip(kernels, instruction_set)
    pipeline = lungrt.Pipeline(weights_bundle, engine="native", engine_options=options)
    scan = reference_scan("LIDC-IDRI-0001")
    few = eager.Scan(scan.hu[85:89], scan.origin_mm, scan.spacing_mm, scan.direction)
    probability = eager.segment(few.hu, eager_networks.segmentation)
    assert (probability > 0.5).sum() > 1000, "the case is to have something in it"
    mask = np.asarray(pipeline.segment(compare.volume_of(few)))
    compare.assert_same_decisions(mask, probability, 0.5, "mask voxels")

    indices = np.argwhere(probability > 0.99)[::400][:12] + np.array([85, 0, 0])
    findings = pipeline.classify(compare.volume_of(scan), map(tuple, indices))
    expected = eager.classify(scan.hu, indices, eager_networks.nodule)[:, 1]
    np.testing.assert_allclose([f.p_nodule for f in findings], expected, rtol=0, atol=1e-5)


def test_every_layer_of_the_books_networks(
    weights_bundle: Path,
    eager_networks: eager.Networks,
    reference_scan: Callable[[str], eager.Scan],
) -> None:
    """Trained weights and a real slice, in the sizes that the engine is tuned for."""
    hu = reference_scan("LIDC-IDRI-0001").hu
    segmentation, nodule = eager_networks.segmentation[0], eager_networks.nodule[0]
    items = {
        "segmentation": eager.stack_context(hu, [87], segmentation.input)[0],
        "nodule": eager.crops(hu, np.array([[87, 280, 310]]), nodule.input)[0, 0],
    }
    for network, (stage, item) in zip((segmentation, nodule), items.items(), strict=True):
        expected = members.Eager.of(network.module, item)
        for kernels in members.KERNELS:
            found = lungrt.layer_outputs(
                weights_bundle, stage, item, engine_options={"kernels": kernels}
            )
            for name, values in found.items():
                error = np.abs(values - expected.double[name]).max()
                assert error <= expected.bound(name, kernels), f"{name}, {kernels}"
