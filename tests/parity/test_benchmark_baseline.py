"""The benchmark's eager baseline decides what the eager pipeline of these tests decides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import eager_pipeline as eager
import numpy as np
import pytest
import SimpleITK
import torch

from lungrt.benchmark.eager import networks as baseline_networks
from lungrt.benchmark.eager import pipeline
from lungrt.benchmark.eager.child import EagerSubject
from lungrt.benchmark.eager.networks import open_networks
from lungrt.benchmark.eager.scan import read_scan
from lungrt.benchmark.measure import Task
from lungrt.benchmark.plan import Configuration
from lungrt.errors import BadBundle, BadVolume, CheckpointMismatch, DeviceUnavailable

SHAPE = (14, 45, 70)


@pytest.fixture(scope="module")
def scan() -> eager.Scan:
    """A lively volume, flipped and anisotropic."""
    rng = np.random.default_rng(4)
    rough = rng.normal(size=[-(-size // 5) for size in SHAPE])
    smooth = np.kron(rough, np.ones((5, 5, 5)))[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    hu = (smooth * 700 + rng.normal(0, 60, SHAPE) - 200).astype(np.int16)
    return eager.Scan(
        hu, np.array([-3.0, 5.0, 7.0]), np.array([0.7, 0.8, 2.5]), np.diag([-1.0, -1.0, 1.0])
    )


@pytest.fixture(scope="module")
def ct(scan: eager.Scan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the volume to a file."""
    image = SimpleITK.GetImageFromArray(scan.hu)
    image.SetOrigin(scan.origin_mm)
    image.SetSpacing(scan.spacing_mm)
    image.SetDirection(scan.direction.ravel())
    path = tmp_path_factory.mktemp("ct") / "ct.mha"
    SimpleITK.WriteImage(image, str(path))
    return path


def checkpoints(networks: eager.Networks) -> dict[str, list[str]]:
    stages = {
        "segmentation": networks.segmentation,
        "nodule": networks.nodule,
        "malignancy": networks.malignancy,
    }
    return {
        stage: [str(network.checkpoint.path) for network in members]
        for stage, members in stages.items()
        if members
    }


def task(bundle: Path, ct: Path, networks: eager.Networks, name: str) -> Task:
    configuration = Configuration(name, threads=torch.get_num_threads())
    return Task(configuration, str(bundle), str(ct), checkpoints=checkpoints(networks))


@pytest.mark.parametrize("kind", ["small", "halo"])
@pytest.mark.parametrize("name", ["eager", "eager-tuned"])
def test_same_as_the_reference(
    request: pytest.FixtureRequest, scan: eager.Scan, ct: Path, kind: str, name: str
) -> None:
    networks: eager.Networks = request.getfixturevalue(f"{kind}_networks")
    bundle: Path = request.getfixturevalue(f"{kind}_bundle")
    subject = EagerSubject(task(bundle, ct, networks, name))
    found = subject.run(subject.read(str(ct), None)).outputs()
    candidates = found["candidates"]
    expected = eager.run(scan, networks)

    assert len(expected.indices) > 20
    assert found["shape"] == SHAPE
    assert [c["index"] for c in candidates] == expected.indices.tolist()
    np.testing.assert_array_equal(
        [c["center_mm"] for c in candidates], expected.candidates.positions_mm
    )
    assert found["mask_voxels"] == expected.eroded.sum()
    tolerance = 0 if name == "eager" else 1e-5
    p_nodule = [c["p_nodule"] for c in candidates]
    np.testing.assert_allclose(p_nodule, expected.p_nodule, atol=tolerance, rtol=0)
    p_malignant = np.array([c["p_malignant"] for c in candidates], float)  # None becomes NaN
    np.testing.assert_allclose(p_malignant, expected.p_malignant, atol=tolerance, rtol=0)
    assert 0 < np.isnan(p_malignant).sum() < len(candidates)


def test_the_networks_see_what_those_of_the_reference_see(
    small_networks: eager.Networks, small_bundle: Path, scan: eager.Scan
) -> None:
    networks = open_networks(
        small_bundle, checkpoints(small_networks), device="cpu", channels_last=False
    )
    slices = pipeline.stack(scan.hu, list(range(14)), networks["segmentation"].entry.input)
    contract = small_networks.segmentation[0].input
    expected = eager.pad_images(eager.stack_context(scan.hu, range(14), contract), contract)
    np.testing.assert_array_equal(slices, expected)
    places = np.array([[0, 0, 0], [7, 20, 30], [13, 44, 69]])
    crops = eager.crops(scan.hu, places, small_networks.nodule[0].input)
    np.testing.assert_array_equal(
        pipeline.crops(scan.hu, places, networks["nodule"].entry.input), crops
    )


def opened(bundle: Path, given: dict[str, list[str]], device: str = "cpu") -> dict[str, object]:
    return dict(open_networks(bundle, given, device=device, channels_last=False))


def test_another_checkpoint_is_refused(
    small_networks: eager.Networks, small_bundle: Path, tmp_path: Path
) -> None:
    given = checkpoints(small_networks)
    state = torch.load(given["nodule"][0], weights_only=True)
    retrained = {name: value.clone() for name, value in state.items()}
    retrained["head_linear.bias"] += 1
    torch.save(retrained, tmp_path / "n.pt")
    with pytest.raises(CheckpointMismatch, match="not the checkpoint that the bundle's stage nod"):
        opened(small_bundle, given | {"nodule": [str(tmp_path / "n.pt")]})
    with pytest.raises(CheckpointMismatch, match="has 1 networks, but 2 checkpoints were given"):
        opened(small_bundle, given | {"nodule": given["nodule"] * 2})


def test_a_bundle_without_weights(small_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline_networks, "WEIGHTS", "something else")
    with pytest.raises(BadBundle, match="no artifact 'something else'"):
        opened(small_bundle, {})


def test_weights_of_the_bundle(small_networks: eager.Networks, small_bundle: Path) -> None:
    given = checkpoints(small_networks)
    del given["nodule"]
    networks = open_networks(small_bundle, given, device="cpu", channels_last=False)
    (module,) = networks["nodule"].modules
    expected = small_networks.nodule[0].module.state_dict()
    for name, tensor in module.state_dict().items():
        if not name.endswith("num_batches_tracked"):  # of training, left out of the artifact
            assert torch.equal(tensor, expected[name]), name


def test_a_device_that_is_not_there(
    small_networks: eager.Networks, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceUnavailable, match=r"cuda:0: torch .* finds no CUDA device"):
        opened(small_bundle, checkpoints(small_networks), device="cuda:0")


def test_cts_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadVolume, match="expected one DICOM series , found 0"):
        read_scan(str(tmp_path), None)
    (tmp_path / "x.mhd").write_text("nonsense")
    with pytest.raises(BadVolume, match="SimpleITK cannot read it"):
        read_scan(str(tmp_path / "x.mhd"), None)
    image = SimpleITK.GetImageFromArray(np.full((2, 3, 4), 40000, np.int32))
    SimpleITK.WriteImage(image, str(tmp_path / "y.mha"))
    with pytest.raises(BadVolume, match="40000 do not fit int16"):
        read_scan(str(tmp_path / "y.mha"), None)


def test_smaller_than_a_crop_and_oblique(
    small_networks: eager.Networks, small_bundle: Path, scan: eager.Scan, ct: Path
) -> None:
    networks = open_networks(
        small_bundle, checkpoints(small_networks), device="cpu", channels_last=False
    )
    given = read_scan(str(ct), None)
    contract = networks["nodule"].entry.input
    with pytest.raises(BadVolume, match="smaller than the crop"):
        pipeline.crops(given.hu[:3], np.zeros((1, 3), np.int64), contract)
    turned = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    everything = np.zeros(SHAPE, bool)
    everything[2:12, 30:44, 55:69] = True
    with pytest.raises(BadVolume, match="inverse transform moves a candidate out of the volume"):
        pipeline.find_candidates(replace(given, direction=turned), everything)
