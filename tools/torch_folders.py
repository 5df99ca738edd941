"""Fetch what engines on several torch versions are built with: headers and two libraries.

    python tools/torch_folders.py build/torches 2.11 2.12 2.13 2.14

asks pip for each (the CUDA build of a torch is half a gigabyte to download; a tenth of that is
kept) and prints the folders, separated by semicolons, as CMake's LUNGRT_TORCH_FOLDERS takes them.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

NEEDED = re.compile(
    r"torch/(include/.*|version\.py|lib/(libtorch_cpu|libc10)\.so|lib/libgomp[^/]*)"
)


class Failure(Exception):
    """What went wrong, in words."""


def download(minor: str, folder: Path) -> Path:
    """Let pip download the newest torch of a minor version, without what it depends on.

    Returns
    -------
    Path
        The wheel.
    """
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check")
    done = subprocess.run(
        [*pip, "--no-deps", "--only-binary=:all:", "--dest", folder, f"torch=={minor}.*"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Failure(f"pip cannot download torch {minor}:\n{done.stderr.strip()}")
    (wheel,) = folder.glob("torch-*.whl")
    return wheel


def unpack(wheel: Path, target: Path) -> None:
    """Take what is needed of a wheel of torch; the folder is there only when it is whole."""
    aside = target.with_name(target.name + ".new")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if NEEDED.fullmatch(name)]
        if not {"torch/version.py", "torch/lib/libtorch_cpu.so"} <= set(names):
            raise Failure(f"{wheel.name} holds no libtorch_cpu.so: it is no torch for Linux")
        archive.extractall(aside, names)
    aside.rename(target)


def torch_folder(minor: str, target: Path) -> Path:
    """Return the folder of a torch package below `target`, fetched unless it is there."""
    if not re.fullmatch(r"\d+\.\d+", minor):
        raise Failure(f"'{minor}' is no minor version of torch, e.g. 2.13")
    home = target / minor
    if not home.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target) as temporary:
            unpack(download(minor, Path(temporary)), home)
    return home.resolve() / "torch"


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target", type=Path, help="folder that gets a folder for each version")
    parser.add_argument("minor", nargs="+", help="minor version of torch, e.g. 2.13")
    arguments = parser.parse_args()
    try:
        folders = [torch_folder(minor, arguments.target) for minor in arguments.minor]
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    print(";".join(map(str, folders)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
