"""Fixtures of the Python suite: tiny DICOM series, a tiny bundle, a small CT."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

if TYPE_CHECKING:
    import SimpleITK

    import lungrt

Edit = Callable[[int, FileDataset], None]

SERIES_UID = "1.2.826.0.1.3680043.8.498.1"
ROWS, COLUMNS = 8, 10


def stored_pixels(slice_index: int, rows: int = ROWS, columns: int = COLUMNS) -> NDArray[np.uint16]:
    """Return what a generated file stores of a slice: 1024 is 0 HU, no two slices are alike."""
    generator = np.random.default_rng(slice_index)
    return generator.integers(0, 4000, (rows, columns), dtype=np.uint16)


def write_ct_series(
    folder: Path,
    positions_mm: Sequence[float] = (0.0, 2.5, 5.0, 7.5, 10.0, 12.5),
    *,
    uid: str = SERIES_UID,
    prefix: str = "slice",
    edit: Edit | None = None,
) -> list[Path]:
    """Write one CT slice a position (z, mm); slice k holds `stored_pixels(k)`.

    Names run against the positions, so that a reader which trusts names is found out. `edit` may
    change each data set before it is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index, position in enumerate(positions_mm):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[uid, prefix, str(index)])
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path = folder / f"{prefix}{len(positions_mm) - index:03d}.dcm"
        data = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID = meta.MediaStorageSOPClassUID
        data.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
        data.SeriesInstanceUID = uid
        data.SeriesDescription = "chest"
        data.Modality = "CT"
        data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        data.ImagePositionPatient = [-10.0, 20.0, position]
        data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        data.PixelSpacing = [0.8, 0.7]
        data.Rows, data.Columns = ROWS, COLUMNS
        data.SamplesPerPixel = 1
        data.PhotometricInterpretation = "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit = 16, 16, 15
        data.PixelRepresentation = 0
        data.RescaleSlope, data.RescaleIntercept = 1, -1024
        data.PixelData = stored_pixels(index).tobytes()
        if edit is not None:
            edit(index, data)
        pydicom.dcmwrite(path, data, enforce_file_format=True)
        paths.append(path)
    return paths


@pytest.fixture(scope="session")
def write_series() -> Callable[..., list[Path]]:
    """`write_ct_series`, for tests in sub-folders."""
    return write_ct_series


@pytest.fixture(scope="session")
def pixels() -> Callable[..., NDArray[np.uint16]]:
    """`stored_pixels`, for tests in sub-folders."""
    return stored_pixels


@pytest.fixture
def ct_folder(tmp_path: Path) -> Path:
    """Write a regular DICOM series of six slices."""
    folder = tmp_path / "ct"
    write_ct_series(folder)
    return folder


@pytest.fixture(scope="session")
def image() -> Callable[..., SimpleITK.Image]:
    """Return a function that makes an image of voxels 0, 1, ... in 4 slices, turned a quarter."""
    import SimpleITK

    def make(dtype: type[np.generic] = np.int16) -> SimpleITK.Image:
        values = np.arange(4 * 5 * 6).reshape(4, 5, 6).astype(dtype)
        result = SimpleITK.GetImageFromArray(values)
        result.SetOrigin((1.0, -2.0, 3.5))
        result.SetSpacing((0.5, 0.75, 2.0))
        result.SetDirection((0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0))
        return result

    return make


def small_hu() -> NDArray[np.int16]:
    """Return air with boxes of tissue in it, (slices, rows, columns)."""
    generator = np.random.default_rng(7)
    hu = generator.integers(-1010, -950, (12, 44, 40), dtype=np.int16)
    for slices, rows, columns in itertools.product((1, 7), (2, 16, 30), (3, 15, 27)):
        depth, height, width = generator.integers(4, 10, 3)
        box = hu[slices : slices + depth // 2 + 1, rows : rows + height, columns : columns + width]
        box += generator.integers(600, 1900, dtype=np.int16)
    return hu


@pytest.fixture(scope="session")
def small_ct() -> lungrt.CtVolume:
    """Place `small_hu` in anisotropic voxels."""
    import lungrt

    geometry = lungrt.Geometry((-10.0, 5.0, 30.0), (0.7, 0.8, 2.5))
    return lungrt.CtVolume(small_hu(), geometry, series_uid="1.2")


@pytest.fixture(scope="session")
def chest_ct() -> lungrt.CtVolume:
    """Make a coarse chest, which has the lungs that profile lung needs."""
    pytest.importorskip("scipy")
    import lungrt
    from lungrt.phantom import chest

    volume = chest(seed=1, shape=(16, 91, 97), spacing_mm=(4.1, 4.1, 19.5), nodules=1).volume
    return lungrt.CtVolume(volume.hu, volume.geometry, series_uid="1.2")


@pytest.fixture(scope="session")
def tiny_networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Make tiny networks, by stage: a U-Net of 3 slices and both classifiers.

    Their weights are random, but for the last biases: of the voxels of `small_ct` one in eight is
    above the threshold, and of boxes in it every other is a nodule.
    """
    torch = pytest.importorskip("torch")
    from lungrt.models import load_network
    from lungrt.models.classifier import Classifier3d, ClassifierOptions
    from lungrt.models.unet import SegmentationUNet, UNetOptions

    torch.manual_seed(0)
    hu = torch.from_numpy(small_hu().clip(-1000, 1000).astype(np.float32))
    segmenter = SegmentationUNet(UNetOptions(in_channels=3, widths=(2, 4))).eval()
    classifiers = [
        Classifier3d(ClassifierOptions(widths=(2, 2), crop=(8, 8, 8))).eval() for _ in range(2)
    ]
    with torch.no_grad():
        logits = segmenter(hu.unfold(0, 3, 1).permute(0, 3, 1, 2)).logit()
        segmenter.unet.last.bias -= logits.quantile(7 / 8)
        crops = hu.unfold(0, 8, 2).unfold(1, 8, 8).unfold(2, 8, 8).reshape(-1, 1, 8, 8, 8)
        for classifier in classifiers:
            logits, _ = classifier(crops)
            classifier.head_linear.bias[1] -= (logits[:, 1] - logits[:, 0]).median()

    folder = tmp_path_factory.mktemp("tiny")
    networks = {}
    for stage, module in zip(
        ("segmentation", "nodule", "malignancy"), (segmenter, *classifiers), strict=True
    ):
        torch.save(module.state_dict(), folder / f"{stage}.pt")
        options = {} if stage == "segmentation" else {"crop": [8, 8, 8]}
        networks[stage] = [load_network(stage, folder / f"{stage}.pt", options=options)]
    return networks


@pytest.fixture(scope="session")
def tiny_bundle(tiny_networks: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export `tiny_networks` as TorchScript."""
    from lungrt.export import export_bundle

    bundle = tmp_path_factory.mktemp("tiny") / "bundle"
    export_bundle(tiny_networks, bundle, formats=("torchscript",))
    return bundle


@pytest.fixture(scope="session")
def native_bundle(tiny_networks: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export `tiny_networks` for the native engine, which is the first choice, and TorchScript."""
    from lungrt.export import export_bundle

    bundle = tmp_path_factory.mktemp("native") / "bundle"
    export_bundle(tiny_networks, bundle, formats=("safetensors", "torchscript"))
    return bundle


@pytest.fixture(scope="session")
def onnx_bundle(tiny_networks: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export `tiny_networks` as ONNX."""
    pytest.importorskip("onnxscript")
    from lungrt.export import export_bundle

    bundle = tmp_path_factory.mktemp("onnx") / "bundle"
    export_bundle(tiny_networks, bundle, formats=("onnx",))
    return bundle


@pytest.fixture(scope="session")
def report_content(tiny_bundle: Path, small_ct: lungrt.CtVolume) -> dict[str, Any]:
    """Diagnose `small_ct` with the tiny bundle; what the report holds."""
    import lungrt

    return lungrt.Pipeline(tiny_bundle, threads=1, profile="book").run(small_ct).to_dict()


@pytest.fixture
def write_report(tmp_path: Path, report_content: dict[str, Any]) -> Callable[..., Path]:
    """Return a function that writes that report, changed by `edit`, to a path below `tmp_path`."""

    def write(name: str, edit: Callable[[dict[str, Any]], object] = lambda _: None) -> Path:
        content = copy.deepcopy(report_content)
        edit(content)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
        return path

    return write


# A bright ball to the left, to the front and towards the head of the nodule that is shown: world
# positions (x, y, z; LPS) and radii in mm.
MARKER_MM, MARKER_RADIUS = (16.0, -12.0, 8.0), 5.0
NODULE_MM, NODULE_RADIUS = (0.0, 0.0, 0.0), 4.0


@pytest.fixture(scope="session")
def make_scene() -> Callable[..., Any]:
    """Return a function that makes a scene of lung with a nodule in the middle and a marker.

    Its arguments are the direction and spacing (columns, rows, slices) in which the scan is stored,
    and what the report shall say otherwise.
    """
    from lungrt.pictures import Scene

    def make(direction: Any = None, spacing_mm: Any = (0.8, 0.8, 0.8), **changed: Any) -> Scene:
        volume, labels = marked_volume(np.eye(3) if direction is None else direction, spacing_mm)
        return Scene(volume, marked_report(volume, labels, **changed))

    return make


def marked_volume(direction: Any, spacing_mm: Any) -> tuple[Any, NDArray[np.int32]]:
    """Return a scan of about 72 mm along each side, and the label map of its nodule."""
    import lungrt

    direction, spacing = np.asarray(direction, float), np.asarray(spacing_mm, float)
    size = np.rint(72 / spacing).astype(int) | 1
    first = direction @ (-(size - 1) / 2 * spacing)
    geometry = lungrt.Geometry(first, spacing, direction)
    voxels = np.indices(size[::-1])[::-1].reshape(3, -1)  # (column, row, slice)
    world = (direction @ (voxels * spacing[:, None])).T + first
    nodule = np.linalg.norm(world - NODULE_MM, axis=1) <= NODULE_RADIUS
    marker = np.linalg.norm(world - MARKER_MM, axis=1) <= MARKER_RADIUS
    hu = np.where(nodule | marker, 100, -900).astype(np.int16).reshape(size[::-1])
    volume = lungrt.CtVolume(hu, geometry, series_uid="1.2.3.4.5")
    return volume, nodule.reshape(size[::-1]).astype(np.int32)


def marked_report(volume: Any, labels: NDArray[np.int32], **changed: Any) -> Any:
    """Return what pictures and pages read of a report, with one nodule unless said otherwise."""
    from types import SimpleNamespace

    index = volume.geometry.to_index(NODULE_MM)
    nodule = SimpleNamespace(
        index=index,
        center_mm=volume.geometry.to_world(index),
        diameter_mm=2 * NODULE_RADIUS,
        volume_mm3=268.0,
        extent_mm=(2 * NODULE_RADIUS,) * 3,
        box=tuple(tuple(f(axis) for axis in np.nonzero(labels)) for f in (np.min, np.max)),
        marks=[0],
        p_nodule=0.91,
        p_malignant=None,
    )
    content = {
        "shape": volume.shape,
        "geometry": volume.geometry,
        "series_uid": volume.series_uid,
        "nodules": [nodule],
        "candidates": [nodule] * 3,
        "masks": SimpleNamespace(labels=labels),
        "lung_field": None,
        "engine": "native",
        "device": "cpu",
        "timings_s": {"segment": 1.0, "classify": 0.5, "total": 1.6},
        "options": SimpleNamespace(
            profile="book",
            region="volume",
            geometry="exact",
            merge_marks=False,
            voxel_order="stored",
            precision="fp32",
            segmentation_threshold=0.5,
            nodule_threshold=0.5,
            malignancy_threshold=0.5,
        ),
        "provenance": SimpleNamespace(
            lungrt_version="0.1.0",
            engine_version="lungrt 0.1.0",
            device_name="avx2",
            threads=2,
            notes=[],
            bundle_sha256="ab" * 32,
            checkpoint_sha256={"nodule": ["cd" * 32]},
        ),
    }
    return SimpleNamespace(**(content | changed))
