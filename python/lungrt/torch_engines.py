"""Engine libraries for the installed torch, from the distribution lungrt-torch.

LibTorch's C++ interface is stable only within a minor version. lungrt-torch therefore contains the
libraries of the TorchScript and AOTInductor engines once for each minor version, in folders like
``torch-2.13``. This module selects the folder that fits the installed torch, without importing it.
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
    """Folder of the libraries that fit the installed torch.

    Attributes
    ----------
    folder
        The folder; None if no libraries fit.
    how_to_get
        Message that says what to install, used when the libraries are missing.
    """

    folder: Path | None
    how_to_get: str


def find_torch_engines() -> TorchEngines:
    """Find the libraries for the torch of this environment."""
    return choose_torch_engines(_package_folder("lungrt_torch"), _package_folder("torch"))


def choose_torch_engines(engines: Path | None, torch: Path | None) -> TorchEngines:
    """Find the libraries that were built for a torch.

    Parameters
    ----------
    engines
        Folder of the package ``lungrt_torch``; None if it is not installed.
    torch
        Folder of the package ``torch``; None if it is not installed.
    """
    if engines is None:
        return TorchEngines(None, "pip install lungrt-torch")
    minors = sorted(
        (folder.name.removeprefix(_FOLDER) for folder in engines.glob(_FOLDER + "*")),
        key=lambda minor: [int(part) for part in re.findall(r"\d+", minor)],
    )
    supported = f"the installed lungrt-torch supports torch {' or '.join(minors)}"
    if not minors:
        supported = "the installed lungrt-torch supports no version of torch"
    if torch is None:
        how_to_get = f"{supported}, but torch is not installed; run pip install torch"
        return TorchEngines(None, how_to_get)
    found = torch_minor(torch)
    if found not in minors:
        return TorchEngines(
            None,
            f"{supported}, but {f'torch {found}' if found else 'a torch of unknown version'} is "
            "installed; install a supported torch, a lungrt-torch for this torch, or build lungrt "
            "against it",
        )
    return TorchEngines(
        engines / f"{_FOLDER}{found}",
        "reinstall it with pip install --force-reinstall lungrt-torch",
    )


def torch_minor(torch: Path) -> str:
    """Return the minor version of a torch package, e.g. ``2.13``, or "" if it cannot be read.

    Parameters
    ----------
    torch
        Folder of the package ``torch``.
    """
    try:
        text = (torch / "version.py").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    found = re.search(r"^__version__\s*=\s*['\"](\d+\.\d+)", text, re.MULTILINE)
    return found[1] if found else ""


def _package_folder(name: str) -> Path | None:
    """Return the folder of a package without importing it; None if it is not installed."""
    found = importlib.util.find_spec(name)
    return Path(found.origin).parent if found is not None and found.origin is not None else None
