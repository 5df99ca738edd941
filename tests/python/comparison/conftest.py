"""Reports as files, and what they are made of."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lungrt

WriteReport = Callable[..., Path]


@pytest.fixture(scope="session")
def report_content(tiny_bundle: Path, small_ct: lungrt.CtVolume) -> dict[str, Any]:
    """Diagnose the small CT with the tiny bundle; what its report holds."""
    return lungrt.Pipeline(tiny_bundle, threads=1).run(small_ct).to_dict()


@pytest.fixture
def write_report(tmp_path: Path, report_content: dict[str, Any]) -> WriteReport:
    """Return a function that writes the report, changed by `edit`, as NAME.json."""

    def write(name: str, edit: Callable[[dict[str, Any]], object] = lambda _: None) -> Path:
        content = copy.deepcopy(report_content)
        edit(content)
        path = tmp_path / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
        return path

    return write
