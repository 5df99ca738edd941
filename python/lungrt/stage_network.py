"""Network of one stage, to compare it with its original or to use it in your own pipeline."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lungrt import _core
from lungrt.engine_info import locate_libraries

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["StageNetwork"]


class StageNetwork(_core.StageNetwork):
    """Network of one stage of a bundle, on an engine and a device.

    One instance can be used by many threads at once.

    Parameters
    ----------
    bundle
        Folder written by ``lungrt export``.
    stage
        ``"segmentation"``, ``"nodule"`` or ``"malignancy"``.
    engine, device, precision, threads, verify_hashes, engine_options
        The same as for `lungrt.Pipeline`.
    member
        Index of the network in an ensemble, from 0; None means the mean of all.

    Raises
    ------
    lungrt.errors.Error
        The same errors as `lungrt.Pipeline` raises.
    """

    def __init__(
        self,
        bundle: str | os.PathLike[str],
        stage: str,
        *,
        engine: str = "auto",
        device: str = "cpu",
        precision: str = "fp32",
        threads: int | None = None,
        verify_hashes: bool = True,
        engine_options: Mapping[str, str] | None = None,
        member: int | None = None,
    ) -> None:
        locate_libraries()
        super().__init__(
            os.fspath(bundle),
            stage,
            engine=engine,
            device=device,
            precision=precision,
            threads=threads or 0,
            verify_hashes=verify_hashes,
            engine_options=dict(engine_options or {}),
            member=-1 if member is None else member,
        )
