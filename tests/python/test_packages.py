"""Optional packages that are missing are named, with the extra that brings them."""

from __future__ import annotations

import pytest

from lungrt.errors import EngineUnavailable, InvalidArgument
from lungrt.packages import require_packages


def test_all_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    require_packages("a page", ("json",), "evaluation")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InvalidArgument) as raised:
        require_packages("a page", ("matplotlib", "jinja2"), "evaluation", InvalidArgument)
    assert str(raised.value) == (
        "a page needs matplotlib and Jinja2, which is not installed; run "
        "pip install 'lungrt[evaluation]'"
    )


def test_a_module_that_does_not_exist() -> None:
    with pytest.raises(EngineUnavailable, match="training needs no_such_module, which"):
        require_packages("training", ("json", "no_such_module"), "train")
