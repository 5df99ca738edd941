"""The one picture of a diagnosis."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from lungrt.pictures import Scene
from lungrt.pictures.sheet import draw_sheet

MakeScene = Callable[..., Scene]


def test_sheet_has_a_row_for_each_of_the_first_eight_nodules(make_scene: MakeScene) -> None:
    scene = make_scene()
    heights = []
    for count in (1, 3, 8, 9):
        nodules = scene.report.nodules[:1] * count
        picture = Image.open(io.BytesIO(draw_sheet(make_scene(nodules=nodules))))
        assert picture.format == "PNG"
        heights.append(picture.height)
    assert heights[1] > heights[0]
    assert heights[2] == heights[3]


@pytest.mark.parametrize("p_malignant", [0.2, 0.9])
def test_marks_have_the_color_and_shape_of_their_class(
    make_scene: MakeScene, p_malignant: float
) -> None:
    nodule = make_scene().report.nodules[0]
    nodule.p_malignant = p_malignant
    picture = Image.open(io.BytesIO(draw_sheet(make_scene(nodules=[nodule]))))
    pixels = np.asarray(picture.convert("RGB"))
    orange = (pixels == (0xE6, 0x9F, 0x00)).all(axis=-1).sum()
    assert (orange > 20) == (p_malignant > 0.5)


def test_no_nodules_is_a_picture_of_the_overview(make_scene: MakeScene) -> None:
    picture = Image.open(io.BytesIO(draw_sheet(make_scene(nodules=[]))))
    assert picture.width < 700
    assert np.asarray(picture).max() == 255
