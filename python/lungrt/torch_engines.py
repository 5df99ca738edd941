"""The engines on LibTorch that the distribution lungrt-torch brings, one folder a torch minor.

LibTorch keeps its C++ interface within a minor version only. lungrt-torch therefore holds the
libraries once for each, and what fits the installed torch is found here, without importing torch.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["TorchEngines", "choose_torch_engines", "find_torch_engines", "torch_minor"]

_FOLDER = "torch-"


@dataclass(frozen=True)
class TorchEngines:
    """Where the libraries for the installed torch lie, and what to do where there are none.

    Attributes
    ----------
    folder
        That holds them, or None.
    how_to_get
        What to do about it, for people.
    """

    folder: Path | None
    how_to_get: str


def find_torch_engines() -> TorchEngines:
    """Look for lungrt-torch and for torch in this environment."""
    return choose_torch_engines(_package_folder("lungrt_torch"), _package_folder("torch"))


def choose_torch_engines(engines: Path | None, torch: Path | None) -> TorchEngines:
    """Take the libraries that were built for a torch.

    Parameters
    ----------
    engines
        Folder of the package ``lungrt_torch``, or None.
    torch
        Folder of the package ``torch``, or None.
    """
    if engines is None:
        return TorchEngines(None, "pip install lungrt-torch")
    minors = sorted(
        (folder.name.removeprefix(_FOLDER) for folder in engines.glob(_FOLDER + "*")),
        key=lambda minor: [int(part) for part in re.findall(r"\d+", minor)],
    )
    known = " or ".join(minors) or "no version at all"
    if torch is None:
        how_to_get = f"lungrt-torch here is for torch {known}, and torch is not installed"
        return TorchEngines(None, f"{how_to_get}: install it (pip install torch)")
    found = torch_minor(torch)
    if found not in minors:
        return TorchEngines(
            None,
            f"lungrt-torch here is for torch {known}, and torch {found or 'of unknown version'} is "
            "installed: install one of those, a lungrt-torch for this one, or build lungrt "
            "against it",
        )
    return TorchEngines(
        engines / f"{_FOLDER}{found}",
        "install lungrt-torch again (pip install --force-reinstall lungrt-torch)",
    )


def torch_minor(torch: Path) -> str:
    """Return the minor version of a torch package, e.g. ``2.13``, or nothing where it tells none.

    Parameters
    ----------
    torch
        Folder of the package.
    """
    try:
        text = (torch / "version.py").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    found = re.search(r"^__version__\s*=\s*['\"](\d+\.\d+)", text, re.MULTILINE)
    return found[1] if found else ""


def _package_folder(name: str) -> Path | None:
    """Folder of a package, which is not imported."""
    found = importlib.util.find_spec(name)
    return Path(found.origin).parent if found is not None and found.origin is not None else None
