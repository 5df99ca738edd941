"""Lung field: the region of a CT in which lung nodules can lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lungrt import _core
from lungrt.io import as_volume

if TYPE_CHECKING:
    from lungrt.io import Ct
    from lungrt.pipeline import Progress

__all__ = ["find_lung_field"]


def find_lung_field(
    ct: Ct,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    max_seconds: float = 0.0,
    max_memory_bytes: int = 0,
) -> _core.LungField:
    """Find the lungs, including what touches their walls, without a network.

    Parameters
    ----------
    ct
        The CT, in any of the forms that `Pipeline` accepts.
    threads
        Number of CPU threads; None means all processors available to this process. The result does
        not depend on it.
    progress, max_seconds, max_memory_bytes
        See `Pipeline.run`.

    Returns
    -------
    LungField
        ``mask``, bool (slices, rows, columns); ``air_ml`` and ``field_ml``, the volumes of aerated
        lung and of the field in ml; and ``notes``, which say where and why the field was widened.

    Raises
    ------
    lungrt.errors.BadVolume
        If no plausible lungs are found.
    """
    return _core.find_lung_field(
        as_volume(ct),
        threads=threads or 0,
        progress=progress,
        max_seconds=max_seconds,
        max_memory_bytes=max_memory_bytes,
    )
