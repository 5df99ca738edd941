"""``lungrt phantom``."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import SimpleITK
from typer.testing import CliRunner

from lungrt.cli.app import app

SMALL = ["--size", "24x96x96"]


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["phantom", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def error(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["phantom", *arguments])
    assert result.exit_code == 2, result.output
    return " ".join(result.stderr.split())


def planted(folder: Path) -> list[dict[str, str]]:
    with (folder / "planted.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_planned_nodules(tmp_path: Path) -> None:
    output = tmp_path / "phantoms"
    printed = run(
        "--seed", "3", *SMALL, "--nodule", "14:spiculated", "--nodule",
        "12:chest-wall:ground-glass", "--output", str(output),
    )  # fmt: skip
    looks = [(row["density"], row["shape"], row["attachment"]) for row in planted(output)]
    assert looks == [("solid", "spiculated", "free"), ("ground-glass", "smooth", "chest-wall")]
    assert "spiculated" in printed
    assert f"written to {output}" in printed
    assert "not a medical device" in printed
    assert not (output / "seg-nodules").exists()


def test_several_scans_with_masks(tmp_path: Path) -> None:
    output = tmp_path / "phantoms"
    run(*SMALL, "--count", "2", "--nodules", "1", "--masks", "--output", str(output))
    uids = (output / "seriesuids.csv").read_text().split()
    assert len(uids) == 2
    options = json.loads((output / "phantoms.json").read_text())
    assert [options[uid]["seed"] for uid in uids] == [0, 1]
    for uid in uids:
        assert (output / f"seg-lungs-LUNA16/{uid}.mhd").is_file()


def test_every_option_reaches_the_phantom(tmp_path: Path) -> None:
    output = tmp_path / "phantoms"
    run(
        "--seed", "2", "--size", "6x40x48", "--spacing", "8,8,5", "--center", "1,2,3",
        "--kernel", "sharp", "--noise", "7", "--contrast", "--padding", "-3024", "--position",
        "prone", "--entry", "feet-first", "--lungs", "left", "--finding", "consolidation",
        "--extent", "lung", "--side", "left", "--nodules", "0", "--output", str(output),
    )  # fmt: skip
    (options,) = json.loads((output / "phantoms.json").read_text()).values()
    assert options == {
        "seed": 2, "shape": [6, 40, 48], "spacing_mm": [8.0, 8.0, 5.0],
        "center_mm": [1.0, 2.0, 3.0], "nodules": 0, "region": "chest",
        "lungs": "left", "finding": "consolidation", "extent": "lung", "side": "left",
        "position": "prone", "entry": "feet-first",
        "kernel": "sharp", "noise_hu": 7.0, "contrast": True, "fissures": True, "table": True,
        "padding_hu": -3024, "circular_field": True,
    }  # fmt: skip


def test_into_a_ct(tmp_path: Path) -> None:
    source = tmp_path / "source"
    run("--seed", "1", "--size", "48x128x128", "--nodules", "0", "--masks", "--output", str(source))
    (ct,) = source.glob("subset0/*.mhd")
    mask = source / "seg-lungs-LUNA16" / ct.name
    for name, more in (("given", ["--lung-mask", str(mask)]), ("estimated", [])):
        output = tmp_path / name
        run("--into", str(ct), *more, "--nodule", "12", "--output", str(output))
        assert [row["shape"] for row in planted(output)] == ["smooth"]
        (made,) = output.glob("subset0/*.mhd")
        before, after = (SimpleITK.ReadImage(str(path)) for path in (ct, made))
        assert before.GetOrigin() == after.GetOrigin()
        assert (SimpleITK.GetArrayFromImage(before) != SimpleITK.GetArrayFromImage(after)).any()


def test_a_mask_of_another_place(tmp_path: Path) -> None:
    source = tmp_path / "source"
    run("--size", "24x96x96", "--nodules", "0", "--masks", "--output", str(source))
    (ct,) = source.glob("subset0/*.mhd")
    image = SimpleITK.ReadImage(str(source / "seg-lungs-LUNA16" / ct.name))
    image.SetOrigin((0.0, 0.0, 0.0))
    SimpleITK.WriteImage(image, str(tmp_path / "moved.mhd"))
    message = error(
        "--into", str(ct), "--lung-mask", str(tmp_path / "moved.mhd"), "--output",
        str(tmp_path / "out"),
    )  # fmt: skip
    assert "this mask has another geometry than" in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--nodule", "8", "--nodules", "2"], "--nodule and --nodules cannot be combined"),
        (["--nodule", "big"], "--nodule big: expected numbers"),
        (
            ["--nodule", "8:woolly"],
            "unexpected 'woolly'; expected at most one of each of density: solid",
        ),
        (["--nodule", "8:solid:calcified"], "unexpected 'calcified'; expected at most one of each"),
        (["--size", "10x10"], "--size 10x10: expected three numbers separated by 'x'"),
        (["--size", "10x10xten"], "--size 10x10xten: expected numbers"),
        (["--lung-mask", "mask.mhd"], "can only be used together with --into"),
        (["--series", "1.2"], "can only be used together with --into"),
        (["--into", "ct.mhd", "--count", "2"], "--count cannot be combined with --into"),
        (["--into", "absent.mhd"], "absent.mhd: no such file"),
        (["--seed", "-3"], "seed -3"),
    ],
)
def test_bad_input(tmp_path: Path, arguments: list[str], message: str) -> None:
    assert message in error(*arguments, "--output", str(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert "exists and is not empty" in error(*SMALL, "--output", str(tmp_path))
    assert (tmp_path / "notes.txt").read_text() == "mine"
