"""Voxels that are not Hounsfield units: an error, or a note for those who go on knowingly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray
from typer.testing import CliRunner

import lungrt
from lungrt.cli.app import app

Change = Callable[[NDArray[np.int16]], NDArray[np.generic]]

NOT_HOUNSFIELD: dict[str, tuple[Change, str]] = {
    "stored values": (lambda hu: (hu + 1024).clip(0).astype(np.uint16), "rescale slope"),
    "8 bits": (lambda hu: ((hu.clip(-1350, 150) + 1350.0) / 1500 * 255).astype(np.uint8), "8 bits"),
    "unit range": (lambda hu: (hu.clip(-1000, 400) + 1000.0) / 1400, "unit range"),
    "windowed": (lambda hu: hu.clip(-160, 240), "windowed"),
}


@pytest.mark.parametrize("profile", ["book", "lung"])
@pytest.mark.parametrize("kind", NOT_HOUNSFIELD)
def test_refused_in_every_profile(
    kind: str, profile: str, tiny_bundle: Path, chest_ct: lungrt.CtVolume
) -> None:
    change, cause = NOT_HOUNSFIELD[kind]
    pipeline = lungrt.Pipeline(tiny_bundle, profile=profile, threads=1)
    given = (change(chest_ct.hu), chest_ct.geometry)
    for stage in (pipeline.run, pipeline.segment):
        with pytest.raises(
            lungrt.errors.BadVolume, match=rf"not Hounsfield.*{cause}.*allow_non_hu"
        ):
            stage(given)


def test_going_on_knowingly_is_noted(tiny_bundle: Path, chest_ct: lungrt.CtVolume) -> None:
    stored = ((chest_ct.hu + 1024).clip(0), chest_ct.geometry)
    pipeline = lungrt.Pipeline(tiny_bundle, profile="book", threads=1)
    (note,) = pipeline.run(stored, allow_non_hu=True).provenance.notes
    assert "not Hounsfield units" in note
    assert "because allow_non_hu was given" in note
    assert np.asarray(pipeline.segment(stored, allow_non_hu=True)).shape == chest_ct.shape
    assert pipeline.run(chest_ct, allow_non_hu=True).provenance.notes == []


def test_the_command_has_the_option(
    tiny_bundle: Path, chest_ct: lungrt.CtVolume, tmp_path: Path
) -> None:
    image = SimpleITK.GetImageFromArray((chest_ct.hu + 1024).clip(0).astype(np.uint16))
    image.SetSpacing(chest_ct.geometry.spacing_mm)
    SimpleITK.WriteImage(image, str(tmp_path / "ct.mha"))
    report = tmp_path / "report.json"
    arguments = [
        "diagnose", str(tmp_path / "ct.mha"), "--bundle", str(tiny_bundle), "--profile", "book",
        "--threads", "1", "--output", str(report),
    ]  # fmt: skip
    refused = CliRunner().invoke(app, arguments)
    assert refused.exit_code != 0
    assert not report.exists()
    done = CliRunner().invoke(app, [*arguments, "--allow-non-hu"])
    assert done.exit_code == 0, done.output
    notes = json.loads(report.read_text())["provenance"]["notes"]
    assert any("not Hounsfield units" in note for note in notes)


def test_the_profile_of_a_pipeline_is_lung(tiny_bundle: Path) -> None:
    profile = lungrt.Pipeline(tiny_bundle, threads=1).profile
    assert profile.profile == "lung"
    assert profile.voxel_order == "patient"
