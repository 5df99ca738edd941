"""Architectures that do not belong to the two families.

An architecture is given as ``"package.module:Class"``, or by the name under which an installed
package registers it in the entry-point group ``lungrt.architectures``. The class is called with the
options as keyword arguments and must return a `torch.nn.Module`. Its input is
``[N, 2 * context_slices + 1, H, W]`` for segmentation and ``[N, 1, slices, rows, columns]`` for a
classifier, float32. Its output is ``[N, 1, H - 2 * halo, W - 2 * halo]`` or ``[N, classes]``. If it
returns a tuple, the last element is used.

The reserved option ``"contract"`` states what the pipeline cannot read from tensors. It is a
mapping with these fields (defaults in parentheses):

- ``context_slices`` (required for segmentation) or ``crop`` (required for classifiers),
- ``size_multiple`` (1) and ``halo`` (0), for segmentation only,
- ``hu_window`` ([-1000, 1000]), ``scale`` (1) and ``offset`` (0),
- ``output_kind`` ("probability"): ``"probability"`` or ``"logits"``,
- ``classes`` (those of the stage): names of the classes in the order of the output; a nodule
  classifier may also have the three ``["non-nodule", "benign", "malignant"]``.

`lungrt.models.InputContract` describes the first seven.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from torch import nn

from lungrt.errors import InvalidArgument
from lungrt.models.contract import InputContract
from lungrt.models.options import check_choice, check_known
from lungrt.models.stages import Stage, check_classes, default_classes

ENTRY_POINT_GROUP = "lungrt.architectures"

_SHARED = frozenset({"hu_window", "scale", "offset"})


@dataclass(frozen=True)
class CustomContract:
    """Validated content of the reserved option ``contract``."""

    input: InputContract
    output_kind: str
    classes: tuple[str, ...]


def read_contract(stage: Stage, contract: object) -> CustomContract:
    """Validate the reserved option ``contract`` of an architecture for a stage.

    Raises
    ------
    InvalidArgument
        A field is unknown, missing, or has an invalid value.
    """
    if not isinstance(contract, Mapping):
        raise InvalidArgument(f"contract: expected an object of names and values, got {contract!r}")
    if stage == "segmentation":
        required, fields = "context_slices", _SHARED | {"context_slices", "size_multiple", "halo"}
    else:
        required, fields = "crop", _SHARED | {"crop"}
    check_known(
        contract, fields | {"output_kind", "classes"}, of=f"contract of the {stage} architecture"
    )
    if required not in contract:
        raise InvalidArgument(
            f"contract: {required!r} is missing. It cannot be read from the tensors of an "
            f'architecture that is not built in; set options={{"contract": {{"{required}": ...}}}}'
        )
    output_kind = contract.get("output_kind", "probability")
    check_choice("output_kind", output_kind, ("probability", "logits"))
    classes = contract.get("classes", default_classes(stage))
    if not isinstance(classes, (list, tuple)) or not all(isinstance(c, str) for c in classes):
        raise InvalidArgument(f"classes: expected a list of names, got {classes!r}")
    check_classes(stage, tuple(classes))
    return CustomContract(
        InputContract(**{name: contract[name] for name in fields if name in contract}),
        output_kind,
        tuple(classes),
    )


def registered() -> dict[str, EntryPoint]:
    """Return the architectures that installed packages register, by name."""
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}


def find_class(arch: str) -> tuple[str, Callable[..., object]]:
    """Import the class of an architecture.

    Parameters
    ----------
    arch : str
        ``"package.module:Class"`` or a registered name.

    Returns
    -------
    name : str
        ``"package.module:Class"``, also if `arch` is a registered name.
    factory : callable
        The class.

    Raises
    ------
    InvalidArgument
        The module or the class does not exist, or importing it failed.
    """
    if ":" not in arch:
        points = registered()
        if arch not in points:
            raise InvalidArgument(
                f"unknown architecture {arch!r}; expected unet (segmentation), classifier3d "
                "(nodule, malignancy), 'package.module:Class', or one that an installed package "
                f"registers ({', '.join(sorted(points)) or 'there are none'})"
            )
        arch = points[arch].value
    module_name, _, class_name = arch.partition(":")
    try:
        factory = importlib.import_module(module_name)
        for part in class_name.split("."):
            factory = getattr(factory, part)
    # Importing a module runs its code, which may raise any exception.
    except Exception as error:
        raise InvalidArgument(
            f"architecture {arch!r} cannot be imported ({type(error).__name__}: {error}); "
            "check that its package is installed or that PYTHONPATH has its folder"
        ) from error
    if not callable(factory):
        raise InvalidArgument(f"architecture {arch!r} is a {type(factory).__name__}, not a class")
    return arch, factory


def construct(name: str, factory: Callable[..., object], options: Mapping[str, Any]) -> nn.Module:
    """Call an architecture's class with its options.

    Raises
    ------
    InvalidArgument
        The class raised an exception, or returned something that is not a module.
    """
    try:
        module = factory(**options)
    except Exception as error:
        raise InvalidArgument(
            f"architecture {name!r} cannot be constructed with {dict(options)} "
            f"({type(error).__name__}: {error})"
        ) from error
    if not isinstance(module, nn.Module):
        raise InvalidArgument(
            f"architecture {name!r} returned a {type(module).__name__}; expected a torch.nn.Module"
        )
    return module
