"""Pipeline of the whole diagnosis, from a CT to nodules."""

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
    """Bundle that was loaded on an engine and a device.

    One pipeline can be used by many threads at once. A CT can be given as a `CtVolume`, a
    `SimpleITK.Image`, a tuple of an array (slices, rows, columns) in Hounsfield units and its
    `Geometry`, or the path of a DICOM folder or an image file.

    Parameters
    ----------
    bundle
        Folder written by ``lungrt export``.
    engine
        Name of an inference engine; `lungrt.engines` lists them. ``"auto"`` takes the first of
        ``"native"``, ``"torchscript"`` and ``"onnxruntime"`` that can run every network of the
        bundle on the device. The attribute `engine` says which one is used.
    device
        ``"cpu"``, ``"cuda"``, ``"cuda:N"``, or ``"auto"`` for the first GPU if the engine can use
        one, and otherwise the CPU. The attribute `device` says which one is used.
    precision
        Number format in which the networks are computed: ``"fp32"``, ``"tf32"``, ``"bf16"``,
        ``"fp16"`` or ``"int8"``. `EngineInfo.precisions` lists what an engine supports on a device.
        Other formats than fp32 can change decisions; ``lungrt compare`` shows which.
    profile
        Preset of the next four parameters. ``"book"`` reproduces *Deep Learning with PyTorch*: its
        inverse transform, the whole volume, each mark a nodule, voxels in the stored order.
        ``"lung"`` looks only inside the lung field, uses the exact inverse transform, merges marks
        of one lesion, brings voxels into the patient's order, and pads volumes smaller than a crop
        with air.
    geometry
        How world coordinates become voxels: ``"exact"``, or ``"book"`` (the book's inverse
        transform, which is wrong for oblique scans). None means the profile's choice.
    region
        Where to look for candidates: ``"lung"`` (inside the lung field) or ``"volume"``
        (everywhere). None means the profile's choice.
    merge_marks
        Whether nearby marks of one lesion become one nodule. None means the profile's choice.
    voxel_order
        Order of axes that the networks see. ``"patient"``: columns to the left, rows to posterior,
        slices to the head (LPS), so that every stored order of a CT gives the same result; voxels
        are copied if they are stored in another order, and never resampled. ``"stored"``: as the
        CT is stored. Masks, indices and boxes are always in the stored order. None means the
        profile's choice.
    threads
        Number of CPU threads; None means all processors available to this process.
    verify_hashes
        Whether to check the SHA-256 of each artifact before it is loaded.
    engine_options
        Settings of the engine, by name. The documentation page "Engines" lists them.

    Raises
    ------
    lungrt.errors.BadBundle, lungrt.errors.UnsupportedVersion
        If the folder is not a bundle, or the bundle is damaged or of a newer format.
    lungrt.errors.EngineUnavailable, lungrt.errors.DeviceUnavailable
        If the engine or device is not available. There is no silent fallback to another one.
    lungrt.errors.InvalidArgument
        If an option is unknown, or the engine does not support the precision on the device.
    """

    def __init__(
        self,
        bundle: str | os.PathLike[str],
        *,
        engine: str = "auto",
        device: str = "cpu",
        precision: str = "fp32",
        profile: str = "lung",
        geometry: str | None = None,
        region: str | None = None,
        merge_marks: bool | None = None,
        voxel_order: str | None = None,
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
            voxel_order=voxel_order or "",
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
        allow_non_hu: bool = False,
    ) -> Report:
        """Diagnose a CT: find the lungs if the region needs them, segment, group and classify.

        Ctrl-C in the main thread ends the run between two batches with a KeyboardInterrupt.

        Parameters
        ----------
        ct
            The CT, in any of the forms that the class describes.
        progress
            Called between batches with the name of the stage, how much of it is done, and how much
            there is in total, which is at least 1. An exception that it raises ends the run and
            reaches the caller.
        max_candidates
            Largest number of candidates to classify; 0 means no limit.
        max_seconds
            Longest time that the run may take, checked between batches and steps; 0 means no limit.
        max_memory_bytes
            Most host memory that the run may allocate; an allocation that would exceed it is
            refused in advance. 0 means no limit. Counted is everything that grows with the volume,
            its candidates and the threads: a copy in the patient's order, masks, the cells of the
            lung field, inputs and outputs of the networks, activations of the native engine,
            components, findings, kept masks. Not counted are the volume, the weights, memory that
            the pipeline keeps for its next run, activations inside the other engines' libraries, a
            device's memory, and constant amounts of a few megabytes.
        keep_masks
            Whether to keep lung field, nodule mask and labels in `Report.masks`.
        allow_non_hu
            Whether to go on, with a note in the report, if the voxels cannot be Hounsfield units of
            a chest: no air, stored values without rescale, 8 bits.

        Raises
        ------
        lungrt.errors.BadVolume
            If the CT cannot be diagnosed as it is, e.g. if its voxels are not Hounsfield units, or
            if the region is the lung field and no lungs are found.
        lungrt.errors.BadBundle
            If the bundle lacks a stage that is needed.
        lungrt.errors.ResourceLimit
            If a limit is reached.
        """
        return Report(
            super().run(
                as_volume(ct),
                progress=progress,
                max_candidates=max_candidates,
                max_seconds=max_seconds,
                max_memory_bytes=max_memory_bytes,
                keep_masks=keep_masks,
                allow_non_hu=allow_non_hu,
            )
        )

    def segment(
        self,
        ct: Ct,
        *,
        progress: Progress | None = None,
        max_seconds: float = 0.0,
        max_memory_bytes: int = 0,
        allow_non_hu: bool = False,
    ) -> _core.NoduleMask:
        """Return the mask of voxels whose nodule probability exceeds the threshold.

        The mask is not eroded. ``numpy.asarray`` makes a bool array (slices, rows, columns) of it.
        For the parameters see `run`.
        """
        return super().segment(
            as_volume(ct),
            progress=progress,
            max_seconds=max_seconds,
            max_memory_bytes=max_memory_bytes,
            allow_non_hu=allow_non_hu,
        )

    def group(self, ct: Ct, mask: _core.NoduleMask | NDArray[np.bool_]) -> list[_core.Candidate]:
        """Return the connected components of the eroded mask whose centre is in the region.

        They are sorted by their world centre (x, y, z) before rounding, in ascending order.
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
        """Return the probabilities of candidates, in the given order.

        Parameters
        ----------
        ct
            The CT, in any of the forms that the class describes.
        candidates
            Candidates from `group`, or any voxels (slice, row, column).
        progress, max_candidates, max_seconds, max_memory_bytes
            See `run`.

        Raises
        ------
        lungrt.errors.InvalidArgument
            If a candidate is outside the volume.
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
        """Return the input of the segmentation network for a slice.

        Slices are counted in the order that the networks see: with the voxel order ``"patient"``
        from the feet, however the CT is stored.

        Returns
        -------
        ndarray of float32, shape (channels, height, width)
            The slice with its neighbours, windowed, scaled and padded as the bundle's manifest
            says.
        """
        return super().segmentation_input(as_volume(ct), slice_index)

    def nodule_input(self, ct: Ct, index: Sequence[int]) -> NDArray[np.float32]:
        """Return the input of the nodule classifier for a voxel (slice, row, column).

        Returns
        -------
        ndarray of float32, shape (slices, rows, columns)
            The crop around the voxel, in the order that the networks see, windowed and scaled as
            the bundle's manifest says.

        Raises
        ------
        lungrt.errors.BadVolume
            If the volume is smaller than the crop and the profile does not pad it.
        """
        return super().nodule_input(as_volume(ct), index)
