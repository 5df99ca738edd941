"""Default models, with which everything can be tried without checkpoints of your own.

They are for demonstration only: they were trained on the phantoms of `lungrt.phantom`, and their
results for a patient are meaningless. Their model card is in the same folder.
"""

from __future__ import annotations

from importlib import util
from pathlib import Path

from lungrt.errors import Io

__all__ = ["NOTE", "default_bundle", "default_checkpoints"]

NOTE = (
    "these are the default models, which were trained on phantoms only; they are for "
    "demonstration, and their results for a patient are meaningless"
)

_STAGES = ("segmentation", "nodule", "malignancy")


def default_bundle() -> Path:
    """Return the folder of the default bundle, which has weights for the native engine.

    ::

        pipeline = lungrt.Pipeline(lungrt.default_bundle())

    Raises
    ------
    lungrt.errors.Io
        If the bundle is missing from this installation.
    """
    return _present("bundle/manifest.json").parent


def default_checkpoints() -> dict[str, Path]:
    """Return the default bundle's checkpoints by stage, for ``lungrt export`` and fine-tuning.

    Raises
    ------
    lungrt.errors.Io
        If one of them is missing from this installation.
    """
    return {stage: _present(f"{stage}.state") for stage in _STAGES}


def _present(name: str) -> Path:
    # The exporter's package is found without importing it, because importing needs PyTorch.
    spec = util.find_spec("lungrt.export")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(folder) / "defaults" / name).is_file():
            return path
    raise Io(
        f"the default models are not in this installation ({name} is missing); reinstall lungrt, "
        "or give a bundle or checkpoints of your own"
    )
