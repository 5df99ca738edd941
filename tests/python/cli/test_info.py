"""``lungrt info``."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import SimpleITK
from rich.console import Console
from typer.testing import CliRunner

import lungrt
from lungrt.cli import info as command
from lungrt.cli.app import app


def test_versions_engines_and_devices() -> None:
    result = CliRunner().invoke(app, ["info"])
    assert result.exit_code == 0, result.output
    assert f"lungrt {lungrt.__version__}" in result.stdout
    for engine in lungrt.engines():
        assert engine.name in result.stdout
        assert (engine.version if engine.available else "no") in result.stdout
        assert not engine.available or f"{engine.devices[0]}: fp32" in result.stdout
    assert "bundle" not in result.stdout


def test_a_long_path_is_not_cut() -> None:
    path = "/a-folder/" * 30 + "liblungrt_torchscript.so"
    engine = {"name": "torchscript", "available": False, "version": "", "reason": path}
    console = Console(width=80, file=io.StringIO())
    console.print(command._engine_table([engine]))
    assert path in "".join(console.file.getvalue().split())  # type: ignore[attr-defined]


def test_bundle(tiny_bundle: Path) -> None:
    result = CliRunner().invoke(app, ["info", str(tiny_bundle)])
    assert result.exit_code == 0, result.output
    for text in ("segmentation", "unet", "batch x 3 x height x width", "nodule", "malignancy"):
        assert text in result.stdout
    assert "torchscript" in result.stdout


def test_json(tiny_bundle: Path) -> None:
    result = CliRunner().invoke(app, ["info", str(tiny_bundle), "--json"])
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    assert set(content) == {"versions", "threads", "engines", "notes", "bundle"}
    assert content["bundle"] == json.loads((tiny_bundle / "manifest.json").read_text())
    for shown, engine in zip(content["engines"], lungrt.engines(), strict=True):
        assert shown == {name: getattr(engine, name) for name in shown}
    assert content["engines"][0].keys() == {
        "name",
        "artifact_format",
        "available",
        "version",
        "library",
        "reason",
        "devices",
        "precisions",
    }
    assert content["engines"][0]["precisions"] == {"cpu": ["fp32"]}


def test_why_an_engine_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    collected = command._collect()
    collected["engines"] = [
        {
            "name": "abacus",
            "artifact_format": "abacus",
            "available": False,
            "version": "",
            "library": "",
            "reason": "beads [bold]lost",
            "devices": [],
        }
    ]
    monkeypatch.setattr(command, "_collect", lambda: collected)
    result = CliRunner().invoke(app, ["info"])
    assert "beads [bold]lost" in result.stdout


def test_damaged_bundle_is_shown_and_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(tiny_bundle, bundle)
    (bundle / "nodule" / "model.ts").write_bytes(b"damaged")
    result = CliRunner().invoke(app, ["info", str(bundle)])
    assert result.exit_code == 2
    assert "malignancy" in result.stdout
    assert "nodule/model.ts" in result.stderr


def test_folder_that_is_no_bundle(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["info", str(tmp_path)])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {tmp_path} is not a bundle")


def test_series_of_a_folder(tmp_path: Path, write_series: Any, image: Any) -> None:
    def scout(index: int, data: Any) -> None:
        data.ImageType, data.SeriesDescription = ["ORIGINAL", "PRIMARY", "LOCALIZER"], "Scout"

    def lung(index: int, data: Any) -> None:
        data.ConvolutionKernel, data.SeriesNumber = "LUNG", 7

    ct = tmp_path / "ct"
    write_series(ct / "a", uid="1.2")
    write_series(ct / "a", uid="1.2", prefix="lung", edit=lung)
    write_series(ct / "b", (0.0,), uid="1.3", edit=scout)
    result = CliRunner().invoke(app, ["info", str(ct), "--json"])
    assert result.exit_code == 0, result.output
    two, one = json.loads(result.stdout)["ct"]["series"]
    assert [part["name"] for part in two["parts"]] == ["1.2:1", "1.2:2"]
    assert sorted(part["kernel"] for part in two["parts"]) == ["", "LUNG"]
    for part in two["parts"]:
        assert (part["slices"], part["shape"], part["problem"]) == (6, [6, 8, 10], "")
        assert part["spacing_mm"] == [0.7, 0.8, 2.5]
    assert (one["uid"], one["description"], one["images"]) == ("1.3", "Scout", 1)
    assert "localizer" in one["problem"]
    table = CliRunner().invoke(app, ["info", str(ct)]).stdout
    for text in ("1.2:1", "1.2:2", "LUNG", "0.7 x 0.8 x 2.5", "8 x 10", "Scout", "no volume: "):
        assert text in table

    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", ct / "b")
    result = CliRunner().invoke(app, ["info", archive, "--json"])
    assert [s["uid"] for s in json.loads(result.stdout)["ct"]["series"]] == ["1.3"]

    SimpleITK.WriteImage(image(), str(tmp_path / "ct.mha"))
    result = CliRunner().invoke(app, ["info", str(tmp_path / "ct.mha"), "--json"])
    assert json.loads(result.stdout)["ct"]["shape"] == [4, 5, 6]
    result = CliRunner().invoke(app, ["info", str(tmp_path / "ct.mha")])
    assert "4 x 5 x 6 voxels (slices, rows, columns) of 0.5 x 0.75 x 2 mm" in result.stdout


def test_a_bundle_is_shown_without_torch(tiny_bundle: Path) -> None:
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "import atexit; atexit.register(lambda: print(sys.modules['torch']))\n"
        "from lungrt.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "info", tiny_bundle],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "None"
