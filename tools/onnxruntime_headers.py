"""Download ONNX Runtime's C and C++ headers into a folder; called by `make setup`.

The library itself comes with the Python package `onnxruntime`, which has no headers. Debian's
package libonnxruntime-dev has them, and headers of one version work with libraries of any newer
one. If the system's apt sources do not have that package (Debian 12), a temporary copy of the
sources is pointed to the release that has it. The copy has package lists and a cache of its own, so
that nothing on the system changes and no root privileges are needed.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HEADER = "onnxruntime_cxx_api.h"
PACKAGE = "libonnxruntime-dev"
DEBIAN_RELEASE = "trixie"  # the first with the package
SYSTEM_FOLDERS = ("include", "include/onnxruntime", "include/onnxruntime/core/session")


class Failure(Exception):
    """The headers cannot be provided; the message says why."""


def installed_headers() -> Path | None:
    """Return the folder of installed headers that CMake finds by itself; None if there is none."""
    roots = [Path("/usr"), Path("/usr/local")]
    if os.environ.get("ONNXRUNTIME_ROOT"):
        roots.insert(0, Path(os.environ["ONNXRUNTIME_ROOT"]))
    folders = [root / folder for root in roots for folder in SYSTEM_FOLDERS]
    return next((folder for folder in folders if (folder / HEADER).is_file()), None)


def debian_main_sources(text: str, codename: str, *, deb822: bool) -> str:
    """Return the entries of Debian's main archive in an apt source file, for `DEBIAN_RELEASE`.

    Parameters
    ----------
    text
        Content of the file.
    codename
        Codename of the system's own release, e.g. ``bookworm``.
    deb822
        Whether the file has the format deb822 (``.sources``) instead of one source per line.
    """
    if deb822:
        stanzas = re.split(r"\n\s*\n", text)
        return "\n\n".join(
            re.sub(r"(?m)^Suites:.*$", f"Suites: {DEBIAN_RELEASE}", stanza)
            for stanza in stanzas
            if re.search(rf"(?m)^Suites:(.*\s)?{codename}(\s|$)", stanza)
            and re.search(r"(?m)^Types:.*\bdeb(\s|$)", stanza)
        )
    kept = re.findall(rf"(?m)^deb\s+(?:\[[^]]*\]\s+)?\S+\s+{codename}\s.*$", text)
    return "\n".join(re.sub(rf"\s{codename}\s", f" {DEBIAN_RELEASE} ", line) for line in kept)


def write_side_sources(folder: Path, configuration: Path = Path("/etc/apt")) -> None:
    """Write copies of the system's Debian sources, changed to `DEBIAN_RELEASE`, to a folder."""
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "sid")
    files = [configuration / "sources.list", *sorted(configuration.glob("sources.list.d/*"))]
    written = 0
    for path in files:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        moved = debian_main_sources(text, codename, deb822=path.suffix == ".sources")
        if moved:
            (folder / path.name).write_text(moved + "\n", encoding="utf-8")
            written += 1
    if not written:
        raise Failure(f"{configuration} contains no source of Debian {codename}")


def side_options(work: Path) -> list[str]:
    """Create separate folders for apt in `work`, and return the options that make apt use them."""
    for folder in ("sources", "lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    write_side_sources(work / "sources")
    return [
        "-oDir::Etc::sourcelist=/dev/null",
        f"-oDir::Etc::sourceparts={work / 'sources'}",
        f"-oDir::State::lists={work / 'lists'}",
        f"-oDir::Cache={work / 'cache'}",
    ]


def run(command: list[str], folder: Path, earlier_warnings: str = "") -> str:
    """Run a command quietly and return its warnings.

    If it fails, the error message contains its output, after the warnings of an earlier command.
    """
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        output = f"{earlier_warnings}{done.stderr or done.stdout}".strip()
        raise Failure(f"{' '.join(command)} failed:\n{output}")
    return done.stderr


def own_sources_have_it() -> bool:
    """Return whether the system's own package lists contain the package."""
    known = subprocess.run(
        ["apt-cache", "show", PACKAGE], capture_output=True, text=True, check=False
    )
    return known.returncode == 0 and bool(known.stdout)


def fetch(work: Path) -> Path:
    """Download and unpack the package, and return the folder of its headers."""
    if own_sources_have_it():
        run(["apt-get", "download", PACKAGE], work)
    else:
        options = side_options(work)
        # Sources that do not answer cause warnings, which matter only if the download fails.
        warnings = run(["apt-get", *options, "update"], work)
        run(["apt-get", *options, "download", PACKAGE], work, warnings)
    (package,) = work.glob("*.deb")
    run(["dpkg-deb", "--extract", str(package), "unpacked"], work)
    found = next(headers_below(work / "unpacked"), None)
    if found is None:
        raise Failure(f"{package.name} does not contain {HEADER}")
    return found


def headers_below(folder: Path) -> Iterator[Path]:
    """Return the folders that contain the header."""
    return (path.parent for path in folder.rglob(HEADER))


def apt_can_have_it() -> bool:
    """Return whether this is Debian, or a system with apt whose sources have the package."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return False
    return platform.freedesktop_os_release().get("ID") == "debian" or own_sources_have_it()


def install(target: Path) -> str:
    """Put the headers into `target`, unless they are there already or CMake finds others.

    Returns
    -------
    str
        Message about what was done; empty if there was nothing to do.
    """
    if (target / HEADER).is_file() or installed_headers():
        return ""
    if not apt_can_have_it():
        return (
            "the headers of ONNX Runtime are not installed and cannot be downloaded on this "
            "system, so lungrt is built without that engine; to build it, set ONNXRUNTIME_ROOT "
            "to the folder of an unpacked ONNX Runtime release"
        )
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        work.chmod(0o755)  # apt downloads as a user of its own
        headers = fetch(work)
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(target.name + ".new")
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(headers, aside)
        aside.rename(target)
    return f"downloaded the headers of ONNX Runtime to {target}"


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target", type=Path, help="folder to put the headers into")
    try:
        done = install(parser.parse_args().target)
    except Failure as failure:
        print(
            f"error: the headers of ONNX Runtime cannot be downloaded: {failure}\n"
            f"Install {PACKAGE}, or set ONNXRUNTIME_ROOT to the folder of an unpacked ONNX Runtime "
            "release, or build without that engine: make ONNXRUNTIME=off ...",
            file=sys.stderr,
        )
        return 1
    if done:
        print(done)
    return 0


if __name__ == "__main__":
    sys.exit(main())
