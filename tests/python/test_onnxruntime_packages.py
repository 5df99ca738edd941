"""Two distributions of ONNX Runtime in one environment are found and named."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lungrt import engine_info
from lungrt.cli.app import app
from lungrt.onnxruntime_packages import DISTRIBUTIONS, describe_conflict, installed_distributions


def pretend(monkeypatch: pytest.MonkeyPatch, folder: Path, *names: str) -> None:
    """Put distributions of these names on the path that Python looks for packages on."""
    for name in names:
        record = folder / f"{name.replace('-', '_')}-1.30.0.dist-info" / "METADATA"
        record.parent.mkdir(parents=True)
        record.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.30.0\n")
    monkeypatch.syspath_prepend(str(folder))


def test_one_is_no_conflict() -> None:
    for name in DISTRIBUTIONS:
        assert describe_conflict((name,)) == ""
    assert describe_conflict(()) == ""


def test_two_are_found_and_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pretend(monkeypatch, tmp_path, "onnxruntime", "onnxruntime-gpu")
    found = installed_distributions()
    assert found == ("onnxruntime", "onnxruntime-gpu")
    message = describe_conflict(found)
    assert "onnxruntime and onnxruntime-gpu are installed together" in message
    assert "pip uninstall -y onnxruntime onnxruntime-gpu" in message


def test_openvino_is_one_of_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pretend(monkeypatch, tmp_path, "onnxruntime", "onnxruntime-openvino")
    assert "onnxruntime-openvino" in describe_conflict(installed_distributions())


def test_openvino_itself_shares_nothing_with_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretend(monkeypatch, tmp_path, "onnxruntime", "openvino")
    assert installed_distributions() == ("onnxruntime",)


def test_info_shows_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pretend(monkeypatch, tmp_path, "onnxruntime", "onnxruntime-gpu")
    shown = CliRunner().invoke(app, ["info"])
    assert shown.exit_code == 0, shown.output
    assert "onnxruntime and onnxruntime-gpu are installed together" in shown.stdout
    document = json.loads(CliRunner().invoke(app, ["info", "--json"]).stdout)
    assert "onnxruntime-gpu" in document["notes"][0]


def test_whoever_looks_for_engines_is_warned_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pretend(monkeypatch, tmp_path, "onnxruntime", "onnxruntime-gpu")
    engine_info.warn_of_conflicts.cache_clear()
    with caplog.at_level(logging.WARNING, logger="lungrt"):
        engine_info.locate_libraries()
        engine_info.locate_libraries()
    warned = [record for record in caplog.records if "installed together" in record.message]
    assert len(warned) == 1
    engine_info.warn_of_conflicts.cache_clear()
