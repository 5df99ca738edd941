"""The manifest is read as strictly as the runtime reads it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lungrt.errors import BadBundle
from lungrt.export.manifest import Manifest, files_named_in, read_manifest

Document = dict[str, Any]
Place = tuple[str | int, ...]

SHA256 = "0123456789abcdef" * 4
OPTIONAL = {"made_with", "metadata", "cuda", "segmentation", "nodule", "torchscript", "onnx"}


def _file(name: str) -> Document:
    return {"file": name, "sha256": SHA256, "bytes": 123}


def _stage(stage: str, own: Document, shape: list[Any], classes: list[str]) -> Document:
    inner = ["height", "width"] if stage == "segmentation" else []
    limits = {"absolute": 0.001, "decision_band": 0.0005}
    return {
        "input": {
            "name": "input",
            "dtype": "float32",
            "shape": shape,
            "hu_window": [-1000.0, 1000.0],
            "scale": 1.0,
            "offset": 0.0,
            **own,
            "spacing_mm": None,
        },
        "output": {
            "name": "output",
            "kind": "probability",
            "shape": ["batch", len(classes), *inner],
        },
        "classes": classes,
        "threshold": 0.5,
        "tolerance": {"cpu": dict(limits), "cuda": dict(limits)},
        "networks": [
            {
                "architecture": "some",
                "options": {"widths": [1, 2]},
                "inferred": ["widths"],
                "checkpoint": {"sha256": SHA256, "metadata": {"epoch": 1}},
                "artifacts": {
                    "torchscript": {**_file(f"{stage}/model.ts"), "made_with": "torch 2.13.0"},
                    "onnx": {**_file(f"{stage}/model.onnx"), "made_with": "torch 2.13.0"},
                },
                "goldens": [_file(f"{stage}/golden.safetensors")],
            }
        ],
    }


def _document() -> Document:
    """Return the example of DESIGN.md."""
    images = {"context_slices": 3, "size_multiple": 4, "halo": 0}
    return {
        "format_version": 1,
        "lungrt_version": "0.1.0",
        "created": "2026-11-24T09:30:00+00:00",
        "stages": {
            "segmentation": _stage(
                "segmentation", images, ["batch", 7, "height", "width"], ["nodule"]
            ),
            "nodule": _stage(
                "nodule",
                {"crop": [32, 48, 48]},
                ["batch", 1, 32, 48, 48],
                ["non-nodule", "nodule"],
            ),
        },
    }


@pytest.fixture
def read(tmp_path: Path) -> Callable[[object], Manifest]:
    """Return a function that reads a document, or any text, as a manifest."""

    def write_and_read(document: object) -> Manifest:
        text = document if isinstance(document, str) else json.dumps(document)
        (tmp_path / "manifest.json").write_text(text)
        return read_manifest(tmp_path)

    return write_and_read


Read = Callable[[object], Manifest]


def _walk(value: Any, place: Place = ()) -> Iterator[Place]:
    """Places of all values, but not inside of what is free."""
    yield place
    members: list[tuple[str | int, Any]] = []
    if isinstance(value, dict) and place[-1:] not in (("options",), ("metadata",)):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    for key, member in members:
        yield from _walk(member, (*place, key))


def _at(document: Document, place: Place) -> Any:
    value: Any = document
    for key in place:
        value = value[key]
    return value


def _fields() -> list[Place]:
    """Return every field, but of what is the same in each stage only the last one's."""
    last = {place[-1 if len(place) < 3 else 2 :]: place for place in _walk(_document()) if place}
    return [place for place in last.values() if isinstance(place[-1], str)]


FIELDS = _fields()


def test_comes_back_as_it_was_written(read: Read) -> None:
    assert json.loads(read(_document()).to_text()) == _document()


def test_files(read: Read) -> None:
    names = [file.file for file in read(_document()).files]
    assert names == [
        f"{stage}/{name}"
        for stage in ("segmentation", "nodule")
        for name in ("model.ts", "model.onnx", "golden.safetensors")
    ]
    named = files_named_in(json.dumps(_document()))
    assert sorted(map(str, named)) == sorted([*names, "manifest.json"])


@pytest.mark.parametrize("place", FIELDS, ids=str)
def test_a_field_is_missing(read: Read, place: Place) -> None:
    document = _document()
    *parents, key = place
    del _at(document, tuple(parents))[key]
    if key in OPTIONAL:
        read(document)
    else:
        with pytest.raises(BadBundle, match=f"field '{key}' is missing in"):
            read(document)


@pytest.mark.parametrize("place", FIELDS, ids=str)
def test_a_field_is_misspelt(read: Read, place: Place) -> None:
    document = _document()
    *parents, key = place
    parent = _at(document, tuple(parents))
    if key in ("torchscript", "onnx"):
        return  # the names of formats are open
    parent[f"{key}x"] = parent.pop(key)
    with pytest.raises(BadBundle, match=f"'{key}x'|'{key}' is missing"):
        read(document)


@pytest.mark.parametrize("place", FIELDS, ids=str)
@pytest.mark.parametrize("value", [None, True, -7, "", [], "x" * 100], ids=repr)
def test_a_value_of_another_kind(read: Read, place: Place, value: object) -> None:
    document = _document()
    *parents, key = place
    _at(document, tuple(parents))[key] = value
    fits: dict[str, list[Any]] = {
        "spacing_mm": [None],
        "inferred": [[]],
        "goldens": [[]],
        "offset": [-7],
        "scale": [-7],
        "lungrt_version": ["x" * 100],
        "created": ["x" * 100],
        "name": ["x" * 100],
        "architecture": ["x" * 100],
        "made_with": ["x" * 100],
        "file": ["x" * 100],
    }
    if any(value is good or value == good for good in fits.get(str(key), [])):
        read(document)
        return
    # A version is a number before it is a known one.
    with pytest.raises(Exception, match=f"{key}") as caught:
        read(document)
    assert type(caught.value).__name__ in ("BadBundle", "UnsupportedVersion")
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("stages",), {}, "at least one stage"),
        (("stages", "nodule", "networks"), [], "at least one network"),
        (("stages", "nodule", "networks", 0, "artifacts"), {}, "at least one artifact"),
        (("stages", "nodule", "input", "crop"), [32, 48], "an array of 3"),
        (("stages", "nodule", "input", "crop"), [0, 48, 48], "of at least 1"),
        (("stages", "nodule", "input", "shape"), ["batch", 1, 32, 48, 47], "expected"),
        (("stages", "nodule", "input", "hu_window"), [1000, -1000], "the lower one first"),
        (("stages", "nodule", "input", "scale"), 0, "other than 0"),
        (("stages", "nodule", "input", "dtype"), "float16", '"float32"'),
        (("stages", "nodule", "input", "spacing_mm"), [1, 1, 1], "expected null"),
        (("stages", "nodule", "output", "kind"), "votes", '"probability" or "logits"'),
        (("stages", "nodule", "output", "shape"), ["batch", 3], r'\["batch", 2\]'),
        (("stages", "nodule", "classes"), ["nodule", "non-nodule"], "or"),
        (("stages", "nodule", "threshold"), 1.5, "a number from 0 to 1"),
        (("stages", "nodule", "tolerance", "cpu", "absolute"), -1, "a number from 0 to inf"),
        (("stages", "segmentation", "input", "size_multiple"), 0, "of at least 1"),
        (("stages", "segmentation", "input", "halo"), 0.5, "a whole number"),
        (("lungrt_version",), "0.1\n", "without control characters"),
        *(
            (("stages", "nodule", "networks", 0, "goldens", 0, "file"), path, "stays inside")
            for path in ("/etc/passwd", "../x", "nodule/../../x", "nodule//x", "./x", "C:x", "a\\b")
        ),
        *(
            (("stages", "nodule", "networks", 0, "goldens", 0, "sha256"), digest, "64 lower-case")
            for digest in ("0" * 63, "A" * 64, "g" * 64)
        ),
    ],
)
def test_a_value_that_cannot_be(read: Read, place: Place, value: object, message: str) -> None:
    document = _document()
    *parents, key = place
    _at(document, tuple(parents))[key] = value
    with pytest.raises(BadBundle, match=message):
        read(document)


def test_malignancy_beside_three_classes(read: Read) -> None:
    document = _document()
    nodule = document["stages"]["nodule"]
    malignancy = copy.deepcopy(nodule)
    malignancy["classes"] = ["benign", "malignant"]
    document["stages"]["malignancy"] = malignancy
    read(document)
    nodule["classes"] = ["non-nodule", "benign", "malignant"]
    nodule["output"]["shape"] = ["batch", 3]
    with pytest.raises(BadBundle, match="already separates benign and malignant"):
        read(document)


@pytest.mark.parametrize("field", ["description", "metadata"])
def test_what_is_free(read: Read, field: str) -> None:
    document = _document()
    stage = document["stages"]["nodule"]
    network = stage["networks"][0]
    for place in (document, stage, stage["input"], stage["output"], network, network["goldens"][0]):
        place[field] = {"any": ["thing", None]}
    read(document)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON"),
        ('{"format_version": 1', "not valid JSON"),
        ('{"format_version": NaN}', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", r"the document is \[\], expected an object"),
        ('{"format_version": 1, "format_version": 1}', "'format_version' appears twice"),
        ('{"format_version": "1"}', 'format_version is "1", expected a whole number'),
    ],
)
def test_text_that_is_no_manifest(read: Read, text: str, message: str) -> None:
    with pytest.raises(BadBundle, match=message):
        read(text)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadBundle, match="not a lungrt bundle"):
        read_manifest(tmp_path)
