"""What each engine computes in: refused on the CPU, held against eager float32 on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import compare
import eager_pipeline as eager
import engines
import numpy as np
import pytest

import lungrt

PRECISIONS = ("fp32", "tf32", "bf16", "fp16", "int8")
# Most of a reference CT's mask that may flip, and |p - eager| of a candidate. TF32 and fp16 keep
# ten bits of each factor, bf16 seven.
FLIPS = {"tf32": 0.002, "fp16": 0.002, "bf16": 0.02}
PROBABILITY = {"tf32": 0.02, "fp16": 0.02, "bf16": 0.1}
# Of float32 on a GPU; a convolution in TF32 is two orders of magnitude further away.
EXACT = 1e-4


@pytest.mark.parametrize("precision", PRECISIONS)
def test_on_the_cpu_an_engine_does_what_it_says(
    precision: str, engine: str, small_bundle: Path
) -> None:
    known = engines.require(engine).precisions["cpu"]
    if precision in known:
        pipeline = engines.open_pipeline(small_bundle, engine, precision=precision)
        assert pipeline.profile.precision == precision
        return
    engines.open_pipeline(small_bundle, engine)  # it is the precision that is refused
    message = f"precision {precision} .* engine {engine} supports {', '.join(known)} on cpu"
    with pytest.raises(lungrt.errors.InvalidArgument, match=message):
        engines.open_pipeline(small_bundle, engine, precision=precision)
    with pytest.raises(lungrt.errors.InvalidArgument, match=message):
        lungrt.StageNetwork(small_bundle, "nodule", engine=engine, precision=precision)


def open_on_gpu(bundle: Path, engine: str, cuda: str, precision: str) -> lungrt.Pipeline:
    known = engines.require(engine).precisions[cuda]
    if precision not in known:
        with pytest.raises(lungrt.errors.InvalidArgument, match=f"supports {', '.join(known)} on"):
            engines.open_pipeline(bundle, engine, device=cuda, precision=precision)
        pytest.skip(f"{engine} does {', '.join(known)} on {cuda}, and refused {precision}")
    return engines.open_pipeline(bundle, engine, device=cuda, precision=precision)


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["LIDC-IDRI-0001", "C3N-00247"])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_on_a_gpu_decisions_stay_near_eager(
    precision: str,
    name: str,
    engine: str,
    cuda: str,
    reference_bundle: Path,
    eager_result: Callable[[str], eager.Result],
    reference_scan: Callable[[str], eager.Scan],
) -> None:
    pipeline = open_on_gpu(reference_bundle, engine, cuda, precision)
    volume, expected = compare.volume_of(reference_scan(name)), eager_result(name)
    mask = np.asarray(pipeline.segment(volume))
    findings = pipeline.classify(volume, map(tuple, expected.indices))
    difference = np.abs(np.array([f.p_nodule for f in findings]) - expected.p_nodule).max()
    flips = int((mask != (expected.probability > np.float32(0.5))).sum())
    print(f"{name}, {engine} {precision}: {flips} flips of {mask.sum()}, |p - p'| {difference:.1e}")
    if precision == "fp32":
        compare.assert_same_decisions(mask, expected.probability, 0.5, f"{name}: mask voxels")
        assert difference <= EXACT
    else:
        assert flips <= FLIPS[precision] * mask.sum()
        assert difference <= PROBABILITY[precision]


@pytest.mark.gpu
def test_on_a_gpu_float32_is_not_tf32_whatever_else_is_open(
    engine: str,
    cuda: str,
    reference_bundle: Path,
    reference_scan: Callable[[str], eager.Scan],
    eager_result: Callable[[str], eager.Result],
) -> None:
    """Slices of float32 stay exact beside sessions of TF32, whatever the application allows."""
    torch = pytest.importorskip("torch")
    name = "LIDC-IDRI-0001"
    volume, eager_probability = compare.volume_of(reference_scan(name)), eager_result(name)
    exact = engines.open_pipeline(reference_bundle, engine, device=cuda)
    window = range(60, 68)
    inputs = np.stack([exact.segmentation_input(volume, number) for number in window])

    def probabilities(precision: str) -> np.ndarray:
        network = lungrt.StageNetwork(
            reference_bundle, "segmentation", engine=engine, device=cuda, precision=precision
        )
        return network.run(inputs)[:, 0]

    theirs = eager_probability.probability[window.start : window.stop]
    allowed = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = True
    try:
        assert np.abs(probabilities("fp32") - theirs).max() <= EXACT
        if "tf32" in engines.require(engine).precisions[cuda]:
            assert not np.array_equal(probabilities("tf32"), probabilities("fp32"))
            assert np.abs(probabilities("fp32") - theirs).max() <= EXACT
        assert torch.backends.cudnn.allow_tf32 is True  # the application's own, untouched
    finally:
        torch.backends.cudnn.allow_tf32 = allowed
