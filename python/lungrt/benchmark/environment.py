"""Description of the machine and software of a benchmark, needed to interpret its times."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lungrt import EngineInfo

__all__ = ["TUNING_VARIABLES", "collect_environment", "processors"]

# Environment variables that tune allocators and threads, and so change what is measured.
TUNING_VARIABLES = ("MALLOC_", "OMP_", "GOMP_", "KMP_", "MKL_", "GLIBC_TUNABLES")

_DISTRIBUTIONS = ("lungrt", "numpy", "SimpleITK", "torch", "scipy", "onnxruntime", "openvino")
_FLAGS = ("avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "amx_tile", "amx_bf16")
_SETTINGS = (*TUNING_VARIABLES, "CUDA_VISIBLE_DEVICES")
_PRELOADED = "LD_PRELOAD"


def collect_environment(engines: Sequence[EngineInfo]) -> dict[str, Any]:
    """Describe this machine and its software, without paths and names of people or hosts."""
    flags = _cpuinfo("flags").split()
    return {
        "cpu": _cpuinfo("model name") or platform.processor() or platform.machine(),
        # Virtual machines often shorten the name, but pass on these numbers.
        "cpu_family": _cpuinfo("cpu family"),
        "cpu_model": _cpuinfo("model"),
        "cpu_flags": [flag for flag in _FLAGS if flag in flags],
        "processors": processors(),
        "affinity": sorted(os.sched_getaffinity(0)),
        "cpu_quota": _text(Path("/sys/fs/cgroup/cpu.max")),
        "governor": _text(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load_average": list(os.getloadavg()),
        "os": f"{platform.system()} {platform.release()}",
        "libc": " ".join(platform.libc_ver()),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _DISTRIBUTIONS},
        "engines": {engine.name: engine.version for engine in engines if engine.available},
        # Each engine names a CPU by the instruction set that it uses there.
        "devices": sorted(
            {
                device if device.startswith("cuda") else device.partition(" ")[0]
                for engine in engines
                for device in engine.devices
            }
        ),
        "settings": _settings(os.environ),
    }


def processors() -> int:
    """Return the number of processors available to this process."""
    return len(os.sched_getaffinity(0))


def _cpuinfo(field: str) -> str:
    for line in _text(Path("/proc/cpuinfo")).splitlines():
        name, _, value = line.partition(":")
        if name.strip() == field:
            return value.strip()
    return ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # not available on this system
        return ""


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    found = {k: v for k, v in sorted(environment.items()) if k.startswith(_SETTINGS)}
    if preloaded := environment.get(_PRELOADED, "").replace(":", " ").split():
        found[_PRELOADED] = " ".join(Path(library).name for library in preloaded)
    return found
