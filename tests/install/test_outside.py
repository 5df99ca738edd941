"""A project of somebody else, built against a prefix that was moved, diagnoses a CT."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from prefixes import (
    CONSUMER,
    RawCt,
    call,
    diagnose,
    engine_environment,
    engines,
    install,
    runtime_folder,
    succeed,
    tool,
)

import lungrt

ENGINES = ("native", "onnxruntime", "torchscript")
MEGABYTE = 1_000_000
LARGEST_INSTALL = 60 * MEGABYTE


@pytest.fixture(scope="module")
def ct(tmp_path_factory: pytest.TempPathFactory) -> RawCt:
    """Write a small volume of noise."""
    hu = np.random.default_rng(0).integers(-1000, 200, (12, 40, 44), dtype=np.int16)
    geometry = lungrt.Geometry((-10.0, 5.0, 7.5), (0.7, 0.7, 2.5), np.eye(3))
    return RawCt.write(lungrt.CtVolume(hu, geometry), tmp_path_factory.mktemp("ct") / "ct.raw")


@pytest.fixture(scope="module")
def expected(ct: RawCt, bundle: Path) -> dict[str, Any]:
    """What Python says of that volume."""
    hu = np.fromfile(ct.voxels, np.int16).reshape(12, 40, 44)
    geometry = lungrt.Geometry((-10.0, 5.0, 7.5), (0.7, 0.7, 2.5), np.eye(3))
    pipeline = lungrt.Pipeline(bundle, engine="native", profile="book")
    return pipeline.run(lungrt.CtVolume(hu, geometry)).to_dict()


@pytest.fixture(scope="module")
def reference_ct(reference: Path, tmp_path_factory: pytest.TempPathFactory) -> RawCt:
    """Write LIDC-IDRI-0001 as raw voxels."""
    volume = lungrt.read_ct(reference / "ct" / "LIDC-IDRI-0001")
    return RawCt.write(volume, tmp_path_factory.mktemp("reference") / "ct.raw")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn; skips where it was not built or its runtime is not here."""
    name = str(request.param)
    (found,) = (engine for engine in lungrt.engines() if engine.name == name)
    if not found.available:
        pytest.skip(found.reason)
    return name


def assert_same(report: dict[str, Any], expected: dict[str, Any]) -> None:
    """Two reports of one CT agree within what engines differ by."""
    assert len(report["candidates"]) == len(expected["candidates"]) > 0
    for ours, theirs in zip(report["candidates"], expected["candidates"], strict=True):
        assert ours["index"] == list(theirs["index"])
        assert ours["center_mm"] == pytest.approx(list(theirs["center_mm"]))
        assert ours["p_nodule"] == pytest.approx(theirs["p_nodule"], abs=1e-4)


def assert_golden(report: dict[str, Any], reference: Path) -> None:
    """Candidates, order and decisions are those of the book's own code."""
    path = reference / "golden" / "LIDC-IDRI-0001_candidates.csv"
    with path.open(newline="", encoding="utf-8") as file:
        golden = list(csv.DictReader(file))
    places = [[int(row[name]) for name in ("index", "row", "col")] for row in golden]
    assert [candidate["index"] for candidate in report["candidates"]] == places
    ours = np.array([candidate["p_nodule"] for candidate in report["candidates"]])
    theirs = np.array([float(row["p_nodule"]) for row in golden])
    np.testing.assert_array_equal(ours > 0.5, theirs > 0.5)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-3)
    assert len(report["nodules"]) == 7


def test_cmake(
    consumer: Path, bundle: Path, engine: str, ct: RawCt, expected: dict[str, Any]
) -> None:
    report = diagnose(consumer / "consumer", bundle, engine, ct)
    assert report["engine"] == engine
    assert_same(report, expected)


@pytest.mark.parametrize("engine", ["native", "torchscript"], indirect=True)
def test_reference_ct(
    consumer: Path, reference_bundle: Path, engine: str, reference_ct: RawCt, reference: Path
) -> None:
    """ONNX Runtime's turn comes with the application below."""
    report = diagnose(consumer / "consumer", reference_bundle, engine, reference_ct)
    assert report["engine"] == engine
    assert_golden(report, reference)


def test_engines_are_those_of_the_moved_prefix(consumer: Path, prefix: Path) -> None:
    folders = {name: engine_environment(name) for name in ("onnxruntime", "torchscript")}
    env = {key: value for folder in folders.values() for key, value in folder.items()}
    found = engines(consumer / "consumer", **env)
    libraries = {p.stem.removeprefix("liblungrt_"): p for p in prefix.glob("lib/liblungrt_*.so")}
    for name in ("onnxruntime", "torchscript", "aotinductor"):
        if name in libraries:
            assert Path(found[name]["library"]).resolve() == libraries[name]
            assert found[name]["available"] == "1", found[name]["reason"]


def test_engine_path_leads_to_engines_that_lie_elsewhere(
    compiled: Path, consumer: Path, tmp_path: Path
) -> None:
    """The core is alone in its folder; the engine is named by LUNGRT_ENGINE_PATH."""
    install(tmp_path / "core", "core")
    install(tmp_path / "engine", "onnxruntime")
    program = consumer / "consumer"
    env = {"LD_LIBRARY_PATH": str(tmp_path / "core/lib")}  # before the program's own RUNPATH
    absent = engines(program, **env)["onnxruntime"]
    assert absent["available"] == "0"
    assert f"no liblungrt_onnxruntime.so in {tmp_path / 'core/lib'}" in absent["reason"]
    env |= {"LUNGRT_ENGINE_PATH": f"/nowhere:{tmp_path / 'engine/lib'}"}
    named = engines(program, **env, **engine_environment("onnxruntime"))["onnxruntime"]
    assert named["available"] == "1", named["reason"]
    assert named["library"] == str(tmp_path / "engine/lib/liblungrt_onnxruntime.so")


def test_pkg_config(
    prefix: Path, bundle: Path, ct: RawCt, expected: dict[str, Any], tmp_path: Path
) -> None:
    flags = succeed(
        tool("pkg-config"),
        *("--cflags", "--libs", "lungrt"),
        env={"PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")},
    ).split()
    program = tmp_path / "consumer"
    rpath = f"-Wl,-rpath,{prefix / 'lib'}"
    succeed(tool("c++"), "-std=c++17", CONSUMER / "main.cpp", "-o", program, *flags, rpath)
    for engine in ENGINES[:2]:
        assert_same(diagnose(program, bundle, engine, ct), expected)


def test_static_core_opens_engines_beside_the_program(
    consumer: Path, prefix: Path, bundle: Path, ct: RawCt, expected: dict[str, Any], tmp_path: Path
) -> None:
    """Called by its bare name, from another folder: it still knows where it lies."""
    built = consumer / "consumer_static"
    if not built.exists():
        pytest.skip("built without LUNGRT_BUILD_STATIC")
    assert "liblungrt" not in succeed(tool("readelf"), "-d", built)
    program = tmp_path / "static_consumer"
    shutil.copy(built, program)
    assert_same(diagnose(program, bundle, "native", ct), expected)

    absent = call(program, bundle, "onnxruntime", ct.voxels, input=ct.place)
    assert absent.returncode == 1
    assert f"no liblungrt_onnxruntime.so in {tmp_path}" in absent.stderr

    shutil.copy(prefix / "lib/liblungrt_onnxruntime.so", tmp_path)
    env = {**engine_environment("onnxruntime"), "PATH": str(tmp_path)}
    by_name = succeed(
        "sh", "-c", "static_consumer", env={**env, "PATH": f"{tmp_path}:/usr/bin:/bin"}
    )
    assert str(tmp_path / "liblungrt_onnxruntime.so") in by_name
    assert_same(diagnose(program, bundle, "onnxruntime", ct), expected)


@pytest.fixture(scope="module")
def reader(consumer: Path) -> Path:
    """Path of the program that reads with lungrt::io."""
    program = consumer / "reader"
    if not program.exists():
        pytest.skip("built without the readers of DICOM and image files")
    return program


def write_dicom(image: SimpleITK.Image, folder: Path) -> None:
    """Write a file a slice."""
    folder.mkdir()
    writer = SimpleITK.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for k in range(image.GetDepth()):
        plane = image[:, :, k]
        position = image.TransformIndexToPhysicalPoint((0, 0, k))
        plane.SetMetaData("0008|0060", "CT")
        plane.SetMetaData("0020|000e", "1.2.3")
        plane.SetMetaData("0020|0032", "\\".join(map(str, position)))
        plane.SetMetaData("0020|0037", "1\\0\\0\\0\\1\\0")
        writer.SetFileName(str(folder / f"{k}.dcm"))
        writer.Execute(plane)


@pytest.mark.parametrize("name", ["ct.mha", "ct.nii.gz", "ct.nrrd", "dicom"])
def test_component_io(reader: Path, tmp_path: Path, name: str) -> None:
    hu = np.random.default_rng(0).integers(-1000, 200, (4, 5, 6), dtype=np.int16)
    image = SimpleITK.GetImageFromArray(hu)
    image.SetSpacing((0.5, 0.75, 2.0))
    image.SetOrigin((-10.0, 5.0, 7.5))
    if name == "dicom":
        write_dicom(image, tmp_path / name)
    else:
        SimpleITK.WriteImage(image, str(tmp_path / name))
    printed = succeed(reader, tmp_path / name, tmp_path / "voxels.raw")
    assert printed == "4 5 6 0.5 0.75 2 -10 5 7.5\n"
    assert (tmp_path / "voxels.raw").read_bytes() == hu.tobytes()


def test_component_io_refuses_in_words(reader: Path, tmp_path: Path) -> None:
    done = call(reader, tmp_path / "ct.mha", tmp_path / "voxels.raw")
    assert done.returncode == 1
    assert done.stderr.startswith(f"Io: {tmp_path / 'ct.mha'}: no such file or folder")


def test_headers_of_another_version_are_refused(prefix: Path, tmp_path: Path) -> None:
    """The loader is content; the program's first call is not."""
    headers = tmp_path / "include"
    shutil.copytree(prefix / "include", headers)
    version = headers / "lungrt" / "version.h"
    text, replaced = re.subn(
        r'(#define LUNGRT_VERSION) "[^"]*"', r'\1 "0.99.0"', version.read_text()
    )
    assert replaced == 1
    version.write_text(text)
    program = tmp_path / "consumer"
    lib = prefix / "lib"
    libraries = (f"-L{lib}", "-llungrt", f"-Wl,-rpath,{lib}")
    arguments = ("-std=c++17", f"-I{headers}", CONSUMER / "main.cpp", "-o", program, *libraries)
    succeed(tool("c++"), *arguments)
    done = call(program)
    assert done.returncode == 1
    assert (
        "UnsupportedVersion: this program was compiled with the headers of lungrt 0.99.0"
        in done.stderr
    )
    assert f"runs with the library of lungrt {lungrt.__version__}" in done.stderr


@pytest.fixture(scope="module")
def application(consumer: Path, prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the outside project with core, engine and ONNX Runtime, and move it."""
    folder = tmp_path_factory.mktemp("application")
    succeed(tool("cmake"), "--install", consumer, "--prefix", folder / "before")
    runtime = runtime_folder("onnxruntime", "capi")
    if runtime is None:
        pytest.skip("needs the package onnxruntime")
    (library,) = runtime.glob("libonnxruntime.so.*")
    shutil.copy(library, folder / "before/lib/libonnxruntime.so.1")
    (folder / "before").rename(folder / "moved")
    return folder / "moved"


def test_application_with_onnxruntime_is_small_and_whole(application: Path) -> None:
    """At most 60 MB with everything that it loads, and none of that is LibTorch."""
    files = [path for path in application.rglob("*") if path.is_file()]
    abi = ".".join(lungrt.__version__.split(".")[:2])
    assert sorted(str(path.relative_to(application)) for path in files) == [
        "bin/consumer",
        f"lib/liblungrt.so.{abi}",
        "lib/liblungrt_onnxruntime.so",
        "lib/libonnxruntime.so.1",
    ]
    total = sum(path.stat().st_size for path in files)
    print(f"application with core and ONNX Runtime: {total / MEGABYTE:.1f} MB")
    assert total <= LARGEST_INSTALL
    for path in files:
        needed = call(tool("ldd"), path).stdout
        assert "not found" not in needed, f"{path}: {needed}"
        assert not re.search("torch|libc10|gomp|cuda", needed), f"{path}: {needed}"
    found = engines(application / "bin/consumer")
    assert found["onnxruntime"]["available"] == "1", found["onnxruntime"]["reason"]
    assert found["torchscript"]["available"] == "0"
    assert "torchscript is not installed" in found["torchscript"]["reason"]


def test_application_diagnoses_the_reference_ct(
    application: Path, reference_bundle: Path, reference_ct: RawCt, reference: Path
) -> None:
    """ONNX Runtime is found beside the engine: nothing is set in the environment."""
    arguments = (reference_bundle, "onnxruntime", reference_ct.voxels)
    printed = succeed(application / "bin/consumer", *arguments, input=reference_ct.place)
    report = json.loads(printed)
    assert report["engine"] == "onnxruntime"
    assert_golden(report, reference)
