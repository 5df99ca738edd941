"""``lungrt-native`` in a prefix that was moved: a program that needs nothing beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from prefixes import call, succeed

import lungrt

NOTE = "the default models, which were trained on phantoms only"


@pytest.fixture
def program(prefix: Path) -> Path:
    """Path of the installed command."""
    command = prefix / "bin" / "lungrt-native"
    if not command.exists():
        pytest.skip("built without the native command")
    return command


@pytest.fixture
def ct(tmp_path: Path) -> Path:
    """Write a small volume of noise."""
    hu = np.random.default_rng(0).integers(-1000, 200, (34, 56, 60), dtype=np.int16)
    path = tmp_path / "ct.mha"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(hu), str(path))
    return path


def test_default_models_come_along(program: Path, ct: Path) -> None:
    output = ct.with_name("report.json")
    said = succeed(program, "diagnose", ct, "--profile", "book", "--candidates", "--output", output)
    assert NOTE in said
    report = json.loads(output.read_text())
    pipeline = lungrt.Pipeline(lungrt.default_bundle(), profile="book")
    expected = json.loads(pipeline.run(lungrt.read_ct(ct)).to_json())
    for document in (report, expected):
        del document["timings_s"]
    assert report == expected


def test_an_installation_without_them_says_so(program: Path, ct: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    shutil.copytree(program.parent, prefix / "bin")
    shutil.copytree(program.parents[1] / "lib", prefix / "lib", symlinks=True)
    done = call(prefix / "bin" / program.name, "diagnose", ct)
    assert done.returncode == 2
    models = f"{prefix}/share/lungrt/default_bundle"
    assert f"{models}: this installation does not include the default models" in done.stderr
    assert "--bundle" in done.stderr
