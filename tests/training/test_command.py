"""``lungrt train`` from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
from typer.testing import CliRunner

from lungrt.cli.app import app
from lungrt.training.networks import make_network
from lungrt.training.settings import Settings

QUICK = ["--epochs", "1", "--samples-per-epoch", "8", "--batch", "4", "--no-progress"]
SMALL = [*QUICK, "--widths", "4,8", "--crop", "8,16,16"]
NEVER_SPLIT = ["--validation-share", "0", "--test-share", "0"]

Run = Callable[..., Any]


@pytest.fixture
def lungrt() -> Run:
    """Run a command; fail unless it ends as expected."""

    def run(*arguments: object, code: int = 0) -> str:
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        assert result.exit_code == code, result.output
        return " ".join(result.output.split())

    return run


@pytest.fixture
def checkpoint(tmp_path: Path, quick: Callable[..., Settings]) -> Path:
    path = tmp_path / "cls.state"
    torch.save(make_network(quick("nodule")).state_dict(), path)
    return path


@pytest.mark.parametrize("task", ["nodule", "malignancy", "three-class"])
def test_classifiers(lungrt: Run, luna_folder: Path, tmp_path: Path, task: str) -> None:
    path = tmp_path / "net.state"
    said = lungrt(
        "train", task, "--data", luna_folder, "--output", path, *SMALL, "--best-by", "loss",
        "--validation-share", "0.6", "--test-share", "0.1", "--cache", tmp_path / "cache",
        "--log-dir", tmp_path / "logs", "--plot", tmp_path / "plot.png",
        "--report", tmp_path / "report.json",
    )  # fmt: skip
    assert torch.load(path, weights_only=True)["epoch"] == 1
    assert "LUNA16: 12 samples" in said
    assert "best epoch: 1, loss" in said
    assert f"written to {path}" in said
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["settings"]["task"] == task
    assert report["members"][0]["epochs"][0]["training"]["loss/all"] > 0
    assert (tmp_path / "plot.png").read_bytes()[:4] == b"\x89PNG"
    assert list((tmp_path / "logs/validation").iterdir())
    assert list((tmp_path / "cache").glob("*/*.b2"))


def test_segmentation(lungrt: Run, luna_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "seg.state"
    said = lungrt(
        "train", "segmentation", "--data", luna_folder, "--output", path, *QUICK,
        "--widths", "4,8", "--context", "1", "--patch", "16", "--window", "24",
        "--validation-share", "0.6", "--test-share", "0.1",
    )  # fmt: skip
    assert "best epoch: 1, recall" in said
    assert torch.load(path, weights_only=True)["model_state"]["unet.last.weight"].shape[0] == 1


def test_ensemble_and_resume(lungrt: Run, luna_folder: Path, tmp_path: Path) -> None:
    arguments = ["train", "nodule", "--data", luna_folder, "--output", tmp_path / "net.state"]
    said = lungrt(*arguments, *SMALL, *NEVER_SPLIT, "--members", "2")
    assert "member 2 of 2, seed 1" in said
    assert "there are no validation samples, so the last epoch was saved" in said
    a, b = (
        torch.load(tmp_path / f"net-{n}.state", weights_only=True)["model_state"] for n in (1, 2)
    )
    assert not torch.equal(a["head_linear.weight"], b["head_linear.weight"])
    more = ["--members", "2", "--resume", "--epochs", "2"]
    lungrt(*arguments, *SMALL, *NEVER_SPLIT, *more)
    assert torch.load(tmp_path / "net-2.state", weights_only=True)["epoch"] == 2


def test_interrupted_training_goes_on(
    lungrt: Run, luna_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lungrt.training.session import Session

    arguments = ["train", "nodule", "--data", luna_folder, "--output", tmp_path / "net.state"]
    arguments += [*SMALL, *NEVER_SPLIT, "--log-dir", tmp_path / "logs", "--epochs", "3"]
    train_epoch = Session.train_epoch

    def interrupted(self: Session, epoch: int, progress: Any) -> Any:
        if epoch == 3:
            raise KeyboardInterrupt
        return train_epoch(self, epoch, progress)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "train_epoch", interrupted)
        assert "run the same command with --resume to continue" in lungrt(*arguments, code=130)
    lungrt(*arguments, "--resume")
    assert torch.load(tmp_path / "net.state", weights_only=True)["epoch"] == 3
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "logs/training")).Reload()
    assert [event.step for event in events.Scalars("loss/all")] == [1, 2, 3]


def test_fine_tuning(lungrt: Run, luna_folder: Path, tmp_path: Path, checkpoint: Path) -> None:
    path = tmp_path / "mal.state"
    lungrt(
        "train", "malignancy", "--data", luna_folder, "--output", path, *SMALL, *NEVER_SPLIT,
        "--finetune", checkpoint, "--finetune-depth", "2", "--leave-out", "1.2.3",
        "--dropout", "0.2", "--soft-labels", "--no-flip",
    )  # fmt: skip
    before = torch.load(checkpoint, weights_only=True)
    after = torch.load(path, weights_only=True)["model_state"]
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert {name.split(".")[0] for name in same} == {"tail_batchnorm", "block1"}


def test_hard_negatives(lungrt: Run, luna_folder: Path, tmp_path: Path) -> None:
    marks = tmp_path / "marks.csv"
    marks.write_text(
        "seriesuid,coordX,coordY,coordZ,probability\n1.2.0,-80,24,-290,0.9\n1.2.1,-80,24,-290,0.8\n"
    )
    arguments = ["train", "nodule", "--data", luna_folder, "--output", tmp_path / "n.state"]
    said = lungrt(*arguments, *SMALL, *NEVER_SPLIT, *["--hard-negatives", marks] * 2)
    assert "training 4 8 8" in said  # patients, nodules, non-nodules


def test_cross_validation(lungrt: Run, luna_folder: Path, tmp_path: Path, checkpoint: Path) -> None:
    report = tmp_path / "report.json"
    said = lungrt(
        "train", "malignancy", "--data", luna_folder, *SMALL, "--finetune", checkpoint,
        "--cross-validate", "2", "--report", report,
    )  # fmt: skip
    assert "4 benign and 4 malignant nodules" in said
    assert "diameter alone 1.000" in said
    scored = json.loads(report.read_text())["cross_validation"]
    assert len(scored["fold_aucs"]) == 2
    assert len(scored["nodules"]) == 8
    assert scored["diameter_auc"]["value"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to do; give --output"),
        (["--output", "x.state", "--finetune-depth", "2"], "give one with --finetune"),
        (["--cross-validate", "2", "--log-dir", "logs"], "need a training with --output"),
        (["--output", "none/x.state"], "the folder none does not exist"),
        (["--output", "x.state", "--widths", "4,x"], "--widths 4,x: expected whole numbers"),
        (["--output", "x.state", "--crop", "4,8"], "--crop 4,8: expected 3 whole numbers"),
        (["--output", "x.state", "--leave-out", "9"], "the data has no patient 9"),
        (["--output", "x.state", "--plot", "x.gif"], "unknown kind of output; expected .png"),
        (["--output", "x.state", "--test-share", "1"], "leave nothing to train on"),
        (["--cross-validate", "9"], "9 folds need at least 9 patients with a malignant nodule"),
        (["--output", "x.state", "--lr", "-1"], "lr: expected a number above 0"),
    ],
)
def test_what_cannot_be_done_is_told(
    lungrt: Run,
    luna_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    said = lungrt("train", "malignancy", "--data", luna_folder, *QUICK, *arguments, code=2)
    assert message in said
    assert list(tmp_path.iterdir()) == []


def test_only_malignancy_is_cross_validated(lungrt: Run, luna_folder: Path) -> None:
    said = lungrt("train", "nodule", "--data", luna_folder, "--cross-validate", "2", code=2)
    assert "available for the task malignancy only, not for nodule" in said


def test_missing_packages_are_told(
    lungrt: Run, luna_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lungrt.cli.train.command._PACKAGES", ("torch", "no_such_package"))
    said = lungrt("train", "nodule", "--data", luna_folder, "--output", "x.state", code=2)
    assert (
        "training needs no_such_package, which is not installed; run pip install 'lungrt[train]'"
        in said
    )


def option_help(task: str) -> dict[str, str]:
    command = typer.main.get_command(app).commands["train"].commands[task]  # type: ignore[attr-defined]
    return {parameter.opts[0]: parameter.help for parameter in command.params}


def test_every_setting_has_an_option() -> None:
    names = {field.name for field in fields(Settings)} - {"task"}
    assert {f"--{name.replace('_', '-')}" for name in names} <= option_help("nodule").keys()


def test_the_device_is_one_to_train_on() -> None:
    command = typer.main.get_command(app).commands["train"].commands["nodule"]  # type: ignore[attr-defined]
    (device,) = [p for p in command.params if p.name == "device"]
    assert "Where the networks are trained" in device.help
    assert "engine" not in device.help
    assert device.rich_help_panel is None


def test_help_tells_the_defaults_of_the_task() -> None:
    segmentation, nodule = option_help("segmentation"), option_help("nodule")
    assert nodule["--lr"].endswith("Default: 0.001; fine-tuning 0.003.")
    assert segmentation["--lr"].endswith("optimizer. Default: 0.001.")
    assert segmentation["--epochs"].endswith(
        "Default: 20; fine-tuning 40 for one block and 10 for more."
    )
    assert nodule["--crop"].endswith("Default: 32,48,48.")
    assert nodule["--flip"].endswith("Default: --flip.")
    assert "up to --finetune-depth;" in nodule["--unfreeze-every"]
