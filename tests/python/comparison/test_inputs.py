"""Settings as the user writes them, and the CTs and reports that a path stands for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lungrt.cli.compare import parse_settings
from lungrt.cli.options import RunOptions
from lungrt.comparison.inputs import Settings, find_cts, find_reports
from lungrt.errors import InvalidArgument, Io

DEFAULTS = RunOptions()
NO_LIMITS = {"max_seconds": 0.0, "max_memory_bytes": 0, "allow_non_hu": False}


def test_settings_become_arguments_of_a_pipeline() -> None:
    text = "engine=onnxruntime precision=tf32 threads=2 option.arena=off bundle='a b'"
    run = RunOptions(engine="onnxruntime", precision="tf32", threads=2, engine_option=["arena=off"])
    assert parse_settings(text, "other", DEFAULTS) == Settings(
        text, "a b", run.pipeline(), NO_LIMITS
    )
    assert parse_settings("kernels=direct", "b", DEFAULTS).pipeline == {
        **DEFAULTS.pipeline(),
        "engine_options": {"kernels": "direct"},
    }
    assert parse_settings("", "b", DEFAULTS) == Settings(
        "defaults", "b", DEFAULTS.pipeline(), NO_LIMITS
    )


def test_settings_override_the_options_of_the_command() -> None:
    run = RunOptions(
        engine="native",
        engine_option=["instruction_set=avx2"],
        kernels="direct",
        profile="book",
        merge_marks=True,
        memory_limit="1K",
    )
    found = parse_settings("profile=lung threads=1 option.kernels=winograd", "b", run)
    assert found.pipeline == {
        "engine": "native",
        "device": "cpu",
        "precision": "fp32",
        "threads": 1,
        "profile": "lung",
        "geometry": None,
        "region": None,
        "merge_marks": True,
        "voxel_order": None,
        "engine_options": {"instruction_set": "avx2", "kernels": "winograd"},
    }
    assert found.limits == {"max_seconds": 0.0, "max_memory_bytes": 1000, "allow_non_hu": False}


@pytest.mark.parametrize(("word", "value"), [("yes", True), ("no", False)])
def test_settings_of_the_profile(word: str, value: bool) -> None:
    text = f"profile=book region=lung geometry=exact merge_marks={word}"
    assert parse_settings(text, "b", DEFAULTS).pipeline == {
        **DEFAULTS.pipeline(),
        "profile": "book",
        "region": "lung",
        "geometry": "exact",
        "merge_marks": value,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("engine", "'engine' is not of the form NAME=VALUE"),
        ("engine=", "'engine=' is not of the form NAME=VALUE"),
        ("=native", "is not of the form NAME=VALUE"),
        ("speed=high", "unknown name speed; expected bundle, engine"),
        ("engine=native engine=torchscript", "engine is given twice"),
        ("kernels=direct option.kernels=winograd", "kernels is given twice"),
        ("threads=0", "threads=0: expected a whole number of at least 1"),
        ("threads=many", "threads=many: expected a whole number of at least 1"),
        ("merge_marks=true", "merge_marks=true: expected yes or no"),
        ("engine='native", "No closing quotation"),
    ],
)
def test_invalid_settings(text: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        parse_settings(text, "bundle", DEFAULTS)


def test_settings_without_a_bundle() -> None:
    with pytest.raises(InvalidArgument, match="no bundle is given; add --bundle, or bundle="):
        parse_settings("engine=native", None, DEFAULTS)


def test_a_path_stands_for_one_ct_or_many(tmp_path: Path, write_series: Any) -> None:
    for name in ("many/one/a.dcm", "many/.hidden/c.dcm"):  # damaged, which reading will say
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    for name in ("c.nii.gz", "d.mha", "notes.xml"):
        (tmp_path / "many" / name).write_bytes(b"")
    many = tmp_path / "many"
    write_series(many / "two" / "deeper", uid="1.2")
    write_series(many / "two" / "deeper", uid="1.3", prefix="other")
    for path in (many / "two" / "deeper").iterdir():
        path.rename(path.with_suffix(""))  # DICOM files need no suffix
    assert [(ct.name, ct.series) for ct in find_cts(many)] == [
        ("c.nii.gz", None),
        ("d.mha", None),
        ("one", None),
        ("deeper", "1.2"),
        ("deeper", "1.3"),
    ]
    assert [ct.path for ct in find_cts(many / "one")] == [many / "one"]
    assert [ct.path for ct in find_cts(many / "d.mha")] == [many / "d.mha"]
    (tmp_path / "empty").mkdir()
    assert [ct.path for ct in find_cts(tmp_path / "empty")] == [tmp_path / "empty"]
    with pytest.raises(Io, match="none: no such file or folder"):
        find_cts(tmp_path / "none")


def test_reports_are_paired_by_name(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    for folder, names in ((a, ("1.json", "2.json")), (b, ("2.json", "3.json", "4.csv"))):
        folder.mkdir()
        for name in names:
            (folder / name).write_text("{}")
        (folder / ".lungrt-new-0123456789abcdef.5.json").write_text("{")  # still being written
    assert find_reports(a, b) == ([(a / "2.json", b / "2.json")], [a / "1.json", b / "3.json"])
    assert find_reports(a / "1.json", b / "3.json") == ([(a / "1.json", b / "3.json")], [])
    with pytest.raises(InvalidArgument, match="two reports, or two folders"):
        find_reports(a, b / "2.json")
    (a / "2.json").unlink()
    with pytest.raises(
        InvalidArgument, match=r"no two reports \(\.json files\) have the same name"
    ):
        find_reports(a, b)
