"""What this machine has: programs, and a GPU, whatever lungrt and torch say about it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_GPU_FIELDS = (
    "name,driver_version,memory.total,compute_cap,clocks.max.sm,clocks.max.memory,power.limit"
)


class Absent(Exception):
    """Something that a step needs is not on this machine; the message says what."""


def find_tool(name: str) -> str | None:
    """Return the path of a program, also from CUDA's usual folder, or None."""
    return shutil.which(name) or shutil.which(name, path="/usr/local/cuda/bin")


def nvidia_smi() -> dict[str, str] | str:
    """Return the first GPU's properties as the driver tells them, or why there are none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return "nvidia-smi is not on this machine"
    command = [program, f"--query-gpu={_GPU_FIELDS}", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    if done.returncode != 0 or not done.stdout.strip():
        return f"nvidia-smi failed: {(done.stderr or done.stdout).strip()}"
    values = [value.strip() for value in done.stdout.splitlines()[0].split(",")]
    return dict(zip(_GPU_FIELDS.split(","), values, strict=True))


def has_gpu() -> bool:
    """Whether the machine has an NVIDIA GPU."""
    return any(Path("/dev").glob("nvidia[0-9]*")) or isinstance(nvidia_smi(), dict)


def no_device(reason: object) -> Exception:
    """Return what to raise where no device is found: it fails the step if there is a GPU."""
    if has_gpu():
        return RuntimeError(f"this machine has a GPU, but: {reason}")
    return Absent(f"no device: {reason}")
