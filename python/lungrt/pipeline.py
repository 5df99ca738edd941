"""The whole diagnosis: CT in, nodules out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lungrt import _core
from lungrt.engine_info import locate_libraries
from lungrt.io import as_volume
from lungrt.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from lungrt.io import Ct

    Progress = Callable[[str, int, int], object]

__all__ = ["Pipeline"]


class Pipeline(_core.Pipeline):
    """A loaded bundle on an engine and a device; one pipeline serves many threads.

    Wherever a CT is wanted it may be a `CtVolume`, a `SimpleITK.Image`, a tuple of an array
    (slices, rows, columns) in Hounsfield units and its `Geometry`, or the path of a DICOM folder or
    an image file.

    Parameters
    ----------
    bundle
        Folder that ``lungrt export`` wrote.
    engine
        Inference engine; `lungrt.engines` lists them. ``"auto"`` takes the native one where it can
        run every network of the bundle on the device, else the first that can (see `engine`).
    device
        ``"cpu"``, ``"cuda"``, ``"cuda:N"``, or ``"auto"``, which decides once (see `device`).
    precision
        What the networks are computed in: ``"fp32"``, ``"tf32"``, ``"bf16"``, ``"fp16"`` or
        ``"int8"``; `EngineInfo.precisions` tells what an engine does on a device. Anything but
        fp32 may change decisions: ``lungrt compare`` shows which.
    profile
        Preset of the three options that follow. ``"book"`` reproduces *Deep Learning with PyTorch*:
        the book's inverse, the whole volume, each mark a nodule. ``"lung"`` looks only where lungs
        are: the true inverse, candidates in the lung field, marks of one lesion merged; volumes
        smaller than a crop are padded with air.
    geometry
        ``"book"`` or ``"exact"`` instead of the profile's way from world to voxel.
    region
        ``"volume"`` or ``"lung"`` instead of where the profile looks.
    merge_marks
        Whether nearby marks of one lesion become one nodule, instead of what the profile does.
    threads
        CPU threads; None takes every processor this process may use.
    verify_hashes
        Check each artifact's SHA-256 before it is loaded.
    engine_options
        Settings of the engine, by name; each engine's are listed in the README.

    Raises
    ------
    lungrt.errors.BadBundle, lungrt.errors.UnsupportedVersion
        For a folder that is no bundle, or a damaged or newer one.
    lungrt.errors.EngineUnavailable, lungrt.errors.DeviceUnavailable
        Where what was asked for is not there; nothing falls back silently.
    lungrt.errors.InvalidArgument
        For an option that does not exist, or a precision that the engine does not do on the
        device.
    """

    def __init__(
        self,
        bundle: str | os.PathLike[str],
        *,
        engine: str = "auto",
        device: str = "cpu",
        precision: str = "fp32",
        profile: str = "book",
        geometry: str | None = None,
        region: str | None = None,
        merge_marks: bool | None = None,
        threads: int | None = None,
        verify_hashes: bool = True,
        engine_options: Mapping[str, str] | None = None,
    ) -> None:
        locate_libraries()
        super().__init__(
            os.fspath(bundle),
            engine=engine,
            device=device,
            precision=precision,
            profile=profile,
            geometry=geometry or "",
            region=region or "",
            merge_marks=merge_marks,
            threads=threads or 0,
            verify_hashes=verify_hashes,
            engine_options=dict(engine_options or {}),
        )

    def run(
        self,
        ct: Ct,
        *,
        progress: Progress | None = None,
        max_candidates: int = 0,
        max_seconds: float = 0.0,
        max_memory_bytes: int = 0,
        keep_masks: bool = False,
    ) -> Report:
        """Find the lungs where the region asks for it, segment, group and classify.

        Ctrl-C in the main thread ends a run between two batches with KeyboardInterrupt.

        Parameters
        ----------
        ct
            See the class.
        progress
            Called between batches with the stage's name and how much of how much is done. What it
            raises ends the run and reaches the caller unchanged.
        max_candidates
            Most candidates to classify; 0 is no limit.
        max_seconds
            Longest the run may take, checked between batches and steps; 0 is no limit.
        max_memory_bytes
            Most host memory that the run may work in; what would exceed it is refused before it is
            allocated. Counted is all that grows with the volume, its candidates and the threads:
            masks, the lung field's cells, inputs and outputs of the networks, the native engine's
            activations, components, findings, kept masks. Not counted are the volume, the weights,
            what the pipeline keeps for its next run, activations within the other engines'
            libraries, a device's memory, and constant amounts of a few megabytes. 0 is no limit.
        keep_masks
            Leave lung field, nodule mask and labels in `Report.masks`.

        Raises
        ------
        lungrt.errors.BadVolume
            For a CT that cannot be diagnosed as it is, e.g. one without lungs where the region is
            the lung field.
        lungrt.errors.BadBundle
            Where the bundle lacks a stage that this needs.
        lungrt.errors.ResourceLimit
            When a limit is reached.
        """
        return Report(
            super().run(
                as_volume(ct),
                progress=progress,
                max_candidates=max_candidates,
                max_seconds=max_seconds,
                max_memory_bytes=max_memory_bytes,
                keep_masks=keep_masks,
            )
        )

    def segment(
        self,
        ct: Ct,
        *,
        progress: Progress | None = None,
        max_seconds: float = 0.0,
        max_memory_bytes: int = 0,
    ) -> _core.NoduleMask:
        """Voxels whose nodule probability exceeds the threshold, before erosion.

        ``numpy.asarray`` of the mask is bool (slices, rows, columns). For the parameters see `run`.
        """
        return super().segment(
            as_volume(ct),
            progress=progress,
            max_seconds=max_seconds,
            max_memory_bytes=max_memory_bytes,
        )

    def group(self, ct: Ct, mask: _core.NoduleMask | NDArray[np.bool_]) -> list[_core.Candidate]:
        """Components of the eroded mask with their centre in the region.

        They come ascending by un-rounded world centre (x, y, z).
        """
        return super().group(as_volume(ct), mask)

    def classify(
        self,
        ct: Ct,
        candidates: Iterable[_core.Candidate | tuple[int, int, int]],
        *,
        progress: Progress | None = None,
        max_candidates: int = 0,
        max_seconds: float = 0.0,
        max_memory_bytes: int = 0,
    ) -> list[_core.Finding]:
        """Probabilities of candidates, in the order given.

        Parameters
        ----------
        ct
            See the class.
        candidates
            From `group`, or voxels (slice, row, column) of your own.
        progress, max_candidates, max_seconds, max_memory_bytes
            See `run`.

        Raises
        ------
        lungrt.errors.InvalidArgument
            For a candidate outside of the volume.
        """
        volume = as_volume(ct)
        placed = [
            candidate
            if isinstance(candidate, _core.Candidate)
            else _core.Candidate(candidate, volume.geometry.to_world(candidate))
            for candidate in candidates
        ]
        return super().classify(
            volume,
            placed,
            progress=progress,
            max_candidates=max_candidates,
            max_seconds=max_seconds,
            max_memory_bytes=max_memory_bytes,
        )

    def segmentation_input(self, ct: Ct, slice_index: int) -> NDArray[np.float32]:
        """What the segmentation network sees of a slice.

        Returns
        -------
        ndarray of float32, shape (channels, height, width)
            Slices in context, windowed, scaled and padded as the manifest says.
        """
        return super().segmentation_input(as_volume(ct), slice_index)

    def nodule_input(self, ct: Ct, index: Sequence[int]) -> NDArray[np.float32]:
        """What the nodule classifier sees of a voxel (slice, row, column).

        Returns
        -------
        ndarray of float32, shape (slices, rows, columns)
            The crop around it, windowed and scaled as the manifest says.

        Raises
        ------
        lungrt.errors.BadVolume
            Where the volume is smaller than the crop.
        """
        return super().nodule_input(as_volume(ct), index)
