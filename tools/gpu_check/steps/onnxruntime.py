"""Whether ONNX Runtime is found, and diagnoses on the GPU."""

from __future__ import annotations

from gpu_check import packed_ct
from gpu_check.job import Job
from gpu_check.machine import Absent, no_device


def run(job: Job) -> None:
    """Diagnose the CT once with ONNX Runtime.

    Raises
    ------
    Absent
        ONNX Runtime is not on this machine, or sees no such device.
    """
    lungrt = job.import_lungrt()
    (engine,) = (one for one in lungrt.engines() if one.name == "onnxruntime")
    job.found(version=engine.version, devices=list(engine.devices), reason=engine.reason)
    if not engine.available:
        raise Absent(f"ONNX Runtime is not available: {engine.reason}")
    try:
        pipeline = lungrt.Pipeline(
            job.folder.bundle, engine="onnxruntime", device=job.device, profile="book"
        )
    except lungrt.errors.DeviceUnavailable as error:
        raise no_device(error) from error
    report = pipeline.run(packed_ct.load(job.folder.ct))
    job.found(candidates=len(report.candidates), notes=list(report.provenance.notes))
