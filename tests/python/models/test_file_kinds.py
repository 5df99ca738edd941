"""Files that are no checkpoints: the error names what they are and says what to do."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lungrt.errors import CheckpointMismatch
from lungrt.models import load_checkpoint
from lungrt.models.file_kinds import what_it_is

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d" * 32 + b"\nsize 897005\n"


def saved() -> bytes:
    stream = io.BytesIO()
    torch.save({"model_state": {"conv.weight": torch.ones(2, 2)}}, stream)
    return stream.getvalue()


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, b"content")
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("network.pt"))
    return stream.getvalue()


def npz() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, weight=np.ones(2))
    return stream.getvalue()


KINDS: dict[str, tuple[Callable[[], bytes], str]] = {
    "Git LFS pointer": (lambda: LFS, r"Git LFS pointer.*897,005 bytes.*'git lfs pull'"),
    "git-annex pointer": (lambda: b"/annex/objects/MD5E-s8--1.pt\n", "'git annex get'"),
    "web page": (
        lambda: b"\xef\xbb\xbf \n<!DOCTYPE HTML><html><body>Sign in",
        r"web page \(HTML\)",
    ),
    "web page without a type": (lambda: b"<html><head></head></html>", r"web page \(HTML\)"),
    "XML": (lambda: b"<?xml version='1.0'?><Error>AccessDenied</Error>", "XML .* a server"),
    "JSON": (lambda: b'{"message": "Not Found"}', "like JSON"),
    "index": (lambda: b'{"metadata": {}, "weight_map": {"a": "b"}}', "stored in several files"),
    "gzip": (lambda: gzip.compress(saved()), r"compressed \(gzip\).*gunzip"),
    "bzip2": (lambda: bz2.compress(saved()), r"compressed \(bzip2\)"),
    "xz": (lambda: lzma.compress(saved()), r"compressed \(xz\)"),
    "tar": (tarred, "tar archive"),
    "zip of a checkpoint": (
        lambda: zipped("a/network.pt"),
        r"zip archive.*'a/network\.pt'.*Unpack",
    ),
    "zip of many files": (lambda: zipped(*"abcdefgh"), "'e' and 3 more"),
    "Keras 3": (lambda: zipped("config.json", "model.weights.h5"), "Keras model"),
    "npz": (npz, r"NumPy arrays \(\.npz\)"),
    "torch.export": (lambda: zipped("m/archive_format", "m/models/model.json"), "torch.export"),
    "HDF5": (lambda: b"\x89HDF\r\n\x1a\n" + bytes(64), "HDF5, the format of Keras"),
    "ONNX": (lambda: b"\x08\x08\x12\x07pytorch\x1a\x052.9.1" + bytes(64), "ONNX model"),
    "TensorFlow Lite": (lambda: b"\x1c\0\0\0TFL3" + bytes(64), "TensorFlow Lite"),
    "DICOM": (lambda: bytes(128) + b"DICM" + bytes(64), "DICOM image.*wrong order"),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(64), "not a checkpoint but a PNG picture"),
    "empty": (lambda: b"", "the file is empty"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kind_is_named(tmp_path: Path, kind: str) -> None:
    make, message = KINDS[kind]
    path = tmp_path / "network.pt"
    path.write_bytes(make())
    with pytest.raises(CheckpointMismatch, match=rf"(?s)network\.pt: .*{message}"):
        load_checkpoint(path)


def test_a_real_onnx_model_is_named(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    graph = onnx.helper.make_graph([], "g", [], [])
    path = tmp_path / "network.onnx"
    for producer in ("", "somebody"):
        model = onnx.helper.make_model(graph, producer_name=producer)
        path.write_bytes(model.SerializeToString())
        with pytest.raises(CheckpointMismatch, match="ONNX model"):
            load_checkpoint(path)


def test_checkpoints_are_no_other_kind() -> None:
    assert what_it_is(saved()) is None
    legacy = io.BytesIO()
    torch.save({"a": torch.ones(1)}, legacy, _use_new_zipfile_serialization=False)
    assert what_it_is(legacy.getvalue()) is None
