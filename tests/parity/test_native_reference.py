"""The native engine's instruction sets and layers against the eager pipeline on a real CT.

test_reference_cts.py has the whole CTs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import compare
import eager_pipeline as eager
import native_members as members
import numpy as np
import pytest

import lungrt


@pytest.mark.parametrize("kernels", members.KERNELS)
@pytest.mark.parametrize("instruction_set", ["avx2", "portable"])
def test_narrower_instruction_sets_on_some_slices(
    instruction_set: str,
    kernels: str,
    reference_bundle: Path,
    eager_networks: eager.Networks,
    reference_scan: Callable[[str], eager.Scan],
) -> None:
    options = members.options_or_skip(kernels, instruction_set)
    pipeline = lungrt.Pipeline(
        reference_bundle, engine="native", engine_options=options, profile="book"
    )
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
    reference_bundle: Path,
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
                reference_bundle, stage, item, engine_options={"kernels": kernels}
            )
            for name, values in found.items():
                error = np.abs(values - expected.double[name]).max()
                assert error <= expected.bound(name, kernels), f"{name}, {kernels}"
