"""``lungrt compare`` on two real CTs: both engines decide the same, and the table says so."""

from __future__ import annotations

import json
from pathlib import Path

import engines
from typer.testing import CliRunner

from lungrt.cli.app import app

# Voxels whose eager probability lies within 2e-5 of the threshold (docs/parity.md).
MOST_FLIPS = {"C3N-00247_LUNG_3.0_B70f": 2, "LIDC-IDRI-0001": 0}


def test_two_engines_on_the_folder_of_reference_cts(
    reference: Path, reference_bundle: Path, tmp_path: Path
) -> None:
    engines.require("torchscript")
    output = tmp_path / "comparison.json"
    # The two CTs with golden results: the folder holds others, some of which are parts of a chest.
    folder = tmp_path / "cts"
    folder.mkdir()
    for name in MOST_FLIPS:
        (folder / name).symlink_to(reference / "ct" / name)
    arguments = ["--bundle", reference_bundle, "--ct", folder, "--output", output]
    settings = [f"engine={name} profile=book" for name in ("native", "torchscript")]
    result = CliRunner().invoke(app, ["compare", *settings, *map(str, arguments)])
    assert result.exit_code == 0, result.output
    assert "engine: native -> torchscript" in result.stdout
    assert "all 2" in result.stdout
    assert "the same decisions" in result.stdout
    written = json.loads(output.read_text())
    assert {ct["name"] for ct in written["cts"]} == set(MOST_FLIPS)
    for ct in written["cts"]:
        assert ct["mask"]["flips"] <= MOST_FLIPS[ct["name"]]
        for name in ("candidates", "nodules"):
            assert ct[name]["count_a"] == ct[name]["count_b"] > 0
            assert [ct[name][what] for what in ("moved", "only_a", "only_b")] == [0, 0, 0]
            assert 0 < ct[name]["largest_change_p_nodule"] < 1e-4
    assert written["total"]["candidates"]["count_a"] == 674 + 1532
    assert written["total"]["nodules"]["count_a"] == 7 + 32
