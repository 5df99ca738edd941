"""What was written for TensorBoard and as pictures, read back."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lungrt.errors import Io
from lungrt.training.data import DataSet
from lungrt.training.figures import overlay, to_png, training_figure
from lungrt.training.loop import Result, run
from lungrt.training.session import Session
from lungrt.training.settings import Settings
from lungrt.training.tensorboard import TensorBoardLog

Quick = Callable[..., Settings]


def trained(data: DataSet, settings: Settings, folder: Path) -> Result:
    session = Session(settings, data, data.samples, data.samples)
    with TensorBoardLog(folder) as log:
        return run(session, None, log=log)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TensorBoard's own
def test_everything_of_a_classifier_is_there(
    luna_data: DataSet, quick: Quick, tmp_path: Path
) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    result = trained(luna_data, quick("malignancy"), tmp_path)
    read = {
        part: EventAccumulator(str(tmp_path / part), size_guidance={"histograms": 0}).Reload()
        for part in ("training", "validation")
    }
    for part, events in read.items():
        scalars = set(events.Tags()["scalars"])
        assert {
            "loss/all", "loss/benign", "loss/malignant",
            "correct/all", "correct/benign", "correct/malignant",
            "pr/precision", "pr/recall", "pr/f1", "auc",
        } <= scalars | {"pr/precision", "pr/f1"}, part  # fmt: skip
        assert {"label_neg", "label_pos"} <= set(events.Tags()["histograms"])
        assert "roc" in events.Tags()["images"]
        assert "pr" in events.Tags()["tensors"]
        for epoch, event in zip(result.epochs, events.Scalars("loss/all"), strict=True):
            assert event.step == epoch.number
            assert event.value == pytest.approx(getattr(epoch, part)["loss/all"])
    rates = {tag for tag in read["training"].Tags()["scalars"] if tag.startswith("learning_rate/")}
    assert "learning_rate/head_linear" in rates
    assert "crops" in {tag.split("/")[0] for tag in read["validation"].Tags()["images"]}
    # Four malignant and four benign nodules, over fixed bins.
    first, _ = read["validation"].Histograms("label_pos")
    assert first.histogram_value.num == 4
    assert np.allclose(np.diff(first.histogram_value.bucket_limit), 0.02, atol=1e-6)
    picture = read["validation"].Images("roc")[0]
    assert Image.open(io.BytesIO(picture.encoded_image_string)).size[0] > 100


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TensorBoard's own
def test_everything_of_a_segmentation_is_there(
    luna_data: DataSet, quick: Quick, tmp_path: Path
) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    trained(luna_data, quick("segmentation", epochs=1), tmp_path)
    events = EventAccumulator(str(tmp_path / "validation")).Reload()
    assert {"loss/all", "pr/recall", "percent_of_marked/missed"} <= set(events.Tags()["scalars"])
    slices = [tag for tag in events.Tags()["images"] if tag.startswith("slices/")]
    assert len(slices) == 8
    picture = Image.open(io.BytesIO(events.Images(slices[0])[0].encoded_image_string))
    assert picture.size == (40, 40)


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Io, match="cannot write to this folder"):
        TensorBoardLog(tmp_path / "file" / "logs")


@pytest.mark.parametrize("task", ["malignancy", "segmentation"])
def test_plain_picture(luna_data: DataSet, quick: Quick, task: str) -> None:
    session = Session(quick(task), luna_data, luna_data.samples, luna_data.samples)
    picture = Image.open(io.BytesIO(to_png(training_figure(run(session, None)))))
    assert picture.format == "PNG"
    assert picture.size[0] > picture.size[1]
    assert len(picture.convert("RGB").getcolors(2**24) or []) > 10


def test_overlay_says_what_was_found() -> None:
    found = np.array([[True, True, False, False]])
    wanted = np.array([[True, False, True, False]])
    red, green, blue = overlay(np.full((1, 4), -1000, np.float32), found, wanted)[:, 0]
    assert green[0] > red[0]  # found
    assert red[1] > 3 * green[1]  # false
    assert red[2] > green[2] > blue[2]  # missed
    assert red[3] == green[3] == blue[3]
