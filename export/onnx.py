"""ONNX artifacts, written by PyTorch's graph exporter.

Batch norms are not folded or rewritten, since both made ONNX Runtime slower.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn
from torch.export import Dim

from lungrt.errors import Inference
from lungrt.export.manifest import InputEntry, OutputEntry

_OPSET = 18  # the oldest that has all operators of the families, so that old runtimes can run it


def made_with() -> str:
    """Return the value of ``made_with`` in the manifest."""
    return f"torch {torch.__version__.partition('+')[0]}, opset {_OPSET}"


def to_onnx(
    module: nn.Module, example: NDArray[np.float32], contract: InputEntry, output: OutputEntry
) -> bytes:
    """Export a network with a dynamic batch and, for segmentation, height and width.

    Parameters
    ----------
    module : torch.nn.Module
        Network in evaluation mode that takes one tensor and returns one.
    example : numpy.ndarray
        Input of at least two items; the exporter would take a batch of 1 for a constant.
    contract : InputEntry
        Input of the network, with the sizes that it accepts.
    output : OutputEntry
        Output of the network.

    Returns
    -------
    bytes
        The ONNX file.

    Raises
    ------
    Inference
        The network cannot be exported.
    """
    with _quiet(), torch.no_grad():
        try:
            program = torch.onnx.export(
                module,
                (torch.from_numpy(example),),
                dynamo=True,
                external_data=False,
                opset_version=_OPSET,
                input_names=[contract.name],
                output_names=[output.name],
                dynamic_shapes=(_dynamic_axes(contract),),
                verbose=False,
            )
            assert program is not None
            model = program.model_proto
            _remove_sources(model)
            _name_axes(model, contract)
            onnx.checker.check_model(model, full_check=True)
        # Exporting runs the network's code, which may raise any exception.
        except Exception as error:
            raise Inference(
                f"the network cannot be exported to ONNX ({type(error).__name__}: {error})"
            ) from error
    data: bytes = model.SerializeToString()
    return data


def _dynamic_axes(contract: InputEntry) -> dict[int, Any]:
    axes: dict[int, Any] = {0: Dim("batch")}
    if contract.crop is None:
        # Networks are valid for some sizes only, and the exporter checks what they compute.
        for axis, name in ((2, "height"), (3, "width")):
            axes[axis] = contract.size_multiple * Dim(f"{name}_units") + 2 * contract.halo
    return axes


def _remove_sources(model: onnx.ModelProto) -> None:
    """Remove the exporter's notes about the origin of each node, which hold paths of files."""
    graph = model.graph
    for item in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        del item.metadata_props[:]
        item.doc_string = ""


def _name_axes(model: onnx.ModelProto, contract: InputEntry) -> None:
    """Name the dynamic axes as the manifest does, instead of by the exporter's formulas."""
    # Inner shapes use those formulas too. Every runtime infers them itself, so they are removed.
    del model.graph.value_info[:]
    (image,), (result,) = model.graph.input, model.graph.output
    prefix = "output_" if contract.halo else ""
    for value, start in ((image, ""), (result, prefix)):
        for axis, name in zip(
            value.type.tensor_type.shape.dim[2:4], ("height", "width"), strict=False
        ):
            if not axis.HasField("dim_value"):
                axis.dim_param = start + name


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide the exporter's own messages and warnings, about which a user can do nothing."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r".*LeafSpec.*is deprecated", FutureWarning)
        try:
            yield
        finally:
            logger.setLevel(level)
