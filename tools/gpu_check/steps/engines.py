"""Whether lungrt finds the GPU by itself, in a process that has not imported torch."""

from __future__ import annotations

import sys

from gpu_check import packed_ct
from gpu_check.contents import PROFILES
from gpu_check.job import Job
from gpu_check.machine import no_device

_ENGINE = "torchscript"


def run(job: Job) -> None:
    """List the engines, and diagnose the CT once; with the argument `torch`, after importing it.

    Raises
    ------
    Absent
        This machine has no such device.
    ImportError
        The package or the engine does not load.
    RuntimeError
        The engine does not find the GPU, or the scan stayed in host memory.
    """
    if job.arguments == ["torch"]:
        job.require_torch_device()
    import lungrt

    (engine,) = (one for one in lungrt.engines() if one.name == _ENGINE)
    job.found(
        engines=[
            {
                "name": one.name,
                "available": one.available,
                "version": one.version,
                "devices": list(one.devices),
                "reason": one.reason,
            }
            for one in lungrt.engines()
        ],
        torch_imported="torch" in sys.modules,
    )
    if not engine.available:
        raise ImportError(f"the engine {_ENGINE} is not available: {engine.reason}")
    try:
        pipeline = lungrt.Pipeline(
            job.folder.bundle, engine=_ENGINE, device=job.device, profile=PROFILES[0]
        )
    except lungrt.errors.DeviceUnavailable as error:
        raise no_device(error) from error
    report = pipeline.run(packed_ct.load(job.folder.ct))
    notes = list(report.provenance.notes)
    job.found(
        candidates=len(report.candidates),
        total_s=report.timings_s["total"],
        notes=notes,
        device_name=report.provenance.device_name,
    )
    if job.on_gpu and notes:
        raise RuntimeError(f"the scan did not stay on the GPU: {'; '.join(notes)}")
