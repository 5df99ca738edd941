"""Which kernels a warm diagnosis spends its time in, by PyTorch's profiler."""

from __future__ import annotations

from gpu_check import packed_ct
from gpu_check.job import Job
from gpu_check.machine import no_device

_ROWS = 20
TEXT = "profile.txt"


def run(job: Job) -> None:
    """Profile one warm diagnosis in fp32.

    Raises
    ------
    Absent
        There is no device.
    """
    torch = job.require_torch_device()
    lungrt = job.import_lungrt()
    from torch.autograd import DeviceType
    from torch.profiler import ProfilerActivity, profile

    try:
        pipeline = lungrt.Pipeline(
            job.folder.bundle, engine="torchscript", device=job.device, profile="book"
        )
    except lungrt.errors.DeviceUnavailable as error:
        raise no_device(error) from error
    volume = packed_ct.load(job.folder.ct)
    pipeline.run(volume)
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if job.on_gpu else [])]
    with profile(activities=activities) as profiler:
        pipeline.run(volume)
        if job.on_gpu:
            torch.cuda.synchronize()
    by = "self_device_time_total" if job.on_gpu else "self_cpu_time_total"
    averages = profiler.key_averages()
    if job.on_gpu:  # kernels, without the operators that launched them
        kernels = [event for event in averages if event.device_type == DeviceType.CUDA]
    else:
        kernels = list(averages)
    table = averages.table(sort_by=by, row_limit=_ROWS, max_name_column_width=100)
    (job.output / TEXT).write_text(table + "\n", encoding="utf-8")
    events = sorted(kernels, key=lambda event: -float(getattr(event, by)))[:_ROWS]
    job.found(
        kernels=[
            {
                "name": event.key[:160],
                "milliseconds": round(getattr(event, by) / 1e3, 3),
                "calls": event.count,
            }
            for event in events
        ]
    )
