"""Objects of other programs in a checkpoint: they become inert, and nothing of theirs runs."""

from __future__ import annotations

import argparse
import collections
import datetime
import enum
import pathlib
import pickle
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lungrt.errors import CheckpointMismatch
from lungrt.models import load_checkpoint
from lungrt.models.unpickling import StandIn, unpickle

STATE = {"conv.weight": torch.arange(6.0).reshape(2, 3), "conv.bias": torch.tensor([1.0, 2.0])}

Save = Callable[[object], Path]


class Phase(enum.Enum):
    TRAINING = 1


class Settings(dict):  # type: ignore[type-arg]
    """A dictionary of another program, with attributes beside its items."""


class Items(list):  # type: ignore[type-arg]
    pass


class WithSlots:
    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 3


def settings() -> Settings:
    found = Settings(lr=1e-3)
    found.name = "run"  # type: ignore[attr-defined]
    return found


FOREIGN = {
    "numpy scalar": np.float64(0.93),
    "numpy array": np.arange(3),
    "namespace": argparse.Namespace(lr=1e-3, path=pathlib.Path("/data")),
    "defaultdict": collections.defaultdict(list, {"loss": [1.0]}),
    "deque": collections.deque([1, 2], maxlen=3),
    "counter": collections.Counter("aab"),
    "path": pathlib.PurePosixPath("/data/run"),
    "time": datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
    "enum": Phase.TRAINING,
    "mapping of a class": settings(),
    "list of a class": Items([1, 2]),
    "slots": WithSlots(),
    "nested": {"a": [argparse.Namespace(x=np.float32(1)), (Settings(y=Items([1])),)]},
    "optimizer": torch.optim.Adam(torch.nn.Linear(2, 2).parameters()),
    "function": np.mean,
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", FOREIGN)
def test_weights_beside_an_object_of_another_program(
    tmp_path: Path, name: str, zipped: bool
) -> None:
    path = tmp_path / "network.pt"
    content = {"extra": FOREIGN[name], "model_state": STATE, "epoch": 3, "after": FOREIGN[name]}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    checkpoint = load_checkpoint(path)
    assert checkpoint.state.keys() == STATE.keys()
    for key, tensor in STATE.items():
        assert torch.equal(checkpoint.state[key], tensor)
    assert checkpoint.metadata == {"epoch": 3}


def test_what_was_not_loaded_is_said(save: Save) -> None:
    notes = load_checkpoint(save({"net": STATE, "args": argparse.Namespace(lr=1)})).notes
    assert notes[0] == "took the 2 tensors under the key 'net'"
    assert "not loaded, because they are no weights: objects of argparse.Namespace" in notes[1]


def test_weights_in_a_dictionary_of_another_program(save: Save) -> None:
    loaded = load_checkpoint(save(Settings(model=Settings(STATE), epoch=1)))
    assert torch.equal(loaded.state["conv.weight"], STATE["conv.weight"])


def test_weights_in_an_attribute(save: Save) -> None:
    loaded = load_checkpoint(save(argparse.Namespace(best=argparse.Namespace(weights=STATE))))
    assert torch.equal(loaded.state["conv.bias"], STATE["conv.bias"])
    assert "'best.weights'" in loaded.notes[0]


@pytest.mark.parametrize("key", [None, "model"])
def test_a_pickled_module_gives_the_tensors_of_its_state_dict(save: Save, key: str | None) -> None:
    module = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3), torch.nn.Sequential(torch.nn.BatchNorm2d(2), torch.nn.ReLU())
    )
    module.register_buffer("scratch", torch.ones(2), persistent=False)
    loaded = load_checkpoint(save(module if key is None else {key: module, "epoch": 1}))
    expected = module.state_dict()
    assert list(loaded.state) == list(expected)
    for name, tensor in expected.items():
        assert torch.equal(loaded.state[name], tensor)
    assert "of a pickled module, whose code was not loaded" in loaded.notes[0]


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """Return a module that can be imported, and the file that shows that it was."""
    touched = tmp_path / "touched"
    name = "lungrt_test_trap"
    (tmp_path / f"{name}.py").write_text(f"open({str(touched)!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield name, touched
    sys.modules.pop(name, None)


def test_the_module_of_a_class_is_not_imported(save: Save, trap: tuple[str, Path]) -> None:
    name, touched = trap
    module = types.ModuleType(name)
    module.Config = type("Config", (), {"__module__": name})  # type: ignore[attr-defined]
    sys.modules[name] = module
    path = save({"model": STATE, "config": module.Config()})  # type: ignore[attr-defined]
    del sys.modules[name]
    checkpoint = load_checkpoint(path)
    assert torch.equal(checkpoint.state["conv.bias"], STATE["conv.bias"])
    assert f"{name}.Config" in checkpoint.notes[1]
    assert not touched.exists()
    assert name not in sys.modules
    # The module is a real trap: loaded with code, the file imports it.
    with pytest.raises(AttributeError):
        torch.load(path, weights_only=False)
    assert touched.exists()


class Runs:
    """Pickles to a call of a function with arguments."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("function", [eval, exec, subprocess.call, getattr, open, __import__])
def test_a_function_that_a_file_calls_is_not_run(
    tmp_path: Path, function: Callable[..., object], zipped: bool
) -> None:
    touched, path = tmp_path / "touched", tmp_path / "evil.pt"
    arguments: dict[Callable[..., object], tuple[object, ...]] = {
        eval: (f"open({str(touched)!r}, 'w')",),
        exec: (f"open({str(touched)!r}, 'w')",),
        subprocess.call: (["touch", str(touched)],),
        getattr: ("text", "upper"),
        open: (str(touched), "w"),
        __import__: ("this",),
    }
    content = {"model": STATE, "x": Runs(function, *arguments[function])}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    assert torch.equal(load_checkpoint(path).state["conv.bias"], STATE["conv.bias"])
    loaded, names = unpickle(path.read_bytes())
    assert isinstance(loaded, dict)
    assert isinstance(loaded["x"], StandIn)
    assert any(function.__name__ in name for name in names) or function is open
    assert not touched.exists()
    assert "this" not in sys.modules


def test_stand_ins_are_registered_for_one_load_only(save: Save) -> None:
    before = set(torch.serialization.get_safe_globals())
    path = save({"model": STATE, "args": argparse.Namespace(lr=1)})
    load_checkpoint(path)
    assert set(torch.serialization.get_safe_globals()) == before
    with pytest.raises(pickle.UnpicklingError, match=r"argparse\.Namespace"):
        torch.load(path, weights_only=True)


def test_several_threads(tmp_path: Path) -> None:
    paths = []
    for number, value in enumerate(FOREIGN.values()):
        paths.append(tmp_path / f"{number}.pt")
        torch.save({"model": {"w": torch.full((2, 2), float(number))}, "x": value}, paths[-1])
    found: dict[int, float] = {}

    def load(number: int) -> None:
        found[number] = float(load_checkpoint(paths[number]).state["w"][0, 0])

    threads = [threading.Thread(target=load, args=(n,)) for n in range(len(paths))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: float(number) for number in range(len(paths))}


def test_a_newer_protocol_is_named(tmp_path: Path) -> None:
    path = tmp_path / "new.pt"
    torch.save({"model": STATE}, path, pickle_protocol=4)
    with pytest.raises(CheckpointMismatch, match=r"newer protocol .* pickle_protocol"):
        load_checkpoint(path)


class ListWithAttributes(list):  # type: ignore[type-arg]
    pass


def test_an_object_that_only_its_own_code_can_load_is_an_error(save: Save) -> None:
    strange: Any = ListWithAttributes([1])
    strange.name = "x"
    with pytest.raises(CheckpointMismatch, match="nothing in it was executed"):
        load_checkpoint(save({"model": STATE, "strange": strange}))
