"""Download the headers and libraries with which engines are built for several torch versions.

    python tools/torch_folders.py build/torches 2.11 2.12 2.13 2.14

downloads each torch with pip (its CUDA build has half a gigabyte, of which a tenth is kept) and
prints the folders, separated by semicolons, in the form that CMake's LUNGRT_TORCH_FOLDERS expects.
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
    """A torch cannot be provided; the message says why."""


def download(minor: str, folder: Path) -> Path:
    """Download the newest torch of a minor version with pip, without its dependencies.

    Returns
    -------
    Path
        The downloaded wheel.
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
    """Unpack the needed files of a torch wheel; the folder appears only when it is complete."""
    aside = target.with_name(target.name + ".new")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if NEEDED.fullmatch(name)]
        if not {"torch/version.py", "torch/lib/libtorch_cpu.so"} <= set(names):
            raise Failure(
                f"{wheel.name} does not contain libtorch_cpu.so, so it is not a torch for Linux"
            )
        archive.extractall(aside, names)
    aside.rename(target)


def torch_folder(minor: str, target: Path) -> Path:
    """Return the folder of a torch package below `target`, after downloading it if necessary."""
    if not re.fullmatch(r"\d+\.\d+", minor):
        raise Failure(f"'{minor}' is not a minor version of torch; expected for example 2.13")
    home = target / minor
    if not home.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target) as temporary:
            unpack(download(minor, Path(temporary)), home)
    return home.resolve() / "torch"


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "target", type=Path, help="folder in which to create a folder for each version"
    )
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
