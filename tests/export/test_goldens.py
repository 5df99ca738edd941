"""Inputs that look like CT, and the file that carries them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lungrt.export.goldens import Golden, golden_inputs, other_inputs, read_goldens, to_safetensors
from lungrt.export.manifest import InputEntry
from lungrt.export.phantom import lung_patch

HU = ((-1000.0, 1000.0), 1.0, 0.0)
IMAGES = InputEntry(*HU, context_slices=3, size_multiple=4)
CROPS = InputEntry(*HU, crop=(16, 24, 24))


class TestInputs:
    @pytest.mark.parametrize("contract", [IMAGES, CROPS])
    def test_are_the_same_each_time(self, contract: InputEntry) -> None:
        for make in (golden_inputs, other_inputs):
            for one, other in zip(make(contract), make(contract), strict=True):
                np.testing.assert_array_equal(one, other)
                assert one.dtype == np.float32

    @pytest.mark.parametrize(("multiple", "halo"), [(1, 0), (4, 0), (8, 92), (64, 0)], ids=str)
    def test_sizes_of_images(self, multiple: int, halo: int) -> None:
        contract = InputEntry(*HU, context_slices=2, size_multiple=multiple, halo=halo)
        goldens, others = golden_inputs(contract), other_inputs(contract)
        assert [len(x) for x in goldens] == [1, 2, 4, 5]
        assert {len(x) for x in others} - {len(x) for x in goldens}
        for x in (*goldens, *others):
            assert x.shape[1] == 5
            assert all((size - 2 * halo) % multiple == 0 for size in x.shape[2:])
        assert len({x.shape[2:] for x in goldens}) >= 3
        assert sum(x.shape[2] != x.shape[3] for x in goldens) >= 2

    def test_sizes_of_crops(self) -> None:
        goldens, others = golden_inputs(CROPS), other_inputs(CROPS)
        assert [x.shape for x in goldens] == [(n, 1, 16, 24, 24) for n in (1, 3)]
        assert {len(x) for x in others}.isdisjoint(len(x) for x in goldens)

    def test_are_small(self) -> None:
        crops = InputEntry(*HU, crop=(32, 48, 48))
        for contract in (IMAGES, crops):
            assert sum(x.nbytes for x in golden_inputs(contract)) < 3e6

    def test_context_is_of_neighbouring_slices(self) -> None:
        x = golden_inputs(IMAGES)[3]
        np.testing.assert_array_equal(x[0, 1:], x[1, :-1])
        assert not np.array_equal(x[0, 0], x[0, 1])

    def test_reach_both_ends_of_the_window_and_what_lies_between(self) -> None:
        for x in golden_inputs(IMAGES):
            assert x.min() == -1000
            assert x.max() == 1000
        values = np.concatenate([x.ravel() for x in golden_inputs(CROPS)])
        for low, high in ((-950, -750), (-600, -200), (-50, 100), (400, 900)):  # what CT shows
            assert ((values > low) & (values < high)).mean() > 0.003

    def test_are_scaled_after_clamping(self) -> None:
        contract = InputEntry((-1000.0, 400.0), 0.001, 0.25, crop=(16, 24, 24))
        for x, hu in zip(golden_inputs(contract), golden_inputs(CROPS), strict=True):
            expected = hu.clip(-1000, 400) * np.float32(0.001) + np.float32(0.25)
            np.testing.assert_allclose(x, expected, rtol=1e-6)

    @pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 50), (5, 16, 16)])
    def test_any_size_can_be_drawn(self, shape: tuple[int, int, int]) -> None:
        for seed in range(5):
            hu = lung_patch(shape, np.random.default_rng(seed))
            assert hu.shape == shape
            assert np.isfinite(hu).all()
            np.testing.assert_array_equal(hu, np.rint(hu))


class TestFile:
    def test_comes_back(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        shapes = [((n, 7, 4, 4), (n, 1, 4, 4)) for n in range(1, 13)]
        goldens = [
            Golden(*(rng.normal(size=shape).astype(np.float32) for shape in pair))
            for pair in shapes
        ]
        (tmp_path / "golden.safetensors").write_bytes(to_safetensors(goldens))
        for one, other in zip(read_goldens(tmp_path / "golden.safetensors"), goldens, strict=True):
            np.testing.assert_array_equal(one.input, other.input)
            np.testing.assert_array_equal(one.output, other.output)
