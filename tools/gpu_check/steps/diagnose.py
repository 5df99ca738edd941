"""Whole diagnoses: cold, warm, stages, memory, and what differs from the CPU and golden masks.

Arguments: engine, precision, profile and, if any, engine options (NAME=VALUE,...).
"""

from __future__ import annotations

import ctypes
import resource
import statistics
import threading
import time
from typing import Any

import numpy as np

from gpu_check import packed_ct
from gpu_check.job import Job
from gpu_check.machine import Absent, no_device


def run(job: Job) -> None:
    """Open a pipeline, diagnose, and compare.

    Raises
    ------
    Absent
        There is no such device, or the engine does not support the precision or options on it.
    """
    engine, precision, profile, *rest = job.arguments
    engine_options = dict(pair.split("=", 1) for one in rest for pair in one.split(","))
    lungrt = job.import_lungrt()
    volume = packed_ct.load(job.folder.ct)
    began = time.perf_counter()
    try:
        pipeline = lungrt.Pipeline(
            job.folder.bundle,
            engine=engine,
            device=job.device,
            precision=precision,
            profile=profile,
            engine_options=engine_options,
        )
    except lungrt.errors.DeviceUnavailable as error:
        raise no_device(error) from error
    except lungrt.errors.InvalidArgument as error:
        raise Absent(f"not supported: {error}") from error
    opened = time.perf_counter()
    report = pipeline.run(volume)
    job.found(
        open_s=opened - began,
        cold_s=time.perf_counter() - opened,
        cold_stages_s=report.timings_s,
        notes=list(report.provenance.notes),
        device_name=report.provenance.device_name,
        engine_version=report.provenance.engine_version,
        slices=volume.shape[0],
    )
    job.found(**_warm(job, pipeline, volume))
    report = pipeline.run(volume, keep_masks=True)
    job.found(**_against_cpu(job, profile, report))
    if profile == "book" and job.folder.golden.is_file():
        found = np.asarray(lungrt.erode(report.masks.mask))
        golden = packed_ct.load_mask(job.folder.golden)
        job.found(golden={"voxels": int(golden.sum()), "differing": int((found != golden).sum())})


def _warm(job: Job, pipeline: Any, volume: Any) -> dict[str, Any]:
    """Measure later runs: seconds of each stage, and the most memory in use meanwhile."""
    with MemoryWatch(job.device) as memory:
        totals, stages = [], []
        for _ in range(job.repeats):
            start = time.perf_counter()
            report = pipeline.run(volume)
            totals.append(time.perf_counter() - start)
            stages.append(report.timings_s)
    return {
        "warm_s": {
            "median": statistics.median(totals),
            "least": min(totals),
            "most": max(totals),
        },
        "warm_stages_s": {
            stage: statistics.median(one.get(stage, 0.0) for one in stages) for stage in stages[0]
        },
        "gpu_memory_bytes": memory.most,
        "host_memory_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def _against_cpu(job: Job, profile: str, report: Any) -> dict[str, Any]:
    """Compare with the CPU's report, as `lungrt compare` does (A is the CPU)."""
    from lungrt.comparison.diagnosis import to_diagnosis
    from lungrt.comparison.differences import compare
    from lungrt.report_file import load_report

    cpu = to_diagnosis(
        load_report(job.folder.report(profile)),
        "the CPU's report",
        packed_ct.load_mask(job.folder.mask(profile)),
    )
    here = to_diagnosis(report.to_dict(), "the report", np.asarray(report.masks.mask))
    difference = compare("CT", cpu, here)
    candidates = difference.candidates
    return {
        "against_cpu": {
            "same_decisions": difference.same_decisions,
            "mask_voxels": difference.mask.voxels_a,
            "mask_flips": difference.mask.flips,
            "candidates": candidates.count_a,
            "lost": [list(mark.index) for mark in candidates.only_a],
            "new": [list(mark.index) for mark in candidates.only_b],
            "moved": len(candidates.moved),
            "flips": [
                {"index": pair.a.index, "cpu": pair.a.p_nodule, "here": pair.b.p_nodule}
                for pair in candidates.changed
            ],
            "largest_dp": candidates.largest_nodule,
            "nodules": difference.nodules.count_a,
            "nodules_lost": len(difference.nodules.only_a),
            "nodules_new": len(difference.nodules.only_b),
        }
    }


class _NvmlMemory(ctypes.Structure):
    _fields_ = [("total", ctypes.c_uint64), ("free", ctypes.c_uint64), ("used", ctypes.c_uint64)]


class MemoryWatch:
    """Watches the memory in use on a GPU every few milliseconds, through the driver's library.

    Attributes
    ----------
    most : int or None
        Most bytes that were in use, by all processes; None on a CPU, or if the driver does not say.
    """

    def __init__(self, device: str) -> None:
        self.most: int | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(device,), daemon=True)
        self._on_gpu = device.startswith("cuda")

    def __enter__(self) -> MemoryWatch:
        if self._on_gpu:
            self._thread.start()
        return self

    def __exit__(self, *ignored: object) -> None:
        self._done.set()
        if self._on_gpu:
            self._thread.join()

    def _watch(self, device: str) -> None:
        number = int(device.partition(":")[2] or 0)
        try:
            nvml = ctypes.CDLL("libnvidia-ml.so.1")
        except OSError:
            print("memory is not watched: libnvidia-ml.so.1 is not on this machine")
            return
        handle, memory = ctypes.c_void_p(), _NvmlMemory()
        if nvml.nvmlInit_v2() or nvml.nvmlDeviceGetHandleByIndex_v2(number, ctypes.byref(handle)):
            print("memory is not watched: the driver's library refuses")
            return
        while not self._done.wait(0.003):
            if nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) == 0:
                self.most = max(self.most or 0, memory.used)
