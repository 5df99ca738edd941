"""Small phantoms that several tests look at."""

from __future__ import annotations

import pytest

from lungrt.phantom import NodulePlan, Phantom, chest

PLANS = (
    NodulePlan(18, "solid", "spiculated"),
    NodulePlan(16, "solid", "smooth", "chest-wall"),
    NodulePlan(15, "solid", "lobulated", "mediastinum"),
    NodulePlan(14, "solid", "smooth", "diaphragm"),
    NodulePlan(13, "ground-glass", "smooth"),
    NodulePlan(12, "solid", "smooth", "apex"),
    NodulePlan(11, "calcified", "smooth"),
    NodulePlan(10, "solid", "smooth", "vessel"),
    NodulePlan(16, "part-solid", "smooth"),
)


@pytest.fixture(scope="session")
def phantom() -> Phantom:
    """A whole chest with every kind of nodule, without noise."""
    return chest(
        seed=3, shape=(100, 180, 200), spacing_mm=(1.6, 1.6, 2.5), nodules=PLANS, noise_hu=0
    )


@pytest.fixture(scope="session")
def small_phantom() -> Phantom:
    """A coarse chest."""
    return chest(seed=5, shape=(64, 128, 128), nodules=2)
