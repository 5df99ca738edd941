"""Where in a CT nodules of the lung may be."""

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
    """Find the lungs and what lies at their walls; no network is needed.

    Parameters
    ----------
    ct
        See `Pipeline`.
    threads
        CPU threads; None takes every processor this process may use. The result is the same.
    progress, max_seconds, max_memory_bytes
        See `Pipeline.run`.

    Returns
    -------
    LungField
        ``mask`` (slices, rows, columns), ``air_ml``, ``field_ml``, and ``notes``, which say where
        and why the field was widened.

    Raises
    ------
    lungrt.errors.BadVolume
        Where there is no plausible lung: it does not guess.
    """
    return _core.find_lung_field(
        as_volume(ct),
        threads=threads or 0,
        progress=progress,
        max_seconds=max_seconds,
        max_memory_bytes=max_memory_bytes,
    )
