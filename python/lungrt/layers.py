"""Outputs of a network's layers, to find where two implementations start to differ."""

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
    """Run a stage's network on one input with the native engine and return its layers' outputs.

    Parameters
    ----------
    bundle
        Folder written by ``lungrt export``.
    stage
        ``"segmentation"``, ``"nodule"`` or ``"malignancy"``.
    values
        Input of the network, float32, scaled as the bundle's manifest says: a slice with its
        neighbours, (channels, height, width), or a crop, (slices, rows, columns).
    engine_options
        Settings of the native engine, by name.
    member
        Index of the network in an ensemble, from 0.

    Returns
    -------
    dict of str to ndarray of float32
        Outputs of the layers, (channels, height, width) or (channels, slices, rows, columns), by
        the name of the corresponding module of the eager network (`lungrt.models`). The output of a
        convolution includes its activation and batch norm. Layers that are computed together with
        the next layer have no output of their own and are left out.

    Raises
    ------
    lungrt.errors.BadBundle, lungrt.errors.UnsupportedVersion
        If the native engine cannot run the bundle.
    lungrt.errors.InvalidArgument
        If the stage, shape, data type or a setting is wrong.
    """
    array = np.asarray(values)
    if array.dtype != np.float32:
        raise InvalidArgument(
            f"expected a float32 array as input of the network, got {array.dtype}"
        )
    return _core.layer_outputs(
        os.fspath(bundle),
        stage,
        np.ascontiguousarray(array),
        engine_options=dict(engine_options or {}),
        member=member,
    )
