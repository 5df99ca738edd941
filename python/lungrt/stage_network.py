"""One stage's network alone, for checking it against its original and for your own pipelines."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lungrt import _core
from lungrt.engine_info import locate_libraries

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["StageNetwork"]


class StageNetwork(_core.StageNetwork):
    """A stage of a bundle on an engine and a device; one instance serves many threads.

    Parameters
    ----------
    bundle
        Folder that ``lungrt export`` wrote.
    stage
        ``"segmentation"``, ``"nodule"`` or ``"malignancy"``.
    engine, device, precision, threads, verify_hashes, engine_options
        As `lungrt.Pipeline` takes them.
    member
        Of an ensemble, from 0; None for the mean of all.

    Raises
    ------
    lungrt.errors.Error
        As `lungrt.Pipeline` does.
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
