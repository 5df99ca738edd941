"""Files of weights that are damaged, of another version, or contradict themselves."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lungrt.errors import BadBundle, Error, Io, UnsupportedVersion
from lungrt.export.weights import open_weights, to_weights
from lungrt.models import LoadedNetwork

Network = Callable[..., LoadedNetwork]
Header = dict[str, Any]


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _taken_apart(data: bytes) -> tuple[Header, bytes]:
    (length,) = struct.unpack("<Q", data[:8])
    header: Header = json.loads(data[8 : 8 + length])
    return header, data[8 + length :]


def _put_together(header: Header, values: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + values


@pytest.fixture(params=["segmentation", "nodule"])
def parts(network: Network, request: pytest.FixtureRequest) -> tuple[Header, bytes]:
    return _taken_apart(to_weights(network(request.param)))


def _refused(tmp_path: Path, header: Header, values: bytes) -> str:
    path = _write(tmp_path / "w.st", _put_together(header, values))
    with pytest.raises(BadBundle) as caught:
        open_weights(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


def _refused_options(tmp_path: Path, parts: tuple[Header, bytes], **changes: object) -> str:
    header, values = parts
    options = json.loads(header["__metadata__"]["lungrt.options"])
    header["__metadata__"]["lungrt.options"] = json.dumps({**options, **changes})
    return _refused(tmp_path, header, values)


def test_metadata_that_is_null(tmp_path: Path, parts: tuple[Header, bytes]) -> None:
    header, values = parts
    header["__metadata__"] = None
    assert "field 'format' is missing in the metadata" in _refused(tmp_path, header, values)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(Io, match=r"missing\.st: cannot read the weights"):
        open_weights(tmp_path / "missing.st")


@pytest.mark.parametrize("data", [b"", b"hello", struct.pack("<Q", 2**63) + b"{}"])
def test_no_safetensors(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadBundle, match=r"not a safetensors file, or a damaged one"):
        open_weights(_write(tmp_path / "w", data))


def test_truncated(network: Network, tmp_path: Path) -> None:
    data = to_weights(network("nodule"))
    for size in (len(data) - 1, len(data) // 2, 100, 8):
        with pytest.raises(BadBundle):
            open_weights(_write(tmp_path / "w", data[:size]))


def test_a_changed_header_never_gives_another_error(network: Network, tmp_path: Path) -> None:
    data = to_weights(network("nodule", widths=(1,)))
    rng = np.random.default_rng(5)
    length = struct.unpack("<Q", data[:8])[0]
    refused = 0
    for place in rng.choice(8 + length, 400):
        changed = bytearray(data)
        changed[place] ^= int(rng.integers(1, 256))
        try:
            open_weights(_write(tmp_path / "w", bytes(changed)))
        except Error:
            refused += 1
    assert refused > 300


def test_no_description(tmp_path: Path, parts: tuple[Header, bytes]) -> None:
    header, values = parts
    del header["__metadata__"]
    assert "field 'format' is missing in the metadata" in _refused(tmp_path, header, values)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("format", "pt", "format of the metadata is 'pt', expected 'lungrt-weights'"),
        ("format", None, "field 'format' is missing"),
        ("format_version", None, "field 'format_version' is missing"),
        ("lungrt.architecture", None, "field 'lungrt.architecture' is missing"),
        ("lungrt.architecture", "resnet", "is 'resnet', expected one of unet, classifier3d"),
        ("lungrt.options", None, "field 'lungrt.options' is missing"),
        ("lungrt.options", "{", "lungrt.options are not valid for a"),
        ("lungrt.options", "[]", "expected a JSON object, found []"),
        ("lungrt.options", '{"a": 1, "a": 1}', "an option appears twice"),
        ("lungrt.options", '{"a": NaN}', "NaN is not allowed in JSON"),
        ("lungrt.options", "{}", "lungrt.options must have every option"),
        ("lungrt.colour", "red", "unknown field 'lungrt.colour'"),
    ],
)
def test_descriptions(
    tmp_path: Path,
    parts: tuple[Header, bytes],
    key: str,
    value: str | None,
    words: str,
) -> None:
    header, values = parts
    if value is None:
        del header["__metadata__"][key]
    else:
        header["__metadata__"][key] = value
    assert words in _refused(tmp_path, header, values)


@pytest.mark.parametrize("version", ["2", "1.0", "01"])
def test_versions(tmp_path: Path, parts: tuple[Header, bytes], version: str) -> None:
    header, values = parts
    header["__metadata__"].update({"format_version": version, "something new": ""})
    path = _write(tmp_path / "w", _put_together(header, values))
    with pytest.raises(
        UnsupportedVersion, match=f"is {version}, but this lungrt reads only 1; export"
    ):
        open_weights(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colour": "red"}, "unexpected keyword argument 'colour'"),
        ({"activation": "gelu"}, "activation: expected one of"),
        ({"widths": []}, "widths: expected a list"),
        ({"batch_norm_eps": -1}, "batch_norm_eps: expected a number above zero"),
        ({"out_channels": 2.0}, "out_channels: expected a whole number"),
        ({"widths": [2**40, 2**40]}, "cannot build a"),
        ({"widths": [2**70, 1]}, "cannot build a"),
        ({"out_channels": 5}, "wrong shape or type (2)"),
    ],
)
def test_options(
    tmp_path: Path,
    parts: tuple[Header, bytes],
    changes: dict[str, Any],
    words: str,
) -> None:
    assert words in _refused_options(tmp_path, parts, **changes)


def test_an_option_that_is_null(tmp_path: Path, network: Network) -> None:
    parts = _taken_apart(to_weights(network("segmentation")))
    message = _refused_options(tmp_path, parts, convolution_widths=None)
    assert "must not be null, but convolution_widths is" in message


def test_widths_of_convolutions_that_contradict_the_levels(
    tmp_path: Path, network: Network
) -> None:
    parts = _taken_apart(to_weights(network("segmentation")))
    assert "convolution_widths" in _refused_options(tmp_path, parts, convolution_widths=[1, 2])


def test_an_option_that_is_missing(tmp_path: Path, parts: tuple[Header, bytes]) -> None:
    header, values = parts
    options = json.loads(header["__metadata__"]["lungrt.options"])
    del options["activation"], options["batch_norm_eps"]
    header["__metadata__"]["lungrt.options"] = json.dumps(options)
    message = _refused(tmp_path, header, values)
    assert "but activation, batch_norm_eps is missing" in message


def test_tensors_all_at_once(network: Network, tmp_path: Path) -> None:
    header, values = _taken_apart(to_weights(network("nodule")))
    header["block1.conv3.bias"] = header.pop("block1.conv1.bias")
    weight = header["block2.conv1.weight"]
    weight["shape"] = [weight["shape"][0] * weight["shape"][1], *weight["shape"][2:]]
    message = _refused(tmp_path, header, values)
    assert "the weights do not fit the classifier3d that the file describes" in message
    assert "missing (1):\n    block1.conv1.bias [2]" in message
    assert "unexpected (1):\n    block1.conv3.bias [2]" in message
    assert "block2.conv1.weight: found [8, 3, 3, 3], expected [4, 2, 3, 3, 3]" in message


def test_counts_of_batches(network: Network, tmp_path: Path) -> None:
    header, values = _taken_apart(to_weights(network("nodule")))
    header["tail_batchnorm.num_batches_tracked"] = {
        "dtype": "F32",
        "shape": [],
        "data_offsets": [len(values), len(values) + 4],
    }
    message = _refused(tmp_path, header, values + bytes(4))
    assert "tail_batchnorm.num_batches_tracked: found []" in message


@pytest.mark.parametrize(
    ("dtype", "name"), [("I32", "int32"), ("U32", "uint32"), ("F16", "float16")]
)
def test_other_types(network: Network, tmp_path: Path, dtype: str, name: str) -> None:
    header, values = _taken_apart(to_weights(network("nodule")))
    header["head_linear.bias"]["dtype"] = dtype
    if dtype == "F16":
        header["head_linear.bias"]["shape"] = [4]  # of two bytes each
    message = _refused(tmp_path, header, values)
    assert f"head_linear.bias is torch.{name}, expected torch.float32" in message


def test_bytes_of_no_tensor(tmp_path: Path, parts: tuple[Header, bytes]) -> None:
    header, values = parts
    assert "damaged" in _refused(tmp_path, header, values + b"more")
