"""Distributions that bring the Python package ``onnxruntime``.

They are alternatives: each writes into the same folder, so of two that are installed the later one
has overwritten half of the other, and which execution providers work is a matter of chance.
"""

from __future__ import annotations

from importlib import metadata

__all__ = ["DISTRIBUTIONS", "describe_conflict", "installed_distributions"]

DISTRIBUTIONS = (
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxruntime-openvino",
    "onnxruntime-directml",
    "onnxruntime-migraphx",
    "onnxruntime-rocm",
    "onnxruntime-training",
)


def installed_distributions() -> tuple[str, ...]:
    """Names of the distributions of ONNX Runtime that this environment has."""
    return tuple(name for name in DISTRIBUTIONS if _is_installed(name))


def describe_conflict(installed: tuple[str, ...]) -> str:
    """Message about several distributions in one environment; empty where there is no conflict.

    Parameters
    ----------
    installed
        What `installed_distributions` returned.
    """
    if len(installed) < 2:
        return ""
    names = " ".join(installed)
    return (
        f"{' and '.join(installed)} are installed together, but they share the folder onnxruntime, "
        f"so that each has overwritten files of the other. Keep one: pip uninstall -y {names}, "
        "then pip install the one you want"
    )


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True
