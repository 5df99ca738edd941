"""``lungrt diagnose`` with its default profile, and the masks that it writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import SimpleITK
from typer.testing import CliRunner, Result

import lungrt
from lungrt.cli.app import app
from lungrt.phantom import chest


def write_ct(path: Path, volume: lungrt.CtVolume) -> Path:
    image = SimpleITK.GetImageFromArray(volume.hu)
    image.SetOrigin(volume.geometry.origin_mm)
    image.SetSpacing(volume.geometry.spacing_mm)
    SimpleITK.WriteImage(image, str(path))
    return path


@pytest.fixture(scope="module")
def ct_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a chest as a file."""
    pytest.importorskip("scipy")
    phantom = chest(seed=1, shape=(16, 91, 97), spacing_mm=(4.1, 4.1, 19.5), nodules=1)
    return write_ct(tmp_path_factory.mktemp("chest") / "chest.mha", phantom.volume)


@pytest.fixture
def diagnose(tiny_bundle: Path, tmp_path: Path) -> Callable[..., tuple[Result, dict[str, Any]]]:
    """Return a function that runs the command in this process, and returns output and report."""

    def run(*arguments: object) -> tuple[Result, dict[str, Any]]:
        output = tmp_path / "report.json"
        options = ["--bundle", tiny_bundle, "--threads", 1, "--output", output, "--candidates"]
        result = CliRunner().invoke(app, ["diagnose", *map(str, [*arguments, *options])])
        assert result.exit_code == 0, result.output
        return result, json.loads(output.read_text())

    return run


Diagnose = Callable[..., tuple[Result, dict[str, Any]]]


def decisions(content: dict[str, Any]) -> dict[str, Any]:
    return {key: content[key] for key in ("counts", "nodules", "candidates", "lung_field")}


def test_default_is_the_lung_profile(diagnose: Diagnose, ct_file: Path, tiny_bundle: Path) -> None:
    result, written = diagnose(ct_file)
    expected = lungrt.Pipeline(tiny_bundle, profile="lung", threads=1).run(ct_file)
    assert decisions(written) == decisions(expected.to_dict())
    assert written["profile"] == "lung"
    assert written["options"]["geometry"] == "exact"
    assert written["options"]["region"] == "lung"
    assert written["options"]["merge_marks"]
    assert written["options"]["pad_small_volumes"]
    assert written["lung_field"]["field_ml"] > written["lung_field"]["air_ml"] > 500
    assert written["timings_s"]["find_lungs"] >= 0
    assert "profile lung" in result.stdout
    assert "(find lungs " in result.stdout


def test_region_volume_searches_the_whole_volume(
    diagnose: Diagnose, ct_file: Path, tiny_bundle: Path
) -> None:
    _, lung = diagnose(ct_file)
    _, written = diagnose(ct_file, "--region", "volume", "--no-merge-marks")
    exact = lungrt.Pipeline(tiny_bundle, geometry="exact", threads=1, profile="book").run(ct_file)
    assert decisions(written) == decisions(exact.to_dict())
    assert written["options"]["region"] == "volume"
    assert written["lung_field"] is None
    assert len(written["candidates"]) > len(lung["candidates"])


def test_marks_are_merged_or_not(
    diagnose: Diagnose, small_ct: lungrt.CtVolume, tmp_path: Path
) -> None:
    """On a CT of small voxels, whose boxes of tissue lie close together."""
    ct = write_ct(tmp_path / "ct.mha", small_ct)
    _, merged = diagnose(ct, "--region", "volume")
    _, apart = diagnose(ct, "--region", "volume", "--no-merge-marks")
    _, asked = diagnose(ct, "--profile", "book", "--geometry", "exact", "--merge-marks")
    assert any(len(nodule["marks"]) > 1 for nodule in merged["nodules"])
    assert all(len(nodule["marks"]) == 1 for nodule in apart["nodules"])
    assert asked["nodules"] == merged["nodules"]
    assert merged["candidates"] == apart["candidates"]


@pytest.mark.parametrize("file_format", [None, "nii.gz", "nrrd", "mha"])
def test_masks_are_saved(
    diagnose: Diagnose, ct_file: Path, tmp_path: Path, file_format: str | None
) -> None:
    folder = tmp_path / "masks"
    choice = () if file_format is None else ("--mask-format", file_format)
    result, written = diagnose(ct_file, "--save-masks", folder, *choice)
    names = [
        f"{name}.{file_format or 'nii.gz'}" for name in ("labels", "lung_field", "nodule_mask")
    ]
    assert sorted(path.name for path in folder.iterdir()) == names
    for name in names:
        assert f"written to {folder / name}" in result.stdout
    labels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(folder / names[0])))
    assert labels.max() == len(written["candidates"]) > 0


def error_line(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["diagnose", *map(str, arguments)])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    return str(result.stderr)


def test_a_ct_without_lungs(small_ct: lungrt.CtVolume, tiny_bundle: Path, tmp_path: Path) -> None:
    ct, masks = write_ct(tmp_path / "ct.mha", small_ct), tmp_path / "masks"
    line = error_line(ct, "--bundle", tiny_bundle, "--output", tmp_path / "report.json")
    assert "no lungs were found in the volume of 12 x 44 x 40 voxels" in line
    assert "region 'volume'" in line
    error_line(ct, "--bundle", tiny_bundle, "--save-masks", masks)
    assert list(masks.iterdir()) == []
    assert not (tmp_path / "report.json").exists()


@pytest.mark.parametrize("folder", ["taken", "taken/below"])
def test_unwritable_mask_folder_is_reported_before_the_run(
    folder: str,
    ct_file: Path,
    tiny_bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "taken").write_text("mine")
    monkeypatch.setattr(lungrt, "Pipeline", lambda *_, **__: pytest.fail("the work began"))
    line = error_line(ct_file, "--bundle", tiny_bundle, "--save-masks", tmp_path / folder)
    assert f"{folder}: the folder for masks cannot be created" in line


def test_unknown_region_and_mask_format(ct_file: Path, tiny_bundle: Path) -> None:
    line = error_line(ct_file, "--bundle", tiny_bundle, "--region", "heart")
    assert "unknown region 'heart': expected volume or lung" in line
    arguments = ["diagnose", str(ct_file), "--bundle", str(tiny_bundle), "--mask-format", "dcm"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "--mask-format" in result.stderr
