"""The whole diagnosis by the native engine against the eager pipeline, on generated volumes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import compare
import eager_pipeline as eager
import native_members as members
import numpy as np
import pytest
from generated_scans import SCANS, texture
from numpy.typing import NDArray

import lungrt


def assert_same_diagnosis(
    pipeline: lungrt.Pipeline, scan: eager.Scan, networks: eager.Networks
) -> None:
    """Hold every stage against the eager pipeline's, and the whole run where masks are equal."""
    expected = eager.run(scan, networks)
    assert len(expected.indices) > 3, "the case is to have candidates"
    compare.assert_same_inputs(pipeline, scan, networks, expected.indices)
    volume = compare.volume_of(scan)
    mask = np.asarray(pipeline.segment(volume))
    compare.assert_same_decisions(mask, expected.probability, 0.5, "mask voxels")
    findings = pipeline.classify(volume, map(tuple, expected.indices))
    compare.assert_same_probabilities(findings, expected.p_nodule, expected.p_malignant, "cpu")
    if (mask == expected.mask).all():
        report = pipeline.run(volume)
        assert report.engine == "native"
        assert report.mask_voxels == expected.eroded.sum()
        assert [c.index for c in report.candidates] == [tuple(i) for i in expected.indices]
        compare.assert_same_probabilities(
            report.candidates, expected.p_nodule, expected.p_malignant, "cpu"
        )


@pytest.mark.parametrize("instruction_set", members.INSTRUCTION_SETS)
@pytest.mark.parametrize("kernels", members.KERNELS)
def test_every_instruction_set(
    kernels: str, instruction_set: str, small_bundle: Path, small_networks: eager.Networks
) -> None:
    options = members.options_or_skip(kernels, instruction_set)
    pipeline = lungrt.Pipeline(
        small_bundle, engine="native", engine_options=options, profile="book"
    )
    assert_same_diagnosis(pipeline, SCANS["odd sizes"], small_networks)


def test_an_unpadded_ensemble_and_three_classes(
    halo_bundle: Path, halo_networks: eager.Networks
) -> None:
    """By the direct kernels; test_generated_volumes.py has the others."""
    scan = eager.Scan(texture((9, 37, 45), 13))
    options = {"kernels": "direct"}
    pipeline = lungrt.Pipeline(halo_bundle, engine="native", engine_options=options, profile="book")
    assert_same_diagnosis(pipeline, scan, halo_networks)
    report = pipeline.run(compare.volume_of(scan))
    assert any(finding.p_malignant is not None for finding in report.candidates)


def test_each_member_of_an_ensemble(halo_bundle: Path, halo_networks: eager.Networks) -> None:
    hu = texture((3, 37, 45), 14)
    contract = halo_networks.segmentation[0].input
    images = eager.pad_images(eager.stack_context(hu, [1], contract), contract)
    for member, network in enumerate(halo_networks.segmentation):
        alone = replace(halo_networks, segmentation=(network,)).segmentation
        one = lungrt.StageNetwork(halo_bundle, "segmentation", member=member, engine="native")
        np.testing.assert_allclose(one.run(images), eager.infer(alone, images), rtol=0, atol=1e-4)
        layers = lungrt.layer_outputs(halo_bundle, "segmentation", images[0], member=member)
        first = network.module.input_batchnorm(_tensor(images))[0].numpy()
        np.testing.assert_allclose(layers["input_batchnorm"], first, rtol=0, atol=1e-5)


def _tensor(images: NDArray[np.float32]) -> object:
    import torch

    return torch.from_numpy(images)


def results(pipeline: lungrt.Pipeline, volume: lungrt.CtVolume) -> list[object]:
    """Return everything that a run finds, to the bit."""
    report = pipeline.run(volume)
    found: list[object] = [(c.index, c.p_nodule, c.p_malignant) for c in report.candidates]
    return [*found, report.mask_voxels, np.asarray(pipeline.segment(volume)).tobytes()]


def test_any_number_of_threads_gives_the_same_to_the_bit(small_bundle: Path) -> None:
    volumes = [compare.volume_of(scan) for scan in SCANS.values()]
    one = lungrt.Pipeline(small_bundle, engine="native", threads=1, profile="book")
    expected = [results(one, volume) for volume in volumes]
    for threads in (2, 3, 5):
        pipeline = lungrt.Pipeline(small_bundle, engine="native", threads=threads, profile="book")
        for _ in range(2):  # with memory of its own, and with that of the scan before
            assert [results(pipeline, volume) for volume in volumes] == expected, threads


def test_a_size_that_the_manifest_alone_allows_is_refused(
    small_bundle: Path, tmp_path: Path
) -> None:
    """The weights know what their pooling divides, whatever somebody wrote into the manifest."""
    import shutil

    other = tmp_path / "bundle"
    shutil.copytree(small_bundle, other)
    manifest = other / "manifest.json"
    text = manifest.read_text()
    assert text.count('"size_multiple": 4') == 1
    manifest.write_text(text.replace('"size_multiple": 4', '"size_multiple": 1'))
    pipeline = lungrt.Pipeline(other, engine="native", profile="book")
    with pytest.raises(lungrt.errors.Inference, match="height and width a multiple of 4"):
        pipeline.segment(compare.volume_of(eager.Scan(texture((3, 30, 33), 15))))
