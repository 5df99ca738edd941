"""Write the seeds of tests/fuzz/corpus, and the bundle that the C interface is fuzzed with.

There is one small seed for each path that an input may take.

Usage: python tests/fuzz/make_corpus.py [folder]

Seeds are committed; beside them lie `found-*`, inputs that were findings, and `grown-*`, some that
the fuzzer made of the seeds. This program leaves both alone.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import itertools
import json
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

from dicom_seeds import dicoms

SHA = "a" * 64


def bundle_file(name: str) -> dict[str, Any]:
    return {"file": name, "sha256": SHA, "bytes": 10, "made_with": "x 1"}


def network(folder: str) -> dict[str, Any]:
    return {
        "architecture": "unet",
        "options": {"widths": [16, 32], "up_mode": "upconv"},
        "inferred": ["widths"],
        "checkpoint": {"sha256": SHA, "metadata": {"epoch": 1}},
        "artifacts": {"safetensors": bundle_file(f"{folder}/weights.safetensors")},
        "goldens": [bundle_file(f"{folder}/golden.safetensors")],
    }


def stage(kind: str) -> dict[str, Any]:
    segmentation = kind == "segmentation"
    classes = {
        "segmentation": ["nodule"],
        "nodule": ["non-nodule", "nodule"],
        "three": ["non-nodule", "benign", "malignant"],
        "malignancy": ["benign", "malignant"],
    }[kind]
    read: dict[str, Any] = {"name": "input", "dtype": "float32", "spacing_mm": None}
    read |= {"hu_window": [-1000.0, 1000], "scale": 0.5, "offset": 0.25}
    if segmentation:
        read |= {"shape": ["batch", 7, "height", "width"], "context_slices": 3}
        read |= {"size_multiple": 4, "halo": 20}
    else:
        read |= {"shape": ["batch", 1, 32, 48, 40], "crop": [32, 48, 40]}
    shape = ["batch", len(classes), *(["height", "width"] if segmentation else [])]
    output = {"name": "out", "kind": "probability" if segmentation else "logits", "shape": shape}
    tolerance = {"cpu": {"absolute": 1e-3, "decision_band": 5e-4}}
    return {
        "input": read,
        "output": output,
        "classes": classes,
        "threshold": 0.5,
        "tolerance": tolerance,
        "networks": [network(kind)],
    }


def manifests() -> dict[str, bytes]:
    def of(**stages: dict[str, Any]) -> bytes:
        head = {"format_version": 1, "lungrt_version": "0.1.0", "created": "2026-01-02"}
        return json.dumps(head | {"stages": stages}).encode()

    return {
        "segmentation": of(segmentation=stage("segmentation")),
        "two-stages": of(segmentation=stage("segmentation"), nodule=stage("nodule")),
        "three-classes": of(nodule=stage("three")),
        "malignancy": of(nodule=stage("nodule"), malignancy=stage("malignancy")),
        "newer": b'{"format_version": 2}',
        "nested": b'{"format_version": ' + b"[" * 70 + b"]" * 70 + b"}",
        "twice": b'{"format_version": 1, "format_version": 1}',
    }


def records() -> dict[str, bytes]:
    record = {
        "format_version": 1,
        "lungrt_version": "0.1.0",
        "runtime": "torch 2.13.0",
        "cpu": {"model": "x", "digest": SHA, "capability": "AVX2"},
        "checkpoint_sha256": SHA,
        "weights_sha256": SHA,
        "input": {"shape": [1, 7, 56, 64], "layout": "interleaved", "dtype": "float32"},
        "output": {"shape": [1, 1, 16, 24], "layout": "planes", "dtype": "float32"},
        "model": {"file": "model.pt2", "sha256": SHA, "bytes": 4},
        "golden": {"file": "golden.safetensors", "sha256": SHA, "bytes": 10},
    }
    return {
        "record": json.dumps(record).encode(),
        "planes": json.dumps(record | {"format_version": 2}).encode(),
    }


def safetensors(tensors: dict[str, tuple[int, ...]], metadata: dict[str, str]) -> bytes:
    header: dict[str, Any] = {"__metadata__": metadata}
    end = 0
    for name, shape in tensors.items():
        size = 4
        for axis in shape:
            size *= axis
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    values = struct.pack(f"<{end // 4}f", *(0.1 * (k % 17) - 0.5 for k in range(end // 4)))
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + values


def norm(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    parts = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{part}": (channels,) for part in parts}


def layer(name: str, shape: tuple[int, ...], outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape, f"{name}.bias": (outputs,)}


def unet(up_mode: str, padding: bool, outputs: int = 1) -> bytes:
    options = {"in_channels": 1, "out_channels": outputs, "widths": [1, 2], "up_mode": up_mode}
    options |= {"batch_norm": False, "input_batch_norm": True, "padding": padding}
    options |= {"pooling": "average", "activation": "relu", "batch_norm_eps": 1e-5}
    tensors = norm("input_batchnorm", 1)
    for name, inputs, width in (
        ("unet.down_path.0.block.", 1, 1),
        ("unet.down_path.1.block.", 1, 2),
        ("unet.up_path.0.conv_block.block.", 2, 1),
    ):
        tensors |= layer(f"{name}0", (width, inputs, 3, 3), width)
        tensors |= layer(f"{name}2", (width, width, 3, 3), width)
    if up_mode == "upsample":
        tensors |= layer("unet.up_path.0.up.1", (1, 2, 1, 1), 1)
    else:
        tensors |= layer("unet.up_path.0.up", (2, 1, 2, 2), 1)
    tensors |= layer("unet.last", (outputs, 1, 1, 1), outputs)
    return safetensors(tensors, metadata("unet", options))


def classifier(outputs: int = 2) -> bytes:
    options = {"out_channels": outputs, "widths": [1, 1], "tail_batch_norm": True}
    options |= {"crop": [4, 5, 6], "activation": "leaky_relu", "batch_norm_eps": 1e-5}
    tensors = norm("tail_batchnorm", 1)
    for block in ("block1", "block2"):
        tensors |= layer(f"{block}.conv1", (1, 1, 3, 3, 3), 1)
        tensors |= layer(f"{block}.conv2", (1, 1, 3, 3, 3), 1)
    tensors |= layer("head_linear", (outputs, 1), outputs)
    return safetensors(tensors, metadata("classifier3d", options))


def metadata(architecture: str, options: dict[str, Any]) -> dict[str, str]:
    return {
        "format": "lungrt-weights",
        "format_version": "1",
        "lungrt.architecture": architecture,
        "lungrt.options": json.dumps(options, separators=(",", ":")),
    }


def weights() -> dict[str, bytes]:
    return {
        "unet": unet("upconv", padding=True),
        "unet-unpadded": unet("upsample", padding=False),
        "unet-two-outputs": unet("upconv", padding=True, outputs=2),
        "classifier": classifier(),
        "golden": safetensors({"input_0": (1, 2, 3), "output_0": (), "empty": (0, 5)}, {}),
        "huge-header": struct.pack("<Q", 2**63) + b"{}",
        "huge-shape": struct.pack("<Q", 70)
        + b'{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}'[:70],
    }


def series() -> dict[str, bytes]:
    def of(resample: int, count: int, first: bytes, *slices: bytes) -> bytes:
        return bytes([resample, count]) + first + b"".join(slices)

    def number(value: float) -> bytes:
        return b"\x20" + struct.pack("<h", round(64 * value))

    same = b"\0"
    return {
        "regular": of(0, 12, same),
        "resampled": of(1, 12, same, *[same] * 5, b"\1" + number(11)),
        "repeated": of(1, 6, same, same, b"\1" + number(0)),
        "gap": of(1, 5, same, *[same] * 4, b"\1" + number(12)),
        "oblique": of(0, 3, b"\2" + b"".join(map(number, (0, 1, 0, 0, 0, 1)))),
        "far": of(1, 3, b"\1" + b"\6" * 3, b"\1\7", b"\1\x08", b"\1\6"),
        "not finite": of(0, 3, b"\4\3\4"),
        "two series": of(0, 3, same, b"\x80\1\0"),
        "two kernels": of(0, 8, same, *[same] * 8, *[b"\1\1", b"\1\2"] * 4),
        "frames": of(0, 8, same, *[same] * 8, *[b"\x08\1"] * 4, *[b"\x08\2"] * 4),
        "instances": of(0, 4, same, *[b"\1" + number(i // 2) for i in range(4)])
        + b"".join(b"\x10" + bytes([i]) for i in range(4)),
        "two patients": of(0, 3, same, *[same] * 3, b"\x80\1", b"\x80\2"),
        "few digits": of(0, 3, same, *[b"\1" + number(z) for z in (0, 1, 2.5)])
        + (b"\x40" + number(1) * 3) * 3,
        "tilted": of(1, 3, same, *[b"\3" + number(2 * i) + b"\1" + number(i) for i in range(3)]),
    }


def volumes() -> dict[str, bytes]:
    def number(value: float) -> bytes:
        return b"\x20" + struct.pack("<h", round(64 * value))

    def of(shape: tuple[int, ...], spacing: bytes, kind: bytes, values: bytes | bytearray) -> bytes:
        return bytes(shape) + number(1) * 3 + spacing + kind + values

    unit = number(1) * 3
    chest = bytearray()
    shape = (10, 15, 16)
    for s, r, c in itertools.product(*map(range, shape)):
        body = (r - 7) ** 2 + (c - 8) ** 2 < 40
        lung = body and abs(c - 8) in (2, 3, 4) and abs(r - 7) < 4 and 0 < s < 9
        chest += struct.pack("<b", (-850 if lung else 40 if body else -1000) // 8)
    return {
        "one voxel": of((1, 1, 1), unit, b"\0\4", struct.pack("<d", -1000)),
        "nan": of((1, 1, 2), unit, b"\0\3", struct.pack("<2f", 0, float("nan"))),
        "chest": of(shape, number(17) * 3, b"\0\1", chest),
        "small chest": of(shape, number(8) * 3, b"\5\1", chest),
        "fine": of(shape, b"\x09" * 3, b"\0\1", chest),
        "finer": of(shape, b"\x0a" * 3, b"\0\1", chest),
        "coarse": of(shape, b"\6" * 3, b"\0\1", chest),
        "rotated": of(shape, number(17) * 3, b"\x08" + number(0.5) + b"\1", chest),
        "sheared": of((2, 2, 2), unit, b"\x10\1" + unit + b"\0", bytes(8)),
        "claims": bytes([251]) + struct.pack("<q", 2**40) + bytes([1, 1]) + unit * 2 + b"\0\0",
        "most": bytes([251]) + struct.pack("<q", 2**31 - 1) + bytes([1, 1]) + unit * 2 + b"\0\0",
    }


def components() -> dict[str, bytes]:
    return {
        "bits": bytes([4, 6, 150, 0]) + bytes(range(256)),
        "dense": bytes([5, 7, 199, 2]) + bytes(k * k % 251 for k in range(200)),
        "full": bytes([5, 7, 127, 3]) + b"\xff",
        "empty": bytes([0, 0, 0, 0]),
        "lines": bytes([3, 5, 63, 1]) + bytes([255] * 40 + [0] * 3) * 3,
    }


def images() -> dict[str, bytes]:
    voxels = struct.pack("<12h", *range(-6, 6))
    meta = "ObjectType = Image\nNDims = 3\nDimSize = 3 2 2\nElementSpacing = 1 2 3\n"
    nrrd = "NRRD0004\ndimension: 3\nsizes: 3 2 2\nendian: little\n"
    placed = "space: RAS\nspace directions: (1,0,0) (0,2,0) (0,0,3)\nspace origin: (1,2,3)\n"

    def nifti(values: bytes, datatype: int = 4, slope: float = 1) -> bytes:
        header = bytearray(352)
        struct.pack_into("<i", header, 0, 348)
        struct.pack_into("<8h", header, 40, 3, 3, 2, 2, 1, 1, 1, 1)
        struct.pack_into("<2h", header, 70, datatype, len(values) * 8 // 12)
        struct.pack_into("<4f", header, 76, 1, 1, 2, 3)
        struct.pack_into("<3f", header, 108, 352, slope, -10)
        header[123] = 2
        struct.pack_into("<2h6f", header, 252, 1, 2, 0.1, 0.2, 0.3, 4, 5, 6)
        struct.pack_into("<12f", header, 280, 1, 0, 0, 4, 0, 2, 0, 5, 0, 0, 3, 6)
        struct.pack_into("<4s", header, 344, b"n+1")
        return bytes(header) + values

    def nifti_2(magic: bytes, offset: int, values: bytes) -> bytes:
        header = bytearray(544)
        struct.pack_into("<i8s2h", header, 0, 540, magic + b"\0\r\n\x1a\n", 4, 16)
        struct.pack_into("<8q8d", header, 16, 3, 3, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
        struct.pack_into("<4d", header, 104, 1, 1, 2, 3)
        struct.pack_into("<q2d", header, 168, offset, 1, -10)
        struct.pack_into("<2i6d", header, 344, 1, 1, 0, 0, 0, 4, 5, 6)
        struct.pack_into("<12d", header, 400, 1, 0, 0, 4, 0, 2, 0, 5, 0, 0, 3, 6)
        struct.pack_into("<2i", header, 500, 2, 0)
        return bytes(header) + values

    def of(kind: int, *parts: str | bytes) -> bytes:
        return bytes([kind]) + b"".join(p if isinstance(p, bytes) else p.encode() for p in parts)

    packed, zipped = zlib.compress(voxels), gzip.compress(voxels, mtime=0)
    local = "ElementDataFile = LOCAL\n"
    raw = zlib.compressobj(wbits=-15)
    return {
        "meta": of(0, meta, "ElementType = MET_SHORT\nHeaderSize = -1\n", local, voxels),
        "meta-zlib": of(
            0,
            meta,
            "TransformMatrix = 0 1 0 1 0 0 0 0 1\nOffset = 1 2 3\nElementType = MET_SHORT\n",
            f"CompressedData = True\nCompressedDataSize = {len(packed)}\n",
            local,
            packed,
        ),
        "meta-double": of(
            0,
            meta,
            "ElementByteOrderMSB = True\nElementType = MET_DOUBLE\n",
            local,
            struct.pack(">12d", *range(12)),
        ),
        "meta-elsewhere": of(0, meta, "ElementType = MET_UCHAR\nElementDataFile = ct.mha\n"),
        "nifti": of(1, nifti(voxels, slope=0.5)),
        "nifti-int64": of(1, nifti(struct.pack("<12q", *range(12)), 1024)),
        "nifti-gzip": of(2, gzip.compress(nifti(voxels), mtime=0)),
        "nrrd": of(3, nrrd, "type: short\nencoding: raw\nbyte skip: -1\n", placed, "\n", voxels),
        "nrrd-gzip": of(3, nrrd, "type: int16\nencoding: gzip\n", placed, "\n", zipped, zipped),
        "nrrd-spacings": of(
            3,
            nrrd,
            "type: uchar\nencoding: raw\nspacings: 1 nan 3\naxis mins: 1 2 3\n"
            "centerings: cell node ???\nkinds: domain space time\n\n",
            voxels,
        ),
        "meta-text": of(
            0, meta, "ElementType = MET_FLOAT\nBinaryData = False\n", local, "0 1,2 -3e0 " * 3
        ),
        "meta-list": of(
            0, meta, "ElementType = MET_UCHAR\nElementDataFile = LIST 2\nct.mha\nct.nii\n"
        ),
        "meta-pattern": of(0, meta, "ElementType = MET_UCHAR\nElementDataFile = ct.%01d 1 2 1\n"),
        "meta-4d": of(
            0,
            "NDims = 4\nDimSize = 3 2 2 1\nElementSpacing = 1 2 3 4\n",
            "ElementType = MET_SHORT\n",
            local,
            voxels,
        ),
        "nifti-2": of(1, nifti_2(b"n+2", 544, voxels)),
        "nifti-gzip-named": of(1, gzip.compress(nifti(voxels), mtime=0)),
        "nifti-surplus": of(2, gzip.compress(nifti(voxels + voxels), mtime=0)),
        "nifti-pair": of(5, nifti(voxels).replace(b"n+1", b"ni1")),
        "nifti-2-pair": of(5, nifti_2(b"ni2", 544, voxels)),
        "nrrd-text": of(3, nrrd, "type: short\nencoding: text\n", placed, "\n", "-6 5 1 2 " * 3),
        "nrrd-hex": of(3, nrrd, "type: short\nencoding: hex\n", placed, "\n", voxels.hex()),
        "nrrd-bzip2": of(
            3, nrrd, "type: short\nencoding: bzip2\n", placed, "\n", bz2.compress(voxels)
        ),
        "nrrd-lines": of(
            3, nrrd, "type: short\nencoding: raw\nline skip: 1\nbyte skip: 1\n\n", "a\nb", voxels
        ),
        "nrrd-list": of(
            3, nrrd, "type: uchar\nencoding: raw\ndata file: LIST 3\nct.nrrd\nct.mha\n"
        ),
        "bzip2": of(6, bz2.compress(voxels), bz2.compress(voxels)),
        "deflate": of(4, raw.compress(bytes(range(200)) * 3), raw.flush()),
        "bomb": of(4, zlib.compress(bytes(200_000))[2:-4]),
    }


def c_api() -> dict[str, bytes]:
    ready, seed = b"\x0c" + b"\x09" * 3, b"\x35\x79\xa1\x5b"
    reports = b"".join(bytes([step]) + b"\x0f" * 24 for step in (4, 5, 6, 7))
    return {
        "run": ready + seed + bytes(8),
        "reports": ready + seed + b"\x14\x0f\x01\x01\x08\x01\x01" + reports,
        "opened": bytes([0]) + b"\x0f" + bytes(14) + b"\1\0\1" + reports,
        "volumes": bytes([1]) + b"\x09" * 3 + seed + b"\x0f\xff" + bytes(range(64)),
        "library": bytes([8]) + bytes(range(20)),
        "nothing": reports,
    }


def write_bundle(folder: Path) -> None:
    """Two networks of a few weights, for the native engine."""
    stages: dict[str, Any] = {}
    for kind, content in (("segmentation", unet("upconv", padding=True)), ("nodule", classifier())):
        one = stage(kind)
        read = one["input"]
        if kind == "segmentation":
            read |= {"context_slices": 0, "size_multiple": 2, "halo": 0}
            read["shape"] = ["batch", 1, "height", "width"]
        else:
            read |= {"crop": [4, 5, 6], "shape": ["batch", 1, 4, 5, 6]}
            one["output"]["kind"] = "probability"
        name = f"{kind}/weights.safetensors"
        digest = hashlib.sha256(content).hexdigest()
        file = {"file": name, "sha256": digest, "bytes": len(content), "made_with": "make_corpus"}
        one["networks"][0] |= {"artifacts": {"safetensors": file}, "goldens": []}
        stages[kind] = one
        (folder / kind).mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    head = {"format_version": 1, "lungrt_version": "0.1.0", "created": "2026-01-02"}
    (folder / "manifest.json").write_text(json.dumps(head | {"stages": stages}, indent=1) + "\n")


def main(folder: Path) -> None:
    for target, seeds in (
        ("manifest", manifests()),
        ("compiled_record", records()),
        ("safetensors", weights()),
        ("series", series()),
        ("volume", volumes()),
        ("components", components()),
        ("image", images()),
        ("c_api", c_api()),
        ("dicom", dicoms()),
    ):
        (folder / target).mkdir(parents=True, exist_ok=True)
        for name, content in seeds.items():
            (folder / target / name.replace(" ", "-")).write_bytes(content)
    write_bundle(folder.parent / "bundle")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "corpus")
