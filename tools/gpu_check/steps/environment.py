"""The machine, and the most that it can do: copies and matrix products that were measured here."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gpu_check.job import Job
from gpu_check.machine import find_tool, nvidia_smi

_TOOLS = ("nvcc", "compute-sanitizer", "ncu", "cmake", "ninja")


def run(job: Job) -> None:
    """Describe the machine; then measure it, if torch sees the device."""
    job.found(gpu=nvidia_smi(), tools={name: find_tool(name) is not None for name in _TOOLS})
    job.found(machine=_machine(job))
    torch = job.require_torch_device()
    job.found(
        torch=torch.__version__,
        cuda=torch.version.cuda,
        cudnn=torch.backends.cudnn.version() if job.on_gpu else None,
        device_name=torch.cuda.get_device_name(job.device) if job.on_gpu else "cpu",
    )
    job.found(**_ceilings(torch, job))


def _machine(job: Job) -> Any:
    """Describe processor, memory and software; needs the package's compiled module."""
    try:
        job.import_lungrt()
        from lungrt.benchmark.environment import collect_environment

        return collect_environment([])
    except ImportError as error:  # the step `engines` is about this
        cpu = next(
            (
                line.partition(":")[2].strip()
                for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
                if line.startswith("model name")
            ),
            "unknown",
        )
        return {"cpu": cpu, "import_error": str(error)}


def _ceilings(torch: Any, job: Job) -> dict[str, Any]:
    """Measure bandwidths in GB/s (bytes read and written) and products in TFLOP/s."""
    place = torch.device(job.device)
    size = 2 << 30 if job.on_gpu else 64 << 20
    source = torch.ones(size, dtype=torch.uint8, device=place)
    target = torch.empty_like(source)

    def seconds(action: Callable[[], Any], repeats: int = 10) -> float:
        for _ in range(2):
            action()
        _wait(torch, job)
        start = time.perf_counter()
        for _ in range(repeats):
            action()
        _wait(torch, job)
        return (time.perf_counter() - start) / repeats

    found: dict[str, Any] = {
        "copy_gb_s": 2 * size / seconds(lambda: target.copy_(source)) / 1e9,
        "tflop_s": {},
    }
    side = 8192 if job.on_gpu else 512
    for name, kind, tf32 in (
        ("fp32", torch.float32, False),
        ("tf32", torch.float32, True),
        ("bf16", torch.bfloat16, False),
    ):
        if not job.on_gpu and name != "fp32":
            continue
        torch.backends.cuda.matmul.allow_tf32 = tf32
        a = torch.randn(side, side, device=place).to(kind)
        b = torch.randn(side, side, device=place).to(kind)
        found["tflop_s"][name] = 2 * side**3 / seconds(lambda a=a, b=b: a @ b, 5) / 1e12
    if job.on_gpu:
        volume = torch.zeros(133 * 512 * 512, dtype=torch.int16)
        there = torch.empty_like(volume, device=place)
        pinned = volume.pin_memory()
        found["upload_ms"] = {
            "pageable": 1e3 * seconds(lambda: there.copy_(volume)),
            "pinned": 1e3 * seconds(lambda: there.copy_(pinned, non_blocking=True)),
        }
    return found


def _wait(torch: Any, job: Job) -> None:
    if job.on_gpu:
        torch.cuda.synchronize()
