"""Reading a DICOM series: the C++ library beside SimpleITK's series reader, in interleaved rounds.

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
    """Ask the system to forget a folder's files (its hypervisor may still remember them)."""
    for path in folder.iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def simpleitk_series(folder: Path) -> SimpleITK.Image:
    """Read the way SimpleITK's own documentation does."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def seconds_of(read: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    read()
    return time.perf_counter() - start


class NativeReader:
    """The C++ library in a process of its own, which times itself."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def read(self, folder: Path, threads: int, voxels: Path | None = None) -> float:
        """Return the seconds of one reading."""
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
    """Compare what both read before anything is timed."""
    expected: NDArray[np.int16] = SimpleITK.GetArrayFromImage(simpleitk_series(folder))
    with tempfile.TemporaryDirectory() as aside:
        voxels = Path(aside) / "voxels.raw"
        native.read(folder, threads, voxels)
        found = np.fromfile(voxels, np.int16).reshape(expected.shape)
    if not np.array_equal(found, expected):
        raise SystemExit(f"{folder}: the readers give different voxels")
    print(f"{folder.name}: {expected.shape[0]} slices, equal voxels")


def main() -> None:
    """Measure, and print medians and ranges."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=0, help="of the C++ library; 0: all")
    parser.add_argument("--reader", type=Path, default=READER)
    given = parser.parse_args()
    native = NativeReader(given.reader)
    require_equal_voxels(native, given.folder, given.threads)
    contenders: dict[str, Callable[[], float]] = {
        "SimpleITK ImageSeriesReader": lambda: seconds_of(lambda: simpleitk_series(given.folder)),
        "lungrt.read_ct (Python)": lambda: seconds_of(lambda: lungrt.read_ct(given.folder)),
        "lungrt::read_ct, 1 thread": lambda: native.read(given.folder, 1),
        "lungrt::read_ct": lambda: native.read(given.folder, given.threads),
    }
    for cold in (False, True):
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for number in range(given.rounds):
            order = list(contenders)
            # Each round begins with another one.
            for name in order[number % len(order) :] + order[: number % len(order)]:
                if cold:
                    drop_from_cache(given.folder)
                times[name].append(contenders[name]())
        print("not in the page cache" if cold else "in the page cache")
        for name, all_of_it in times.items():
            print(
                f"  {name:<30} {1e3 * statistics.median(all_of_it):7.1f} ms  "
                f"({1e3 * min(all_of_it):.1f} - {1e3 * max(all_of_it):.1f})"
            )
    native.close()


if __name__ == "__main__":
    main()
