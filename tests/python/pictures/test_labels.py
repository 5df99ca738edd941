"""Places of numbers in the overview."""

from __future__ import annotations

import numpy as np

from lungrt.pictures.labels import LABEL_SIZE, place_labels


def test_number_of_a_lone_mark_is_at_its_upper_right() -> None:
    ((x, y),) = place_labels([(100.0, 100.0)], [8.0], (240, 240))
    assert x > 108
    assert y < 100


def test_numbers_stay_inside_and_cover_nothing() -> None:
    centers = [(5.0, 5.0), (120.0, 120.0), (132.0, 121.0), (118.0, 134.0), (236.0, 3.0)]
    radii = [4.0, 6.0, 6.0, 5.0, 4.0]
    labels = np.array(place_labels(centers, radii, (240, 240)))
    half = np.array(LABEL_SIZE) / 2
    assert (labels - half >= 0).all()
    assert (labels + half <= 240).all()
    for place, label in enumerate(labels):
        apart = np.abs(np.delete(labels, place, axis=0) - label)
        assert (apart >= 2 * half).any(axis=1).all()
        gaps = np.linalg.norm(np.maximum(0, np.abs(np.array(centers) - label) - half), axis=1)
        assert (gaps >= np.array(radii) - 1e-9).all()
