"""Fetch ONNX Runtime's C and C++ headers into a folder: `make setup` calls this.

The library itself comes with the Python package `onnxruntime`, which has no headers; Debian's
package libonnxruntime-dev has them, and headers of one version serve libraries of any newer one.
Where the system's own apt sources do not have that package (Debian 12), a side copy of them is
asked for the release that has: with lists and cache of its own, so that nothing on the system
changes, and no rights are needed.
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
    """What went wrong and what to do, in words."""


def installed_headers() -> Path | None:
    """Return the folder of headers that CMake will find without help."""
    roots = [Path("/usr"), Path("/usr/local")]
    if os.environ.get("ONNXRUNTIME_ROOT"):
        roots.insert(0, Path(os.environ["ONNXRUNTIME_ROOT"]))
    folders = [root / folder for root in roots for folder in SYSTEM_FOLDERS]
    return next((folder for folder in folders if (folder / HEADER).is_file()), None)


def debian_main_sources(text: str, codename: str, *, deb822: bool) -> str:
    """Return the part of an apt source file that is Debian's main archive, of `DEBIAN_RELEASE`.

    Parameters
    ----------
    text
        Content of a file in the format deb822 (``.sources``), or else of one line a source.
    codename
        Of the system's own release, e.g. ``bookworm``.
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
    """Write the system's Debian sources, moved to `DEBIAN_RELEASE`, into a folder."""
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
        raise Failure(f"{configuration} names no source of Debian {codename}")


def side_options(work: Path) -> list[str]:
    """Prepare folders of apt's own in `work` and return the options that point to them."""
    for folder in ("sources", "lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    write_side_sources(work / "sources")
    return [
        "-oDir::Etc::sourcelist=/dev/null",
        f"-oDir::Etc::sourceparts={work / 'sources'}",
        f"-oDir::State::lists={work / 'lists'}",
        f"-oDir::Cache={work / 'cache'}",
    ]


def run(command: list[str], folder: Path, said_before: str = "") -> str:
    """Run a command quietly and return its warnings; they are told when it, or the next, fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = f"{said_before}{done.stderr or done.stdout}".strip()
        raise Failure(f"{' '.join(command)} failed:\n{said}")
    return done.stderr


def own_sources_have_it() -> bool:
    """Tell whether the system's lists, as they are, have the package."""
    known = subprocess.run(
        ["apt-cache", "show", PACKAGE], capture_output=True, text=True, check=False
    )
    return known.returncode == 0 and bool(known.stdout)


def fetch(work: Path) -> Path:
    """Download and unpack the package; return the folder of its headers."""
    if own_sources_have_it():
        run(["apt-get", "download", PACKAGE], work)
    else:
        options = side_options(work)
        warnings = run(["apt-get", *options, "update"], work)  # of sources that did not answer
        run(["apt-get", *options, "download", PACKAGE], work, warnings)
    (package,) = work.glob("*.deb")
    run(["dpkg-deb", "--extract", str(package), "unpacked"], work)
    found = next(headers_below(work / "unpacked"), None)
    if found is None:
        raise Failure(f"{package.name} holds no {HEADER}")
    return found


def headers_below(folder: Path) -> Iterator[Path]:
    """Yield folders that hold the header."""
    return (path.parent for path in folder.rglob(HEADER))


def apt_can_have_it() -> bool:
    """Tell whether this is a Debian, or a relative of it whose sources have the package."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return False
    return platform.freedesktop_os_release().get("ID") == "debian" or own_sources_have_it()


def install(target: Path) -> str:
    """Put the headers into `target`, unless they are there or CMake finds others.

    Returns
    -------
    str
        What was done, for people; empty where nothing was to be done.
    """
    if (target / HEADER).is_file() or installed_headers():
        return ""
    if not apt_can_have_it():
        return (
            "no headers of ONNX Runtime, and no Debian to fetch them from: lungrt is built without "
            "that engine (ONNXRUNTIME_ROOT may name an unpacked release)"
        )
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        work.chmod(0o755)  # apt works as a user of its own there
        headers = fetch(work)
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(target.name + ".new")
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(headers, aside)
        aside.rename(target)
    return f"headers of ONNX Runtime fetched into {target}"


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target", type=Path, help="folder that gets the headers")
    try:
        done = install(parser.parse_args().target)
    except Failure as failure:
        print(
            f"error: the headers of ONNX Runtime cannot be fetched: {failure}\n"
            f"Install {PACKAGE}, or name an unpacked release archive in ONNXRUNTIME_ROOT; "
            "`make ONNXRUNTIME=off ...` does without that engine.",
            file=sys.stderr,
        )
        return 1
    if done:
        print(done)
    return 0


if __name__ == "__main__":
    sys.exit(main())
