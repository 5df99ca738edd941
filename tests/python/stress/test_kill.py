"""kill -9 at every moment of writing: the old is whole until the new is, and runs go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from killing import Writer, build_preload, start_writer

import lungrt


@pytest.fixture
def writer() -> Any:
    """Give a function that starts writers, and end them with the test."""
    writers: list[Writer] = []

    def start(*arguments: Any, **options: Any) -> Writer:
        writers.append(start_writer(*arguments, **options))
        return writers[-1]

    yield start
    for one in writers:
        one.process.communicate()
        assert one.process.returncode == 0


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


STAGED = """
from lungrt.export.files import write_file
from lungrt.write_aside import replaced_folder

content = os.urandom(1 << 16)

def write():
    with replaced_folder(Path(sys.argv[1]), lambda folder: None) as folder:
        write_file(folder, "deep/one", content)
        write_file(folder, "two", content)
"""


def test_bundles_and_compiled_code_are_old_or_new(tmp_path: Path, writer: Any) -> None:
    # What `lungrt export` and `lungrt compile` write through.
    output = tmp_path / "bundle"
    new = writer(output.parent, STAGED, output)
    assert not new.write()
    old = (output / "two").read_bytes()
    (output / "only-old").touch()
    newer = writer(output.parent, STAGED, output)
    replaced = False
    for _ in newer.every_kill():
        one, two = (output / "deep" / "one").read_bytes(), (output / "two").read_bytes()
        assert one == two
        replaced = replaced or two != old
        assert (output / "only-old").exists() == (not replaced), "neither a mixture nor half of it"
    assert replaced, "killed after the exchange, too"
    assert (output / "two").read_bytes() != old
    assert hidden(tmp_path) == [], "the last run cleared what killed ones left"


REPORT = """
from lungrt.cli.output import output_file

def write():
    with output_file(Path(sys.argv[1]), (".json",)) as write_content:
        write_content('{"new": "' + 100000 * "x" + '"}')
"""


def test_reports_are_old_or_new(tmp_path: Path, writer: Any) -> None:
    output = tmp_path / "report.json"
    output.write_text('{"old": 1}')
    new = writer(tmp_path, REPORT, output)
    seen = ["old"]
    for _ in new.every_kill():
        (found,) = json.loads(output.read_text())
        seen.append(found)
    assert len(seen) > 3
    assert seen == sorted(seen, reverse=True), "old until it was replaced, then new"
    assert list(json.loads(output.read_text())) == ["new"]


MASKS = """
import numpy, lungrt

geometry = lungrt.Geometry((-10.0, 5.0, 30.0), (0.7, 0.8, 2.5))
pipeline = lungrt.Pipeline(sys.argv[2], engine="native", threads=1, profile="book")
report = pipeline.run((numpy.load(sys.argv[3])[:, ::-1], geometry), keep_masks=True)

def write():
    lungrt.write_masks(Path(sys.argv[1]), report)
"""


def test_masks_are_old_or_new(
    tmp_path: Path, writer: Any, stress_bundle: Path, ct_files: Path, small_ct: lungrt.CtVolume
) -> None:
    pipeline = lungrt.Pipeline(stress_bundle, engine="native", threads=1, profile="book")
    folder = tmp_path / "masks"
    report = pipeline.run(small_ct, keep_masks=True)
    names = [path.name for path in lungrt.write_masks(folder, report)]
    turned = lungrt.CtVolume(small_ct.hu[:, ::-1], small_ct.geometry)
    lungrt.write_masks(tmp_path / "new", pipeline.run(turned, keep_masks=True))

    def voxels(path: Path) -> Any:
        return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))

    old = {name: voxels(folder / name) for name in names}
    expected = {name: voxels(tmp_path / "new" / name) for name in names}
    assert not np.array_equal(old["labels.nii.gz"], expected["labels.nii.gz"])
    arguments = (folder, MASKS, folder, stress_bundle, ct_files)
    new = writer(*arguments, preload=build_preload(tmp_path))
    kept = 0
    for _ in new.every_kill():
        for name in names:
            found = voxels(folder / name)
            kept += np.array_equal(found, old[name])
            assert np.array_equal(found, old[name]) or np.array_equal(found, expected[name])
    assert kept > len(names), "killed before they were replaced, too"
    for name in names:
        np.testing.assert_array_equal(voxels(folder / name), expected[name])


EXPORT = """
import torch
from lungrt.export import export_bundle
from lungrt.models import load_network

torch.set_num_threads(1)
stages = {"segmentation": [load_network("segmentation", Path(sys.argv[2]))]}

def write():
    export_bundle(stages, Path(sys.argv[1]), formats=("safetensors",), force=True)
"""


def test_export_leaves_the_bundle_that_was_there(
    tmp_path: Path, writer: Any, stress_bundle: Path
) -> None:
    import torch

    from lungrt.export import export_bundle
    from lungrt.export.files import check_bundle
    from lungrt.models import load_network
    from lungrt.models.unet import SegmentationUNet, UNetOptions

    checkpoint = tmp_path / "segmentation.pt"
    torch.save(SegmentationUNet(UNetOptions(in_channels=3, widths=(2, 4))).state_dict(), checkpoint)
    output = tmp_path / "out" / "bundle"
    stages = {"segmentation": [load_network("segmentation", checkpoint)]}
    export_bundle(stages, output, formats=("safetensors",))
    before = (output / "manifest.json").read_bytes()
    new = writer(output.parent, EXPORT, output, checkpoint)
    for kill_at in (1, 3, 5, 8, 12, 16, 20):
        assert new.write(kill_at=kill_at), "an export has more operations than that"
        check_bundle(output)
        assert (output / "manifest.json").read_bytes() == before
        lungrt.Pipeline(output, engine="native", profile="book")
    assert not new.write()
    check_bundle(output)
    assert (output / "manifest.json").read_bytes() != before
    assert hidden(output.parent) == []


def kill_when(process: subprocess.Popen[bytes], moment: Callable[[], bool]) -> None:
    """Kill a process with SIGKILL as soon as something holds."""
    while process.poll() is None and not moment():
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("name", ["report.json", "report.csv"])
def test_a_diagnosis_that_is_killed(
    tmp_path: Path, stress_bundle: Path, small_ct: lungrt.CtVolume, name: str
) -> None:
    image = SimpleITK.GetImageFromArray(small_ct.hu)
    image.SetSpacing(small_ct.geometry.spacing_mm)
    SimpleITK.WriteImage(image, str(tmp_path / "ct.nrrd"))
    folder = tmp_path / "out"
    folder.mkdir()
    output = folder / name
    output.write_text("old")
    command = [sys.executable, "-m", "lungrt", "diagnose", str(tmp_path / "ct.nrrd")]
    command += ["--bundle", str(stress_bundle), "--profile", "book", "--output", str(output)]
    command += ["--save-masks", str(folder / "masks"), "--no-progress"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        kill_when(process, lambda: bool(hidden(folder)))
    assert process.returncode == -signal.SIGKILL, "the aside file was there before the end"
    assert output.read_text() == "old"
    subprocess.run(command, check=True, capture_output=True, env=dict(os.environ))
    assert output.read_text() != "old"
    # The kill may come while the folder is tried, which leaves a hidden file.
    assert len([path for path in (folder / "masks").iterdir() if path.name[0] != "."]) == 3
