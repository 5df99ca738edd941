"""``lungrt-native`` against ``lungrt``: the same options, the same results."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

import lungrt
from lungrt.engine_info import locate_libraries

TIMES = ("timings_s",)
KERNELS = ("--engine-option", "kernels=winograd")


@pytest.fixture(scope="session")
def ct(small_ct: lungrt.CtVolume, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the small CT to a file."""
    path = tmp_path_factory.mktemp("ct") / "ct.nii.gz"
    image = SimpleITK.GetImageFromArray(small_ct.hu)
    image.SetOrigin(small_ct.geometry.origin_mm)
    image.SetSpacing(small_ct.geometry.spacing_mm)
    SimpleITK.WriteImage(image, str(path))
    return path


def run(program: Path | str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *map(str, arguments)],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )


def python(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lungrt", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def assert_same(native: Any, other: Any, where: str = "report") -> None:
    """Compare the content of two reports, floats to within 1e-9."""
    if isinstance(other, dict):
        assert list(native) == list(other), where
        for key in set(other) - set(TIMES):
            assert_same(native[key], other[key], f"{where}.{key}")
    elif isinstance(other, list):
        assert len(native) == len(other), where
        for number, (mine, its) in enumerate(zip(native, other, strict=True)):
            assert_same(mine, its, f"{where}[{number}]")
    elif isinstance(other, float):
        assert native == pytest.approx(other, rel=1e-9, abs=1e-9), where
    else:
        assert native == other, where


def reports(native: Path, folder: Path, *arguments: object) -> tuple[Any, Any]:
    """Run both commands and return the reports that they wrote."""
    written = []
    for name, command in (("native", lambda *a: run(native, *a)), ("python", python)):
        path = folder / f"{name}.json"
        done = command("diagnose", *arguments, "--candidates", "--output", path)
        assert done.returncode == 0, done.stderr
        written.append(json.loads(path.read_text(encoding="utf-8")))
    return written[0], written[1]


@pytest.mark.parametrize(
    "options",
    [
        ("--profile", "book"),
        ("--profile", "book", "--merge-marks", "--geometry", "exact"),
        ("--region", "volume", "--no-merge-marks"),
        ("--region", "volume", "--threads", "1", "--kernels", "direct"),
        ("--profile", "book", "--engine", "native", "--engine-option", "instruction_set=portable"),
    ],
)
def test_same_reports(
    native: Path, native_bundle: Path, ct: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    mine, other = reports(native, tmp_path, ct, "--bundle", native_bundle, *options)
    assert other["counts"]["nodules"] > 0
    assert_same(mine, other)


def test_same_report_of_a_dicom_folder(
    native: Path, native_bundle: Path, tmp_path: Path, write_series: Any
) -> None:
    def edit(index: int, data: Any) -> None:
        noise = np.random.default_rng(index).integers(0, 2500, (48, 40), dtype=np.uint16)
        data.Rows, data.Columns = noise.shape
        data.PixelData = noise.tobytes()

    positions = [2.5 * number for number in range(12) if number != 5]
    write_series(tmp_path / "ct", positions, edit=edit)
    arguments = (tmp_path / "ct", "--bundle", native_bundle, "--profile", "book", "--resample")
    mine, other = reports(native, tmp_path, *arguments)
    assert any("resampled" in note for note in other["provenance"]["notes"])
    assert_same(mine, other)


@pytest.mark.parametrize("candidates", [False, True])
def test_csv(native: Path, native_bundle: Path, ct: Path, tmp_path: Path, candidates: bool) -> None:
    output = tmp_path / "native.CSV"
    more = ["--candidates"] if candidates else []
    arguments = ("diagnose", ct, "--bundle", native_bundle, "--profile", "book")
    assert run(native, *arguments, "--output", output, *more).returncode == 0
    report = lungrt.Pipeline(native_bundle, engine="native", profile="book").run(lungrt.read_ct(ct))
    assert output.read_text(encoding="utf-8") == report.to_csv(candidates=candidates)


@pytest.mark.parametrize("suffix", ["nii.gz", "nrrd", "mha"])
def test_masks(native: Path, native_bundle: Path, ct: Path, tmp_path: Path, suffix: str) -> None:
    arguments = ("diagnose", ct, "--bundle", native_bundle, "--profile", "book")
    options = ("--mask-format", suffix, "--save-masks")
    for name, command in (("native", lambda *a: run(native, *a)), ("python", python)):
        done = command(*arguments, *options, tmp_path / name)
        assert done.returncode == 0, done.stderr
    files = sorted(path.name for path in (tmp_path / "native").iterdir())
    assert files == [f"{name}.{suffix}" for name in ("labels", "lung_field", "nodule_mask")]
    for name in files:
        mine, other = (
            SimpleITK.ReadImage(str(tmp_path / folder / name)) for folder in ("native", "python")
        )
        assert mine.GetPixelID() == other.GetPixelID()
        assert np.array_equal(
            SimpleITK.GetArrayViewFromImage(mine), SimpleITK.GetArrayViewFromImage(other)
        )
        for part in ("GetOrigin", "GetSpacing", "GetDirection"):
            assert getattr(mine, part)() == pytest.approx(getattr(other, part)(), abs=1e-6)


def test_lines(native: Path, native_bundle: Path, ct: Path) -> None:
    done = run(native, "diagnose", ct, "--bundle", native_bundle, "--profile", "book")
    report = lungrt.Pipeline(native_bundle, engine="native", profile="book").run(lungrt.read_ct(ct))
    lines = done.stdout.splitlines()
    for number, (line, nodule) in enumerate(zip(lines, report.nodules, strict=False), start=1):
        center = ", ".join(f"{value:.1f}" for value in nodule.center_mm)
        assert line.startswith(f"nodule {number}: centre ({center}) mm, voxel {nodule.index}, ")
        assert f"diameter {nodule.diameter_mm:.1f} mm, volume {nodule.volume_mm3:.0f} mm³" in line
        assert f"p_nodule {nodule.p_nodule:.3f}" in line
        known = nodule.p_malignant is not None
        assert (f"p_malignant {nodule.p_malignant:.3f}" if known else "p_nodule") in line
    count = len(report.nodules)
    assert lines[count].startswith(f"{count} nodules of {len(report.candidates)} candidates in ")
    assert lines[count + 1].startswith("profile book, engine native (")
    assert lines[-1] == "lungrt is a research tool, not a medical device."
    assert done.stderr == ""


def on_terminal(program: Path, *arguments: object) -> str:
    """Run a program whose stderr is a terminal; return what it showed there."""
    controller, terminal = pty.openpty()
    subprocess.run(
        [program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=terminal, check=True
    )
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # how Linux reports the end of what a terminal was sent
        while part := os.read(controller, 4096):
            shown += part
    os.close(controller)
    return shown.decode().replace("\r", "")


def test_stages_on_a_terminal(native: Path, native_bundle: Path, ct: Path) -> None:
    arguments = ("diagnose", ct, "--bundle", native_bundle, "--profile", "book")
    assert on_terminal(native, *arguments) == "segment ...\nclassify ...\nmalignancy ...\n"
    assert on_terminal(native, *arguments, "--no-progress") == ""
    verify = ("verify", native_bundle, "--formats", "safetensors")
    assert on_terminal(native, *verify).startswith("network 1 of ")
    assert on_terminal(native, *verify, "--no-progress") == ""


def test_another_engine(native: Path, native_bundle: Path, ct: Path, tmp_path: Path) -> None:
    torch = Path(pytest.importorskip("torch").__file__).parent / "lib"
    if not any(e.name == "torchscript" and e.library for e in lungrt.engines()):
        pytest.skip("the TorchScript engine was not built")
    locate_libraries()
    options = ("--profile", "book", "--engine", "torchscript", "--candidates")
    done = run(
        native,
        *("diagnose", ct, "--bundle", native_bundle, *options),
        *("--engine-runtime", f"torchscript={torch}", "--output", tmp_path / "report.json"),
    )
    assert done.returncode == 0, done.stderr
    mine = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    other = lungrt.Pipeline(native_bundle, engine="torchscript", profile="book").run(ct).to_dict()
    assert mine["engine"] == "torchscript"
    assert_same(mine["candidates"], other["candidates"])


def test_process_holds_neither_python_nor_torch(native: Path) -> None:
    listed = subprocess.run(["ldd", native], capture_output=True, text=True, check=True).stdout
    assert "liblungrt_io.so" in listed
    assert "not found" not in listed
    assert not re.search(r"python|torch|onnxruntime|cuda", listed.replace(str(native.parent), ""))


@pytest.mark.parametrize("command", ["diagnose", "info", "verify"])
def test_help_has_an_example(native: Path, command: str) -> None:
    done = run(native, command, "--help")
    assert done.returncode == 0
    assert f"Example: lungrt-native {command} " in done.stdout


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (("--time-limit", "0"), "--time-limit: expected a number of seconds greater than 0"),
        (("--time-limit", "inf"), "--time-limit: expected a number of seconds greater than 0"),
        (("--memory-limit", "KiB"), "--memory-limit KiB: expected a number of bytes, or a number"),
        (("--memory-limit", "1TB"), "expected a number of bytes, or a number with K, M, G"),
        (("--memory-limit", "1."), "expected a number of bytes, or a number"),
        (("--memory-limit", ".5G"), "expected a number of bytes, or a number"),
        (("--memory-limit", "1.5.5G"), "expected a number of bytes, or a number"),
        (("--memory-limit", "0.1"), "expected a number of bytes, or a number"),
        (("--memory-limit", "9223372036854775808"), "expected a number of bytes, or a number"),
        (("--memory-limit", " 1.5 Kib "), "max_memory_bytes = 1,536"),
        (("--time-limit", "1e-9"), "second"),
    ],
)
def test_limits(
    native: Path, native_bundle: Path, ct: Path, limits: tuple[str, ...], message: str
) -> None:
    done = run(native, "diagnose", ct, "--bundle", native_bundle, "--profile", "book", *limits)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr


def test_limits_that_suffice(native: Path, native_bundle: Path, ct: Path) -> None:
    limits = ("--time-limit", "600", "--memory-limit", "4GiB")
    done = run(native, "diagnose", ct, "--bundle", native_bundle, "--profile", "book", *limits)
    assert done.returncode == 0, done.stderr


def test_version(native: Path) -> None:
    done = run(native, "--version")
    assert (done.returncode, done.stdout) == (0, f"{lungrt.__version__}\n")


def test_without_arguments(native: Path) -> None:
    done = run(native)
    assert done.returncode == 2
    assert "diagnose" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("diagnose",), "CT"),
        (("nothing",), "nothing"),
        (("diagnose", "CT"), "--bundle"),
        (("diagnose", "CT", "--bundle", "B", "--threads", "0"), "--threads"),
        (("diagnose", "CT", "--bundle", "B", "--mask-format", "png"), "--mask-format"),
        (("diagnose", "CT", "--bundle", "B", "--output", "x.txt"), "unknown kind of output"),
        (("diagnose", "CT", "--bundle", "B", "--output", "x.html"), "expected .json or .csv"),
        (("diagnose", "CT", "--bundle", "B", "--output", "/nowhere/x.json"), "cannot be written"),
        (("diagnose", "CT", "--bundle", "B", "--output", "/tmp.json/.."), "unknown kind of output"),
        (("diagnose", "CT", "--bundle", "nowhere"), "no bundle at nowhere"),
        (("diagnose", "CT", "--bundle", "B", "--engine-option", "x"), "expected NAME=VALUE"),
        (("diagnose", "CT", "--bundle", "B", "--engine-runtime", "x=y"), "unknown engine"),
        (("verify", "B", "--engine-runtime", "x"), "--engine-runtime x: expected NAME=FOLDER"),
        (
            ("diagnose", "CT", "--bundle", "B", "--kernels", "direct", *KERNELS),
            "given twice",
        ),
        (("diagnose", "CT", "--bundle", "B", "--save-masks", "/proc/masks"), "folder for masks"),
        (("info", "nowhere"), "no bundle at nowhere"),
        (("verify", "nowhere"), "no bundle at nowhere"),
        (("verify", "B", "--json", "x.csv"), "unknown kind of output"),
    ],
)
def test_what_is_wrong(native: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run(native, *arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_ct_that_does_not_exist(native: Path, native_bundle: Path, tmp_path: Path) -> None:
    done = run(native, "diagnose", tmp_path / "ct", "--bundle", native_bundle)
    other = python("diagnose", tmp_path / "ct", "--bundle", native_bundle)
    assert done.returncode == other.returncode == 2
    assert done.stderr == other.stderr


def test_no_lungs(native: Path, native_bundle: Path, ct: Path, tmp_path: Path) -> None:
    output = tmp_path / "report.json"
    output.write_text("older")
    done = run(native, "diagnose", ct, "--bundle", native_bundle, "--output", output)
    assert done.returncode == 2
    assert done.stderr == python("diagnose", ct, "--bundle", native_bundle).stderr
    assert output.read_text() == "older"
    assert list(tmp_path.iterdir()) == [output]


def test_interrupt_leaves_everything_as_it_was(
    native: Path, native_bundle: Path, tmp_path: Path
) -> None:
    hu = np.random.default_rng(0).integers(-1000, 400, (200, 512, 512), dtype=np.int16)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(hu), str(tmp_path / "ct.mha"))
    output = tmp_path / "report.json"
    output.write_text("older")
    arguments = ["diagnose", tmp_path / "ct.mha", "--bundle", native_bundle, "--profile", "book"]
    with subprocess.Popen(
        [native, *map(str, arguments), "--output", output, "--threads", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not list(tmp_path.glob(".lungrt-new-*")):  # its file aside: it catches signals now
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert (out, err) == ("", "cancelled, nothing written\n")
    assert output.read_text() == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ct.mha", "report.json"]


def test_info(native: Path, native_bundle: Path) -> None:
    done = run(native, "info", native_bundle, "--json")
    assert done.returncode == 0, done.stderr
    mine = json.loads(done.stdout)
    other = json.loads(python("info", native_bundle, "--json").stdout)
    assert set(mine) == set(other) - {"notes"}  # of Python's own packages
    assert mine["bundle"] == other["bundle"]
    assert [e["name"] for e in mine["engines"]] == [e["name"] for e in other["engines"]]
    assert [set(e) for e in mine["engines"]] == [set(e) for e in other["engines"]]
    assert mine["versions"]["lungrt"] == other["versions"]["lungrt"]
    assert {"zlib", "GDCM"} <= set(mine["versions"])
    text = run(native, "info", native_bundle).stdout
    (native_engine,) = (e for e in lungrt.engines() if e.name == "native")
    assert f"lungrt {lungrt.__version__}\n" in text
    used = native_engine.devices[0]
    assert re.search(r"^cpu \((avx512|avx512_intel|avx2|portable)\)$", used)
    assert f"; {used}: fp32\n" in text
    assert "segmentation: unet, input batch x " in text
    assert "bundle format 1, exported " in text


def test_info_of_a_ct(native: Path, ct_folder: Path, tmp_path: Path, image: Any) -> None:
    path = tmp_path / "ct.mha"
    SimpleITK.WriteImage(image(), str(path))
    for place in (ct_folder, ct_folder / "slice001.dcm", path):
        mine = json.loads(run(native, "info", place, "--json").stdout)
        assert mine["ct"] == json.loads(python("info", place, "--json").stdout)["ct"]
    assert "6 slices  CT  chest, 0.7 x 0.8 x 2.5 mm" in run(native, "info", ct_folder).stdout
    (tmp_path / "empty").mkdir()
    done = run(native, "info", tmp_path / "empty")
    assert done.returncode == 2
    assert "is not a bundle" in done.stderr
    assert "no CT" in done.stderr
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", ct_folder)
    done = run(native, "info", archive)
    assert "a zip archive, which this library does not open" in done.stderr


def test_info_of_a_damaged_bundle(native: Path, native_bundle: Path, tmp_path: Path) -> None:
    bundle = damaged(native_bundle, tmp_path)
    done = run(native, "info", bundle)
    assert done.returncode == 2
    assert "bundle format 1" in done.stdout
    assert "is damaged" in done.stderr


def damaged(bundle: Path, folder: Path) -> Path:
    copy = folder / "damaged"
    for path in bundle.rglob("*"):
        if path.is_file():
            target = copy / path.relative_to(bundle)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    weights = copy / "nodule" / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    return copy


def test_verify(native: Path, native_bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    done = run(native, "verify", native_bundle, "--formats", "safetensors", "--json", path)
    assert done.returncode == 0, done.stderr
    assert "comparisons, all in tolerance" in done.stdout
    mine = json.loads(path.read_text(encoding="utf-8"))
    other_path = tmp_path / "other.json"
    python("verify", native_bundle, "--formats", "safetensors", "--json", other_path)
    other = [
        row
        for row in json.loads(other_path.read_text(encoding="utf-8"))
        if row["runtime"] == "lungrt native"
    ]
    assert len(mine) == len(other) > 0
    assert_same(mine, other, "rows")


def test_verify_of_a_format_that_is_not_there(native: Path, native_bundle: Path) -> None:
    done = run(native, "verify", native_bundle, "--formats", "onnx")
    assert done.returncode == 2
    assert "format 'onnx'" in done.stderr


def test_verify_of_a_damaged_bundle(native: Path, native_bundle: Path, tmp_path: Path) -> None:
    done = run(native, "verify", damaged(native_bundle, tmp_path))
    assert done.returncode == 2
    assert "is damaged" in done.stderr


def test_verify_finds_what_is_out_of_tolerance(
    native: Path, native_bundle: Path, tmp_path: Path
) -> None:
    bundle = damaged(native_bundle, tmp_path)
    good = native_bundle / "nodule" / "weights.safetensors"
    (bundle / "nodule" / "weights.safetensors").write_bytes(good.read_bytes())
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    manifest["stages"]["nodule"]["tolerance"]["cpu"]["absolute"] = 0.0
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    done = run(native, "verify", bundle, "--formats", "safetensors")
    assert done.returncode == 2
    assert "out of tolerance" in done.stderr
    assert re.search(r"^nodule 0, native, .*: failed, .*tolerated 0\)", done.stdout, re.MULTILINE)
    assert re.search(r"^segmentation 0, native, .*: ok, ", done.stdout, re.MULTILINE)
