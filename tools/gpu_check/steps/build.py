"""A build on the GPU machine itself, where the binaries that were brought do not load."""

from __future__ import annotations

import os
import sys
import tarfile
from pathlib import Path

from gpu_check.binaries import build_package
from gpu_check.job import Job
from gpu_check.machine import Absent


def run(job: Job) -> None:
    """Unpack the sources below the prepared folder and compile them with all processors.

    Raises
    ------
    Absent
        The folder has no sources.
    """
    if not job.folder.sources.is_file():
        raise Absent("the folder has no sources; it was prepared without a build")
    home = job.folder.root / "built"
    sources = home / "sources"
    with tarfile.open(job.folder.sources) as archive:
        archive.extractall(sources, filter="data")
    build_package(
        sources,
        python=Path(sys.executable),
        build=home / "build",
        package=home / "package",
        defines=needed_defines(sources / "needed"),
        jobs=len(os.sched_getaffinity(0)),
    )


def needed_defines(needed: Path) -> dict[str, str]:
    """Return CMake's variables for the libraries that were packed with the sources."""
    return {
        "LUNGRT_NLOHMANN_JSON_INCLUDE": str(needed / "include"),
        "ZLIB_INCLUDE_DIR": str(needed / "include"),
        "ZLIB_LIBRARY": str(needed / "lib" / "libz.so"),
        "LUNGRT_ENGINE_ONNXRUNTIME": "OFF",
        "LUNGRT_CUDA": "AUTO",
    }
