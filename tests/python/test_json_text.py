from __future__ import annotations

import json
import math

from lungrt.json_text import json_text


def test_undefined_numbers_are_null_everywhere() -> None:
    content = {"a": math.nan, 1: [math.inf, (0.5, -math.inf)], "b": {"c": math.nan, "d": None}}
    assert json.loads(json_text(content)) == {
        "a": None,
        "1": [None, [0.5, None]],
        "b": {"c": None, "d": None},
    }
    assert json_text({"a": 1}) == '{\n  "a": 1\n}\n'
