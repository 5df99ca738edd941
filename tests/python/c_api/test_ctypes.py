"""The whole diagnosis through ctypes: the same report as the Python pipeline's, to the bit."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import c_header
import numpy as np
import pytest
from programs import comparable

import lungrt


@pytest.fixture(scope="module")
def api(library: Path) -> c_header.Api:
    """The library as its header describes it."""
    return c_header.load(library)


class Diagnosis:
    """A pipeline, a volume and their reports through the C interface."""

    def __init__(self, api: c_header.Api, bundle: Path, ct: lungrt.CtVolume, profile: str) -> None:
        self.api = api
        self.hu = np.ascontiguousarray(ct.hu)
        options = api.sized("lungrt_pipeline_options", profile=profile.encode(), threads=2)
        self.pipeline, self.volume = ctypes.c_void_p(), ctypes.c_void_p()
        self.check(
            api.library.lungrt_pipeline_open(
                str(bundle).encode(), ctypes.byref(options), ctypes.byref(self.pipeline)
            )
        )
        geometry = ct.geometry
        description = api.sized(
            "lungrt_volume_description",
            voxels=self.hu.ctypes.data,
            voxels_size=self.hu.nbytes,
            voxel_type=api.LUNGRT_INT16,
            ownership=api.LUNGRT_BORROW,
            shape=self.hu.shape,
            spacing_mm=tuple(geometry.spacing_mm),
            origin_mm=tuple(geometry.origin_mm),
            direction=tuple(np.asarray(geometry.direction).ravel()),
            series_uid=ct.series_uid.encode(),
        )
        self.check(
            api.library.lungrt_volume_create(ctypes.byref(description), ctypes.byref(self.volume))
        )

    def check(self, status: int) -> None:
        assert status == self.api.LUNGRT_OK, self.api.library.lungrt_last_error()

    def status(self, **run_options: Any) -> int:
        report = ctypes.c_void_p()
        options = self.api.sized("lungrt_run_options", **run_options)
        status = self.api.library.lungrt_pipeline_run(
            self.pipeline, self.volume, ctypes.byref(options), ctypes.byref(report)
        )
        assert status == self.api.LUNGRT_OK or not report
        self.api.library.lungrt_report_free(report)
        return int(status)

    def run(self, **run_options: Any) -> ctypes.c_void_p:
        report = ctypes.c_void_p()
        options = self.api.sized("lungrt_run_options", **run_options)
        self.check(
            self.api.library.lungrt_pipeline_run(
                self.pipeline, self.volume, ctypes.byref(options), ctypes.byref(report)
            )
        )
        return report

    def json(self, report: ctypes.c_void_p, with_candidates: int = 1) -> str:
        text = ctypes.c_void_p()
        self.check(self.api.library.lungrt_report_json(report, with_candidates, ctypes.byref(text)))
        try:
            assert text.value is not None
            return ctypes.string_at(text.value).decode()
        finally:
            self.api.library.lungrt_text_free(text)

    def close(self) -> None:
        self.api.library.lungrt_volume_free(self.volume)
        self.api.library.lungrt_pipeline_free(self.pipeline)


@pytest.fixture
def diagnosis(
    api: c_header.Api, native_bundle: Path, small_ct: lungrt.CtVolume
) -> Iterator[Diagnosis]:
    opened = Diagnosis(api, native_bundle, small_ct, "book")
    yield opened
    opened.close()


def test_header_is_what_the_library_has(api: c_header.Api, library: Path) -> None:
    assert api.library.lungrt_c_abi_version() == 1
    assert api.library.lungrt_check_c_abi(2) == api.LUNGRT_UNSUPPORTED_VERSION
    assert api.library.lungrt_version().decode() == lungrt.__version__
    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", "--format=posix", library],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    names = {line.split()[0] for line in symbols}
    assert {name for name in names if name.startswith("lungrt_")} == set(c_header.functions())
    # Everything else that can be seen is C++: mangled names.
    assert [name for name in names if not name.startswith(("_Z", "lungrt_"))] == []


def test_every_error_code_has_its_status(api: c_header.Api) -> None:
    names = {
        api.library.lungrt_status_name(status).decode() for status in range(api.LUNGRT_INTERNAL + 1)
    }
    assert names - {"Ok", "Internal", "Unknown"} == set(lungrt.errors.__all__) - {"Error"}


@pytest.mark.parametrize("with_candidates", [0, 1])
def test_report_is_the_pipelines(
    diagnosis: Diagnosis, native_bundle: Path, small_ct: lungrt.CtVolume, with_candidates: int
) -> None:
    expected = lungrt.Pipeline(native_bundle, threads=2, profile="book").run(small_ct)
    assert len(expected.nodules) > 1
    report = diagnosis.run()
    assert comparable(diagnosis.json(report, with_candidates)) == comparable(
        expected.to_json(with_candidates=bool(with_candidates))
    )
    diagnosis.api.library.lungrt_report_free(report)


def test_callbacks_are_called_and_cancel(diagnosis: Diagnosis) -> None:
    api = diagnosis.api
    seen: list[str] = []
    progress = api.lungrt_progress_callback(
        lambda _, stage, done, total: seen.append(stage.decode())
    )
    assert diagnosis.status(progress=progress) == api.LUNGRT_OK
    assert list(dict.fromkeys(seen)) == ["segment", "classify", "malignancy"]
    cancel = api.lungrt_cancel_callback(lambda _: 7)
    assert diagnosis.status(cancel=cancel) == api.LUNGRT_CANCELLED
    assert b"cancelled while in stage segment" in api.library.lungrt_last_error()


def test_library_needs_no_python_around_it(
    library: Path, native_bundle: Path, tmp_path: Path
) -> None:
    """A process that has ctypes alone opens it, and it loads no engine's library of others."""
    code = f"""
import ctypes, sys
library = ctypes.CDLL({str(library)!r})
pipeline = ctypes.c_void_p()
status = library.lungrt_pipeline_open({str(native_bundle)!r}.encode(), None, ctypes.byref(pipeline))
library.lungrt_pipeline_free(pipeline)
assert status == 0 and "lungrt" not in sys.modules
assert "torch" not in open("/proc/self/maps").read()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
