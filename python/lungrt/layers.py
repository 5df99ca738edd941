"""What each layer of a network gives, for finding where two implementations part."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from lungrt import _core
from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["layer_outputs"]


def layer_outputs(
    bundle: str | os.PathLike[str],
    stage: str,
    values: NDArray[np.float32],
    *,
    engine_options: Mapping[str, str] | None = None,
    member: int = 0,
) -> dict[str, NDArray[np.float32]]:
    """Run a stage's network on one item by the native engine and keep what its layers gave.

    Parameters
    ----------
    bundle
        Folder that ``lungrt export`` wrote.
    stage
        ``"segmentation"``, ``"nodule"`` or ``"malignancy"``.
    values
        float32, scaled as the manifest's input contract says: (channels, height, width) of a slice
        in context, or (slices, rows, columns) of a crop.
    engine_options
        Of the native engine.
    member
        Of an ensemble, from 0.

    Returns
    -------
    dict of str to ndarray of float32
        (channels, height, width) or (channels, slices, rows, columns), by the names of the modules
        of the eager network (`lungrt.models`) whose outputs they are: of a convolution, what its
        activation and batch norm leave. A layer that is computed together with the next one is left
        out.

    Raises
    ------
    lungrt.errors.BadBundle, lungrt.errors.UnsupportedVersion
        For a bundle that the native engine cannot run.
    lungrt.errors.InvalidArgument
        For another stage, shape, type or option.
    """
    array = np.asarray(values)
    if array.dtype != np.float32:
        raise InvalidArgument(f"a network takes a float32 array, this one is {array.dtype}")
    return _core.layer_outputs(
        os.fspath(bundle),
        stage,
        np.ascontiguousarray(array),
        engine_options=dict(engine_options or {}),
        member=member,
    )
