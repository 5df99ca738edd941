"""Unpickling of files of ``torch.save``, where nothing that a file asks for is imported or run.

torch's own reader is used with ``weights_only=True``, which knows tensors and containers and
refuses every other class or function. Training code stores more: scores as NumPy scalars, an
`argparse.Namespace`, settings of Hydra, whole modules. For the time of one load, each of these
names is registered with an inert class of ours, so that the weights beside them can be read.
"""

from __future__ import annotations

import io
import pickle
import re
import threading
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import torch

__all__ = ["StandIn", "unpickle"]

# Beyond what any real checkpoint asks for; a file that needs more is refused.
_MOST_NAMES = 1000

# Types of Python that pickles name as arguments, such as the one of a defaultdict's items.
_PLAIN_TYPES = frozenset(
    f"builtins.{kind.__name__}" for kind in (bool, dict, float, int, list, object, str, tuple)
)

# What torch knows as safe belongs to the process, so that only one load at a time may add to it.
_lock = threading.Lock()


class StandIn:
    """Inert object in the place of one whose class is not known here.

    Attributes
    ----------
    stored : object
        What the file stores as the object's state; None if there is nothing.
    """

    stored: Any = None

    def __new__(cls, *_: object, **__: object) -> Any:
        """Return an object that ignores its arguments."""
        return super().__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        self.stored = state


class _Mapping(StandIn):
    """Stand-in for a class whose objects are filled like dictionaries: it makes real ones."""

    def __new__(cls, *_: object, **__: object) -> Any:
        return OrderedDict()


class _List(StandIn):
    """Stand-in for a class whose objects are filled like lists: it makes real ones."""

    def __new__(cls, *_: object, **__: object) -> Any:
        return []


class _StandIns:
    """Stand-ins for the names that a file asks for; torch's refusals tell those not listed."""

    def __init__(self, names: Iterable[str]) -> None:
        self._classes: dict[str, type[StandIn]] = {}
        for name in names:
            self._set(name, StandIn)

    def _set(self, name: str, shape: type[StandIn]) -> None:
        # The name in messages of torch, by which `learn` knows the class again.
        described = {"__module__": "lungrt.foreign", "__qualname__": name}
        self._classes[name] = type(name, (shape,), described)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of other programs' classes, without Python's own types."""
        return tuple(sorted(n for n in self._classes if n not in _PLAIN_TYPES))

    def registered(self) -> list[Callable[..., Any] | tuple[Callable[..., Any], str]]:
        return [(stand_in, name) for name, stand_in in self._classes.items()]

    def learn(self, refusal: str) -> bool:
        """Add or change a stand-in so that torch's refusal does not happen again, if that helps."""
        if missing := re.search(r"GLOBAL (\S+) was not an allowed global", refusal):
            # The message leaves out "builtins.".
            name = missing[1] if "." in missing[1] else f"builtins.{missing[1]}"
            if name in self._classes or len(self._classes) >= _MOST_NAMES:
                return False
            self._set(name, StandIn)
            return True
        for name, stand_in in self._classes.items():
            if repr(stand_in) in refusal:
                if "SETITEM" in refusal:
                    self._set(name, _Mapping)
                    return True
                if "append" in refusal or "extend" in refusal:
                    self._set(name, _List)
                    return True
        return False


def unpickle(data: bytes) -> tuple[object, tuple[str, ...]]:
    """Load a file of ``torch.save`` with tensors on the CPU.

    Parameters
    ----------
    data : bytes
        The whole file: a zip archive, or the format of PyTorch before 1.6.

    Returns
    -------
    content : object
        What was saved, with `StandIn` objects, dictionaries and lists in the place of objects of
        other classes than torch's.
    foreign : tuple of str
        Names of those classes and functions. None of them was imported.

    Raises
    ------
    Exception
        Whatever torch raises: the file is damaged, or does what torch never allows.
    """
    with _lock, warnings.catch_warnings():
        # Torch warns about pickles that it did not write; what is in them is checked by the caller.
        warnings.simplefilter("ignore")
        stand_ins = _StandIns(_listed_names(data))
        while True:
            try:
                with torch.serialization.safe_globals(stand_ins.registered()):
                    content = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
                return content, stand_ins.names
            except pickle.UnpicklingError as error:
                if not stand_ins.learn(str(error)):
                    raise


def _listed_names(data: bytes) -> list[str]:
    """Return what a file asks for, as torch lists it; nothing for the old format."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return []
    names = torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(data))
    return sorted(names)[:_MOST_NAMES]
