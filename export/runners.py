"""What can run an artifact from Python, and whether it is here."""

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
    """A network's artifact in a bundle.

    Attributes
    ----------
    bundle : pathlib.Path
        The bundle's folder.
    stage : str
    member : int
        Number of the network in its stage, from 0.
    path : pathlib.Path
        The artifact.
    input_name, output_name : str
        Of its tensors.
    """

    bundle: Path
    stage: str
    member: int
    path: Path
    input_name: str
    output_name: str


@dataclass(frozen=True)
class Runner:
    """Something that runs artifacts of one format.

    Attributes
    ----------
    format : str
        ``"torchscript"``, ``"onnx"``, ``"safetensors"`` or, of what `lungrt.export.compiled` finds,
        ``"aotinductor"``.
    version : str
        Of what runs, for people.
    open : callable
        From an `Artifact` to a function from input to output, float32 arrays. Both may raise
        anything, and may be called from one thread at a time.
    missing : str
        Why it cannot be used, and what to do; empty if it can.
    gives_probabilities : bool
        Whether it applies sigmoid or softmax to the output of networks that give logits.
    """

    format: str
    version: str
    open: Callable[[Artifact], Run]
    missing: str = ""
    gives_probabilities: bool = False


def python_runners() -> dict[str, Runner]:
    """Return Python's runtimes, on the CPU, by name.

    ``torch`` and ``onnxruntime`` run what was captured of a network; ``weights`` builds the eager
    module anew from its weights.
    """
    return {
        "torch": _runner("torchscript", "torch", _open_torchscript, extra="torch"),
        "onnxruntime": _runner("onnx", "onnxruntime", _open_onnx, extra="onnx"),
        "weights": _runner("safetensors", "torch", _open_weights, extra="torch"),
    }


def _runner(format_: str, package: str, opener: Callable[[Artifact], Run], *, extra: str) -> Runner:
    if util.find_spec(package) is None:
        hint = f"{package} is not installed; pip install 'lungrt[{extra}]'"
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
    # Read when the library starts; from 1.29 on it reports to its maker over the network otherwise.
    for name in ("ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED"):
        os.environ.setdefault(name, "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    # Idle threads that spin take the cores from whatever else is measured or run beside.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors; what it warns about, the comparison would show
    try:
        session = onnxruntime.InferenceSession(
            artifact.path, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise Inference(f"{artifact.path}: ONNX Runtime cannot load it ({error})") from error

    def run(x: NDArray[np.float32]) -> NDArray[np.float32]:
        (output,) = session.run([artifact.output_name], {artifact.input_name: x})
        result: NDArray[np.float32] = output
        return result

    return run
