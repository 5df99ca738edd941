"""Whole trainings of tiny networks: they learn, go on after an interruption, stop, and diverge."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from lungrt.errors import (
    DeviceUnavailable,
    Inference,
    InvalidArgument,
    Io,
    UnsupportedVersion,
)
from lungrt.models import load_network
from lungrt.training.data import DataSet
from lungrt.training.files import read_resume
from lungrt.training.loop import Epoch, member_outputs, resume_file, run
from lungrt.training.session import Session
from lungrt.training.settings import Settings

from .conftest import CROP

Quick = Callable[..., Settings]

TASKS = ("segmentation", "nodule", "malignancy", "three-class")


def session_of(data: DataSet, settings: Settings, **more: Any) -> Session:
    return Session(settings, data, data.samples, data.samples, **more)


@pytest.mark.parametrize("task", TASKS)
def test_a_tiny_set_is_learnt_by_heart(luna_data: DataSet, quick: Quick, task: str) -> None:
    settings = quick(
        task,
        epochs=12 if task == "segmentation" else 8,
        samples_per_epoch=48,
        batch=8,
        lr=0.01,
        optimizer="adam",
        validate_every=20,
        best_by="f1",
        noise_hu=0.0,
    )
    result = run(session_of(luna_data, settings), None)
    losses = [epoch.training["loss/all"] for epoch in result.epochs]
    assert losses[-1] < losses[0] / 2
    after = result.epochs[-1].validation
    if task == "segmentation":
        # Misses weigh eight times: everything is found, and some more.
        assert after["pr/recall"] > 0.9
        assert after["pr/f1"] > 0.6
    else:
        assert after["correct/all"] == 1.0
        assert after["auc"] == 1.0


EVERYTHING = {
    "malignancy": {
        "dropout": 0.3, "mixup": 0.2, "noise_hu": 10.0, "average": "ema", "momentum": 0.9,
        "soft_labels": True,
    },
    "segmentation": {"dropout": 0.1, "average": "swa"},
    "three-class": {"optimizer": "adamw", "average": "swa"},
    "nodule": {"momentum": 0.99},
}  # fmt: skip


def equal(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(equal, a, b))
    return bool(a == b or (a != a and b != b))


@pytest.mark.parametrize("task", TASKS)
def test_going_on_is_equal_to_the_bit(
    luna_data: DataSet, quick: Quick, tmp_path: Path, task: str
) -> None:
    settings = quick(task, epochs=5, samples_per_epoch=8, **EVERYTHING[task])
    whole, halves = tmp_path / "whole.state", tmp_path / "halves.state"
    run(session_of(luna_data, settings), whole)

    class Interrupted(Exception):
        pass

    def interrupt(epoch: Epoch) -> None:
        if epoch.number == 4:  # the mean of swa has begun
            raise Interrupted

    with pytest.raises(Interrupted):
        run(session_of(luna_data, settings), halves, on_epoch=interrupt)
    result = run(session_of(luna_data, settings), halves, resume=True)
    assert [epoch.number for epoch in result.epochs] == [1, 2, 3, 4, 5]
    a, b = (torch.load(resume_file(path), weights_only=True) for path in (whole, halves))
    assert equal(a, b)
    a, b = (torch.load(path, weights_only=True) for path in (whole, halves))
    assert equal(a["model_state"], b["model_state"])
    assert a["epoch"] == b["epoch"]


def test_same_seed_same_network_other_seed_another(luna_data: DataSet, quick: Quick) -> None:
    def weights(seed: int, workers: int = 0) -> dict[str, Tensor]:
        session = session_of(luna_data, quick("nodule", seed=seed, workers=workers, epochs=1))
        run(session, None)
        return session.result.state_dict()

    assert equal(weights(3), weights(3))
    assert equal(weights(3), weights(3, workers=2))
    assert not equal(weights(3), weights(4))


def test_global_random_state_is_left_alone(luna_data: DataSet, quick: Quick) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    run(session_of(luna_data, quick("nodule", dropout=0.5, mixup=0.5)), None)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("task", TASKS)
def test_checkpoint_is_the_books(
    luna_data: DataSet, quick: Quick, tmp_path: Path, task: str
) -> None:
    path = tmp_path / "net.state"
    session = session_of(luna_data, quick(task, dropout=0.2))
    run(session, path)
    content = torch.load(path, weights_only=True)
    assert content.keys() == {
        "time", "model_state", "model_name", "optimizer_state", "optimizer_name", "epoch",
        "totalTrainingSamples_count",
    }  # fmt: skip
    assert content["totalTrainingSamples_count"] == 12 * content["epoch"]
    stage = {"three-class": "nodule"}.get(task, task)
    options = {} if task == "segmentation" else {"crop": list(CROP)}
    loaded = load_network(stage, path, options=options)
    assert loaded.checkpoint.metadata["epoch"] == content["epoch"]
    if content["epoch"] == 2:
        image = torch.randn(2, 3, 16, 16) if task == "segmentation" else torch.randn(2, 1, *CROP)
        mine, theirs = session.result.eval()(image), loaded.module(image)
        assert equal(mine, theirs)
    assert len(loaded.classes) == (3 if task == "three-class" else len(loaded.classes))


def test_trained_checkpoint_exports(luna_data: DataSet, quick: Quick, tmp_path: Path) -> None:
    from lungrt.export import export_bundle

    paths = member_outputs(tmp_path / "mal.state", 2)
    assert [path.name for path in paths] == ["mal-1.state", "mal-2.state"]
    for number, path in enumerate(paths):
        run(session_of(luna_data, quick("malignancy", seed=number, epochs=1)), path)
    networks = [load_network("malignancy", path, options={"crop": list(CROP)}) for path in paths]
    result = export_bundle(
        {"malignancy": networks}, tmp_path / "bundle", formats=("torchscript", "safetensors")
    )
    compared = {(row.runtime, row.member) for row in result.rows if row.comparison}
    assert {("torch", 0), ("torch", 1)} <= compared


def test_early_stopping_keeps_the_best(
    luna_data: DataSet, quick: Quick, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.state"
    session = session_of(luna_data, quick("nodule", epochs=9, patience=2))
    scores = iter([0.5, 0.7, 0.6, 0.7, 0.9])
    monkeypatch.setattr(session, "validate", lambda progress: ({"auc": next(scores)}, None))
    result = run(session, path)
    assert result.stopped_early
    assert [epoch.is_best for epoch in result.epochs] == [True, True, False, False]
    assert (result.best_epoch, result.best_score) == (2, 0.7)
    assert torch.load(path, weights_only=True)["epoch"] == 2


def test_smaller_loss_is_better(
    luna_data: DataSet, quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(luna_data, quick("nodule", epochs=3, best_by="loss"))
    scores = iter([0.5, 0.7, 0.4])
    monkeypatch.setattr(session, "validate", lambda progress: ({"loss/all": next(scores)}, None))
    assert run(session, None).best_epoch == 3


def test_last_epoch_is_kept_without_validation(
    luna_data: DataSet, quick: Quick, tmp_path: Path
) -> None:
    session = Session(quick("nodule"), luna_data, luna_data.samples, [])
    result = run(session, tmp_path / "net.state")
    assert result.best_epoch is None
    assert torch.load(tmp_path / "net.state", weights_only=True)["epoch"] == 2


def test_early_stopping_without_validation_is_refused(luna_data: DataSet, quick: Quick) -> None:
    session = Session(quick("nodule", patience=1), luna_data, luna_data.samples, [])
    with pytest.raises(InvalidArgument, match="needs validation samples, but there are none"):
        run(session, None)


def test_undefined_deciding_score_is_named(luna_data: DataSet, quick: Quick) -> None:
    benign = [sample for sample in luna_data.samples if sample.malignant is False]
    session = Session(quick("malignancy"), luna_data, luna_data.samples, benign)
    with pytest.raises(InvalidArgument, match="the score auc is undefined"):
        run(session, None)


def test_divergence_is_named(luna_data: DataSet, quick: Quick) -> None:
    session = session_of(luna_data, quick("nodule", lr=1e30, epochs=5))
    with pytest.raises(Inference, match=r"the training diverged: .* lower learning rate than"):
        run(session, None)


def test_absent_devices_are_named(luna_data: DataSet, quick: Quick) -> None:
    with pytest.raises(DeviceUnavailable, match="device cuda:77 is not available"):
        session_of(luna_data, quick("nodule"), device="cuda:77")
    for name in ("gpu", "meta"):
        with pytest.raises(InvalidArgument, match="expected cpu, cuda"):
            session_of(luna_data, quick("nodule"), device=name)


def test_mixed_precision_trains(luna_data: DataSet, quick: Quick) -> None:
    session = session_of(luna_data, quick("malignancy", amp=True))
    result = run(session, None)
    assert result.epochs[-1].training["loss/all"] > 0
    assert all(t.dtype != torch.bfloat16 for t in session.result.state_dict().values())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("task", TASKS)
def test_cuda_trains_as_the_cpu_does(luna_data: DataSet, quick: Quick, task: str) -> None:
    settings = quick(task, epochs=1)
    losses = [
        run(session_of(luna_data, settings, device=device), None).epochs[0].training["loss/all"]
        for device in ("cpu", "cuda")
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)
    amp = session_of(luna_data, quick(task, epochs=1, amp=True), device="cuda")
    assert run(amp, None).epochs[0].training["loss/all"] > 0


def test_ratings_are_learnt_beside_the_class(luna_data: DataSet, quick: Quick) -> None:
    with pytest.raises(InvalidArgument, match="trait_weight needs readers' ratings"):
        session_of(luna_data, quick("malignancy", trait_weight=1.0))
    rated = [
        sample.__class__(
            **{**vars(sample), "traits": {"texture": 5.0 if sample.malignant else 1.0}}
        )
        for sample in luna_data.samples
        if sample.is_nodule
    ]
    data = DataSet("x", tuple(rated), luna_data.load_crop)
    settings = quick(
        "malignancy", trait_weight=1.0, optimizer="adam", lr=0.01, epochs=6, samples_per_epoch=32
    )
    session = session_of(data, settings)
    run(session, None)
    assert session.traits is not None
    hu = torch.stack([session.objective.validation[n][0] for n in range(2)])
    session.network.eval()(hu)
    texture = session.traits()[:, 5]
    assert texture[1] - texture[0] > 0.5
    assert not any("traits" in name for name in session.result.state_dict())


@pytest.fixture
def trained(luna_data: DataSet, quick: Quick, tmp_path: Path) -> Path:
    path = tmp_path / "net.state"
    run(session_of(luna_data, quick("nodule", epochs=1)), path)
    return path


def test_going_on_with_other_settings_is_refused(
    luna_data: DataSet, quick: Quick, trained: Path
) -> None:
    with pytest.raises(
        InvalidArgument, match=r"lr was 0\.001 and is now 0\.5; seed was 0 and is now 1"
    ):
        run(session_of(luna_data, quick("nodule", lr=0.5, seed=1)), trained, resume=True)
    # More epochs are no other settings, but move what swa averages.
    assert (
        len(run(session_of(luna_data, quick("nodule", epochs=3)), trained, resume=True).epochs) == 3
    )


def test_a_resume_file_of_an_earlier_version_has_other_settings(
    luna_data: DataSet, quick: Quick, trained: Path
) -> None:
    path = resume_file(trained)
    state = torch.load(path, weights_only=True)
    state["settings"]["draws"] = state["settings"].pop("samples_per_epoch")
    state["settings"] |= {"elastic": 0.0, "ema_decay": 0.99}  # which have this value now
    torch.save(state, path)
    session = session_of(luna_data, quick("nodule", epochs=2))
    assert len(run(session, trained, resume=True).epochs) == 2
    state["settings"]["draws"] += 1
    torch.save(state, path)
    with pytest.raises(InvalidArgument, match="samples_per_epoch was 13 and is now 12"):
        read_resume(path, quick("nodule").to_json())
    state["settings"] |= {"draws": 12, "ema_decay": 0.9}
    torch.save(state, path)
    with pytest.raises(InvalidArgument, match=r"settings: ema_decay was 0\.9 and is now None;"):
        read_resume(path, quick("nodule").to_json())


def test_epochs_are_fixed_for_swa(luna_data: DataSet, quick: Quick, tmp_path: Path) -> None:
    path = tmp_path / "net.state"
    run(session_of(luna_data, quick("nodule", epochs=1, average="swa")), path)
    with pytest.raises(InvalidArgument, match="epochs was 1 and is now 2"):
        run(session_of(luna_data, quick("nodule", epochs=2, average="swa")), path, resume=True)


def test_nothing_to_go_on_with_is_named(luna_data: DataSet, quick: Quick, trained: Path) -> None:
    session = session_of(luna_data, quick("nodule", epochs=1))
    with pytest.raises(InvalidArgument, match="resuming needs the path of the checkpoint"):
        run(session, None, resume=True)
    with pytest.raises(Io, match="no training to resume"):
        run(session, trained.with_name("other.state"), resume=True)
    path = resume_file(trained)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(Io, match="damaged, or not a resume file"):
        read_resume(path, {})
    torch.save({"resume_version": 0}, path)
    with pytest.raises(UnsupportedVersion, match="version 0, but this lungrt can only resume from"):
        read_resume(path, {})
    torch.save([1], path)
    with pytest.raises(UnsupportedVersion, match="version None"):
        read_resume(path, {})


def test_what_cannot_be_written_is_named(luna_data: DataSet, quick: Quick, tmp_path: Path) -> None:
    session = session_of(luna_data, quick("nodule", epochs=1))
    with pytest.raises(Io, match="cannot be written"):
        run(session, tmp_path / "none" / "net.state")


WRITER = """
import sys
from pathlib import Path
import torch
from lungrt.training.files import write_checkpoint
network = torch.nn.Linear(1500, 1500)
optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
for epoch in range(10**6):
    network.weight.data.fill_(epoch)
    write_checkpoint(Path(sys.argv[1]), network, optimizer, epoch=epoch, samples=0)
    print(epoch, flush=True)
"""


def test_kill_9_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "net.state"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    written = [int(writer.stdout.readline()) for _ in range(3)][-1]
    time.sleep(0.005)  # in the middle of the next one
    writer.send_signal(signal.SIGKILL)
    writer.stdout.close()
    assert writer.wait() == -signal.SIGKILL
    content = torch.load(path, weights_only=True)
    assert content["epoch"] >= written
    assert (content["model_state"]["weight"] == content["epoch"]).all()
