"""The models that come along, so that everything runs before a checkpoint is at hand.

They were trained on phantoms alone, `lungrt.phantom`, and are for demonstration: what they say of a
patient means nothing. Their model card lies beside them.
"""

from __future__ import annotations

from importlib import util
from pathlib import Path

from lungrt.errors import Io

__all__ = ["NOTE", "default_bundle", "default_checkpoints"]

NOTE = (
    "default models, trained on phantoms alone: for demonstration, what they say of a patient "
    "means nothing"
)

_STAGES = ("segmentation", "nodule", "malignancy")


def default_bundle() -> Path:
    """Return the folder of the bundle that comes along; it holds weights for the native engine.

    ::

        pipeline = lungrt.Pipeline(lungrt.default_bundle())

    Raises
    ------
    lungrt.errors.Io
        This installation lacks it.
    """
    return _present("bundle/manifest.json").parent


def default_checkpoints() -> dict[str, Path]:
    """Return the checkpoints of that bundle by stage, for ``lungrt export`` and for fine-tuning.

    Raises
    ------
    lungrt.errors.Io
        This installation lacks one.
    """
    return {stage: _present(f"{stage}.state") for stage in _STAGES}


def _present(name: str) -> Path:
    # Not imported: the exporter needs PyTorch, its folder does not.
    spec = util.find_spec("lungrt.export")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(folder) / "defaults" / name).is_file():
            return path
    raise Io(
        f"the default models are not in this installation ({name} is missing); reinstall lungrt, "
        "or name a bundle or checkpoints of your own"
    )
