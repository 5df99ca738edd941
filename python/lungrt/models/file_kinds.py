"""What a file is that is no checkpoint: a Git LFS pointer, a web page, an archive, another format.

Downloads fail in ways that leave a file with the right name and another content. An error that
names this content says what to do, where "not a checkpoint" does not.
"""

from __future__ import annotations

import io
import re
import zipfile

__all__ = ["what_it_is"]

# First bytes, and what follows them in the sentence "the file is ...".
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\x89HDF\r\n\x1a\n", "HDF5, the format of Keras; lungrt reads weights of PyTorch only"),
    (b"GGUF", "GGUF, the format of llama.cpp; lungrt reads weights of PyTorch only"),
    (b"\x93NUMPY", "a NumPy array; expected a state dict, with a name for each tensor"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a compiled program or library"),
)
_COMPRESSED: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "gzip", "gunzip, or tar -xzf if it is an archive,"),
    (b"BZh", "bzip2", "bunzip2"),
    (b"\xfd7zXZ\x00", "xz", "unxz"),
    (b"\x28\xb5\x2f\xfd", "zstd", "unzstd"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip", "7z x"),
    (b"Rar!\x1a\x07", "RAR", "unrar x"),
)
_MOST_NAMES = 5  # of an archive's members, in a message


def what_it_is(data: bytes) -> str | None:
    """Return what the content of a file is if it cannot be a checkpoint.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    str or None
        A clause that says what it is and what to do; None if the content may be a
        checkpoint, or if nothing is known about it.
    """
    if not data:
        return "the file is empty; expected a PyTorch checkpoint or a safetensors file"
    for kind in (_pointer, _page, _compressed, _archive, _other_framework):
        if found := kind(data):
            return found
    for beginning, what in _BEGINNINGS:
        if data.startswith(beginning):
            return f"the file is not a checkpoint but {what}"
    return None


def _pointer(data: bytes) -> str | None:
    if data.startswith(b"version https://git-lfs.github.com/spec/"):
        size = re.search(rb"^size (\d{1,15})$", data[:1024], re.MULTILINE)
        real = f" of {int(size[1]):,} bytes" if size else ""
        return (
            f"the file is a Git LFS pointer: it stands for a file{real} that was not downloaded. "
            "Run 'git lfs pull' in its repository, or download the file itself"
        )
    if len(data) < 4096 and b"/annex/objects/" in data:
        return (
            "the file is a git-annex pointer: it stands for a file that was not downloaded. Run "
            "'git annex get' or 'datalad get' in its repository"
        )
    return None


def _page(data: bytes) -> str | None:
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<!--")):
        return (
            "the file is a web page (HTML): the link was that of a page, or the server asked for a "
            "login or a confirmation. Open the file in a browser to see which, and download the "
            "checkpoint itself"
        )
    if start.startswith(b"<?xml") or re.match(rb"<[a-z]+>", start):
        return (
            "the file is an XML document, such as the error message of a server; download the "
            "checkpoint itself"
        )
    if start.startswith(b"{") and b'"weight_map"' in data:
        return (
            "the file is the index of weights that are stored in several files, and holds none "
            "itself; give one file with all weights"
        )
    if start.startswith((b"{", b"[")):
        return (
            "the file is text like JSON, such as settings or the error message of a server; "
            "download the checkpoint itself"
        )
    return None


def _compressed(data: bytes) -> str | None:
    for beginning, what, command in _COMPRESSED:
        if data.startswith(beginning):
            return f"the file is compressed ({what}); unpack it with {command} and give the result"
    return None


def _archive(data: bytes) -> str | None:
    if data[257:262] == b"ustar":
        return (
            "the file is a tar archive; unpack it and give the checkpoint in it. If it is a "
            "checkpoint that PyTorch wrote before 2018, save it again with a newer one"
        )
    if not data.startswith(b"PK\x03\x04"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None  # truncated or damaged, which the reader of checkpoints reports
    leaves = {name.rsplit("/", 1)[-1] for name in names}
    # The constants of a program; the file of a state dict has only data.pkl.
    if "constants.pkl" in leaves and any("/code/" in f"/{name}" for name in names):
        return (
            "this is a TorchScript program, not a checkpoint; nothing in it was executed. "
            "Use the state dict that it was made from"
        )
    if "data.pkl" in leaves:
        return None
    if "archive_format" in leaves or any("aotinductor" in name for name in names):
        return (
            "the file is a program of torch.export or AOTInductor, not a checkpoint; nothing in it "
            "was executed. Use the state dict that it was made from"
        )
    if "model.weights.h5" in leaves:
        return "the file is a Keras model, not a checkpoint of PyTorch; nothing in it was executed"
    if names and all(name.endswith(".npy") for name in names):
        return "the file holds NumPy arrays (.npz), not a checkpoint; save a state dict instead"
    listed = ", ".join(repr(name) for name in names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        listed += f" and {len(names) - _MOST_NAMES} more"
    return (
        f"the file is a zip archive, not a checkpoint of torch.save; it holds {listed or 'nothing'}"
        ". Unpack it and give the checkpoint in it"
    )


def _other_framework(data: bytes) -> str | None:
    if data[4:8] == b"TFL3":
        return "the file is a TensorFlow Lite model; lungrt reads weights of PyTorch only"
    # ModelProto begins with ir_version, a small number, and then names its producer or its opsets.
    is_onnx = data[:1] == b"\x08" and 0 < data[1] < 32 and data[2:3] in (b"\x12", b"B", b":")
    if len(data) > 3 and is_onnx:
        return (
            "the file is an ONNX model, not a checkpoint; its graph is fixed. Use the state dict "
            "that it was made from"
        )
    if data[128:132] == b"DICM":
        return "the file is a DICOM image, not a checkpoint; are two arguments in the wrong order?"
    return None
