"""Measure how long the C++ library and SimpleITK take to read a DICOM series.

The readers take turns in rounds, so that changes in the machine's speed affect all of them.

Example: python tools/bench_reading.py ../shared/reference/ct/LIDC-IDRI-0001 --rounds 15
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray

import lungrt

READER = Path(__file__).parents[1] / "build" / "python" / "cpp" / "lungrt_read_ct"


def drop_from_cache(folder: Path) -> None:
    """Drop a folder's files from the page cache (a hypervisor may still cache them)."""
    for path in folder.iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def simpleitk_series(folder: Path) -> SimpleITK.Image:
    """Read a series as in SimpleITK's documentation."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def seconds_of(read: Callable[[], object]) -> float:
    """Return the seconds of one call."""
    start = time.perf_counter()
    read()
    return time.perf_counter() - start


class NativeReader:
    """Process that reads with the C++ library and measures its own time."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def read(self, folder: Path, threads: int, voxels: Path | None = None) -> float:
        """Read a folder and return the seconds that it took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"path": str(folder), "threads": threads}
        if voxels is not None:
            request["voxels"] = str(voxels)
        print(json.dumps(request), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise SystemExit(answer["message"])
        return float(answer["seconds"])

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def require_equal_voxels(native: NativeReader, folder: Path, threads: int) -> None:
    """Exit with an error unless the C++ library and SimpleITK read the same voxels."""
    expected: NDArray[np.int16] = SimpleITK.GetArrayFromImage(simpleitk_series(folder))
    with tempfile.TemporaryDirectory() as aside:
        voxels = Path(aside) / "voxels.raw"
        native.read(folder, threads, voxels)
        found = np.fromfile(voxels, np.int16).reshape(expected.shape)
    if not np.array_equal(found, expected):
        raise SystemExit(f"{folder}: the C++ library and SimpleITK read different voxels")
    print(f"{folder.name}: {expected.shape[0]} slices; both readers read the same voxels")


def main() -> None:
    """Measure, and print medians with minimum and maximum."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with the slices of the series")
    parser.add_argument("--rounds", type=int, default=15, help="number of rounds (default 15)")
    parser.add_argument(
        "--threads", type=int, default=0, help="threads of the C++ library; 0 (default) means all"
    )
    parser.add_argument(
        "--reader", type=Path, default=READER, help="program lungrt_read_ct of a build"
    )
    given = parser.parse_args()
    native = NativeReader(given.reader)
    require_equal_voxels(native, given.folder, given.threads)
    readers: dict[str, Callable[[], float]] = {
        "SimpleITK ImageSeriesReader": lambda: seconds_of(lambda: simpleitk_series(given.folder)),
        "lungrt.read_ct (Python)": lambda: seconds_of(lambda: lungrt.read_ct(given.folder)),
        "lungrt::read_ct, 1 thread": lambda: native.read(given.folder, 1),
        "lungrt::read_ct": lambda: native.read(given.folder, given.threads),
    }
    for cold in (False, True):
        times: dict[str, list[float]] = {name: [] for name in readers}
        for number in range(given.rounds):
            order = list(readers)
            # Each round begins with another reader.
            for name in order[number % len(order) :] + order[: number % len(order)]:
                if cold:
                    drop_from_cache(given.folder)
                times[name].append(readers[name]())
        print("files not in the page cache" if cold else "files in the page cache")
        for name, seconds in times.items():
            print(
                f"  {name:<30} {1e3 * statistics.median(seconds):7.1f} ms  "
                f"({1e3 * min(seconds):.1f} - {1e3 * max(seconds):.1f})"
            )
    native.close()


if __name__ == "__main__":
    main()
