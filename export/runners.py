"""Runtimes that run artifacts from Python, and why one is not available."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lungrt.errors import Inference
from lungrt.export.parity import Run


@dataclass(frozen=True)
class Artifact:
    """Artifact of a network in a bundle.

    Attributes
    ----------
    bundle : pathlib.Path
        Folder of the bundle.
    stage : str
    member : int
        Number of the network in its stage, from 0.
    path : pathlib.Path
        File of the artifact; for compiled networks, the folder of all compiled sizes.
    input_name, output_name : str
        Names of its tensors.
    """

    bundle: Path
    stage: str
    member: int
    path: Path
    input_name: str
    output_name: str


@dataclass(frozen=True)
class Runner:
    """Runtime for artifacts of one format.

    Attributes
    ----------
    format : str
        ``"torchscript"``, ``"onnx"``, ``"safetensors"``, or ``"aotinductor"`` for networks that
        were compiled on this machine.
    version : str
        Version of the runtime, for messages.
    open : callable
        Takes an `Artifact` and returns a function that takes an input and returns an output, both
        float32 arrays. Both functions may raise any exception, and are called from one thread at
        a time.
    missing : str
        Why the runtime cannot be used and what to do about it; empty if it can be used.
    gives_probabilities : bool
        Whether it applies sigmoid or softmax to the output of networks that return logits.
    """

    format: str
    version: str
    open: Callable[[Artifact], Run]
    missing: str = ""
    gives_probabilities: bool = False


def python_runners() -> dict[str, Runner]:
    """Return the CPU runtimes of Python by name.

    ``torch`` runs TorchScript, ``onnxruntime`` runs ONNX, and ``weights`` builds the eager module
    from the stored weights and runs that.
    """
    return {
        "torch": _runner("torchscript", "torch", _open_torchscript, extra="torch"),
        "onnxruntime": _runner("onnx", "onnxruntime", _open_onnx, extra="onnx"),
        "weights": _runner("safetensors", "torch", _open_weights, extra="torch"),
    }


def _runner(format_: str, package: str, opener: Callable[[Artifact], Run], *, extra: str) -> Runner:
    if util.find_spec(package) is None:
        hint = f"{package} is not installed; run pip install 'lungrt[{extra}]'"
        return Runner(format_, "", opener, missing=hint)
    return Runner(format_, _version(package), opener)


def _version(package: str) -> str:
    # The import package onnxruntime comes in distributions of several names.
    distributions = metadata.packages_distributions().get(package, [])
    return metadata.version(distributions[0]) if distributions else "unknown version"


def _open_torchscript(artifact: Artifact) -> Run:
    from lungrt.export.torchscript import open_torchscript

    return open_torchscript(artifact.path)


def _open_weights(artifact: Artifact) -> Run:
    from lungrt.export.network import SingleOutput, run_eager
    from lungrt.export.weights import open_weights

    module = SingleOutput(open_weights(artifact.path))
    return lambda x: run_eager(module, x)


def _open_onnx(artifact: Artifact) -> Run:
    # From 1.29 on, ONNX Runtime sends telemetry unless these are set before it is imported.
    for name in ("ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED"):
        os.environ.setdefault(name, "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    # Idle threads that spin would slow down whatever else runs on the machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors only; a wrong result would show in the comparison
    try:
        session = onnxruntime.InferenceSession(
            artifact.path, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise Inference(f"{artifact.path}: ONNX Runtime cannot load this file ({error})") from error

    def run(x: NDArray[np.float32]) -> NDArray[np.float32]:
        (output,) = session.run([artifact.output_name], {artifact.input_name: x})
        result: NDArray[np.float32] = output
        return result

    return run
