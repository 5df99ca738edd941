"""Reading checkpoint files: every accepted form, and every file that must be refused."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch

from lungrt.errors import CheckpointMismatch, InvalidArgument, Io
from lungrt.models import load_checkpoint

STATE = {"conv.weight": torch.arange(6.0).reshape(2, 3), "conv.bias": torch.tensor([1.0, 2.0])}

Save = Callable[[object], Path]


def assert_is_state(state: dict[str, torch.Tensor]) -> None:
    assert state.keys() == STATE.keys()
    for name, tensor in STATE.items():
        assert torch.equal(state[name], tensor)


@pytest.mark.parametrize(
    "wrapper", ["model_state", "model_state_dict", "state_dict", "model", "net", "some_other_key"]
)
def test_wrapped_state(save: Save, wrapper: str) -> None:
    assert_is_state(load_checkpoint(save({wrapper: STATE, "epoch": 3})).state)


def test_plain_state(save: Save) -> None:
    checkpoint = load_checkpoint(str(save(STATE)))
    assert_is_state(checkpoint.state)
    assert checkpoint.metadata == {}


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod."])
def test_foreign_prefix_is_stripped(save: Save, prefix: str) -> None:
    assert_is_state(load_checkpoint(save({prefix + k: v for k, v in STATE.items()})).state)


def test_prefix_of_some_names_is_part_of_them(save: Save) -> None:
    state = load_checkpoint(save({"module.a": torch.ones(1), "b": torch.ones(1)})).state
    assert set(state) == {"module.a", "b"}


def test_legacy_file_format(tmp_path: Path) -> None:
    path = tmp_path / "legacy.pth"
    torch.save({"model_state": STATE}, path, _use_new_zipfile_serialization=False)
    assert_is_state(load_checkpoint(path).state)


def test_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(STATE, path, metadata={"model_name": "Net", "user": "somebody"})
    checkpoint = load_checkpoint(path)
    assert_is_state(checkpoint.state)
    assert checkpoint.metadata == {"model_name": "Net"}


def test_sha256_is_that_of_the_file(save: Save) -> None:
    path = save(STATE)
    assert load_checkpoint(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_metadata_is_fit_to_publish(save: Save) -> None:
    metadata = load_checkpoint(
        save(
            {
                "model_state": STATE,
                "model_name": "UNetWrapper",
                "optimizer_name": "Adam",
                "optimizer_state": {"state": {}},
                "epoch": 5,
                "best_score": 0.75,
                "loss": float("nan"),
                "time": "2020-01-26 20:08:07",
                "sys_argv": ["/home/somebody/training.py"],
                "series_uid": "1.2.3",
                "architecture": "/home/somebody/net",
            }
        )
    ).metadata
    assert metadata == {
        "model_name": "UNetWrapper",
        "optimizer_name": "Adam",
        "epoch": 5,
        "best_score": 0.75,
        "time": "2020-01-26 20:08:07",
    }
    json.dumps(metadata, allow_nan=False)


def test_metadata_of_the_books_checkpoint(segmentation_checkpoint: Path) -> None:
    metadata = load_checkpoint(segmentation_checkpoint).metadata
    assert metadata["epoch"] == 5
    assert metadata["totalTrainingSamples_count"] == 1_500_000
    assert metadata["model_name"] == "UNetWrapper"
    assert set(metadata) == {
        "epoch",
        "totalTrainingSamples_count",
        "model_name",
        "optimizer_name",
        "time",
    }


def test_key_map_exact_rule_wins_over_prefix(save: Save) -> None:
    path = save({"net.enc.weight": STATE["conv.weight"], "net.enc.b": STATE["conv.bias"]})
    assert_is_state(
        load_checkpoint(path, key_map={"net.enc.": "conv.", "net.enc.b": "conv.bias"}).state
    )


def test_key_map_longest_prefix_wins_and_names_are_renamed_once(save: Save) -> None:
    path = save({"a.x": torch.ones(1), "a.b.x": torch.ones(2), "b.x": torch.ones(3)})
    state = load_checkpoint(path, key_map={"a.": "b.b.", "a.b.": "", "b.": "c."}).state
    assert {name: len(tensor) for name, tensor in state.items()} == {"b.b.x": 1, "x": 2, "c.x": 3}


@pytest.mark.parametrize(
    ("key_map", "message"),
    [
        ({"conv.weigth": "x"}, "matches \\['conv.weigth'\\]"),
        ({"lin.": "x."}, "matches \\['lin.'\\]"),
        ({"conv.weight": "conv.bias"}, "would be renamed to 'conv.bias'"),
        ({"conv.": "x"}, "invalid rule 'conv.' -> 'x'"),
        ({"": "x"}, "invalid rule ''"),
    ],
)
def test_key_map_that_cannot_be_meant(save: Save, key_map: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        load_checkpoint(save(STATE), key_map=key_map)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(Io, match=r"absent\.state: cannot read the checkpoint: No such file"):
        load_checkpoint(tmp_path / "absent.state")
    with pytest.raises(Io, match="directory"):
        load_checkpoint(tmp_path)


class TouchesAFile:
    """Pickles to a call that creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch '{self.path}'",)


@pytest.mark.parametrize("how", ["zip", "legacy", "plain pickle"])
def test_code_in_a_checkpoint_is_not_executed(tmp_path: Path, how: str) -> None:
    touched, path = tmp_path / "touched", tmp_path / "evil.state"
    content = {"model_state": STATE, "epoch": TouchesAFile(touched)}
    if how == "plain pickle":
        path.write_bytes(pickle.dumps({"epoch": TouchesAFile(touched)}, protocol=2))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=how == "zip")
    with pytest.raises(CheckpointMismatch, match=r"system'.*nothing in it was executed"):
        load_checkpoint(path)
    assert not touched.exists()
    # The file is a real threat: loaded without the guard, it does what it says.
    if how == "plain pickle":
        pickle.loads(path.read_bytes())
        assert touched.exists()


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_torchscript_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.ts"
    traced = torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2))  # type: ignore[no-untyped-call]
    torch.jit.save(traced, path)
    with pytest.raises(CheckpointMismatch, match="this is a TorchScript program"):
        load_checkpoint(path)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.95, 0.999])
def test_truncated_checkpoint(tmp_path: Path, zipped: bool, kept: float) -> None:
    path = tmp_path / "cut.state"
    torch.save({"w": torch.zeros(2000)}, path, _use_new_zipfile_serialization=zipped)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(CheckpointMismatch, match=r"cut\.state: .*nothing in it was executed"):
        load_checkpoint(path)


def test_truncated_real_checkpoint(nodule_checkpoint: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.state"
    path.write_bytes(nodule_checkpoint.read_bytes()[:-1000])
    with pytest.raises(CheckpointMismatch, match="truncated"):
        load_checkpoint(path)


def test_truncated_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(STATE, path)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(CheckpointMismatch, match="truncated safetensors"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "data",
    [b"seriesuid,coordX\n1.2.3,4.5\n", b"\x89PNG\r\n\x1a\n" + bytes(64), b"PK\x03\x04" + bytes(64)],
)
def test_file_that_is_no_checkpoint(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(data)
    with pytest.raises(CheckpointMismatch, match="not a checkpoint"):
        load_checkpoint(path)


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.state"
    path.touch()
    with pytest.raises(CheckpointMismatch, match="the file is empty"):
        load_checkpoint(path)


@pytest.mark.parametrize("content", [{"epoch": 3}, {}, {"model_state": {}, "epoch": 1}])
def test_no_tensors(save: Save, content: dict[str, object]) -> None:
    with pytest.raises(CheckpointMismatch, match="holds no tensors"):
        load_checkpoint(save(content))


def test_no_dictionary(save: Save) -> None:
    with pytest.raises(CheckpointMismatch, match="holds a list; expected a state dict"):
        load_checkpoint(save([torch.ones(1)]))


def test_values_that_are_no_weights_are_all_listed(save: Save) -> None:
    content = {
        "nan": torch.tensor([1.0, float("nan")]),
        "inf": torch.full((3,), float("-inf")),
        "double": torch.tensor([1e300], dtype=torch.float64),
        "sparse": torch.eye(2).to_sparse(),
        "fine": torch.ones(2),
    }
    with pytest.raises(CheckpointMismatch) as caught:
        load_checkpoint(save(content))
    text = str(caught.value)
    assert "nan: 1 of 2 values are NaN or infinite" in text
    assert "inf: 3 of 3 values" in text
    assert "double: 1 of 1 values" in text
    assert "sparse: torch.float32, torch.sparse_coo" in text
    assert "fine" not in text
