"""Types of ``manifest.json`` with a strict reader and a writer; DESIGN.md has the schema."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from lungrt.errors import BadBundle, UnsupportedVersion
from lungrt.export.json_field import JsonField, parse_json

if TYPE_CHECKING:
    from lungrt.models import InputContract

FORMAT_VERSION = 1
MANIFEST = "manifest.json"

_STAGES = ("segmentation", "nodule", "malignancy")
_CLASSES = {
    "segmentation": (["nodule"],),
    "nodule": (["non-nodule", "nodule"], ["non-nodule", "benign", "malignant"]),
    "malignancy": (["benign", "malignant"],),
}
_FREE = ("description", "metadata")  # allowed anywhere, with any content


@dataclass(frozen=True)
class Tolerance:
    """Largest difference that an engine may have from the eager module.

    Attributes
    ----------
    absolute : float
        Largest difference of a probability.
    decision_band : float
        A decision may differ only where the eager probability is at most this far from the
        threshold.
    """

    absolute: float
    decision_band: float


@dataclass(frozen=True)
class InputEntry:
    """Input of a stage's networks: ``clamp(hu, hu_window) * scale + offset``, float32.

    Segmentation gives `context_slices`, `size_multiple` and `halo`, classifiers give `crop`. The
    fields are those of `lungrt.models.InputContract`.
    """

    hu_window: tuple[float, float]
    scale: float
    offset: float
    context_slices: int | None = None
    size_multiple: int = 1
    halo: int = 0
    crop: tuple[int, int, int] | None = None
    name: str = "input"

    @classmethod
    def of(cls, contract: InputContract) -> InputEntry:
        """Return the entry for a loaded network's contract."""
        crop = contract.crop
        return cls(
            contract.hu_window,
            contract.scale,
            contract.offset,
            contract.context_slices,
            contract.size_multiple,
            contract.halo,
            crop if crop is None else (crop[0], crop[1], crop[2]),
        )

    @property
    def channels(self) -> int:
        """Number of channels of the input tensor."""
        return 1 if self.context_slices is None else 2 * self.context_slices + 1

    def padded_size(self, size: int) -> int:
        """Return the rows or columns of a slice of `size` after padding, without the halo."""
        return -(-size // self.size_multiple) * self.size_multiple

    def fitting_size(self, size: int) -> int:
        """Return the rows or columns of the network's input for a slice of `size`."""
        return self.padded_size(size) + 2 * self.halo

    def to_json(self) -> dict[str, Any]:
        """Return the entry as JSON values for the manifest."""
        if self.crop is not None:
            own: dict[str, Any] = {"crop": list(self.crop)}
        else:
            own = {
                "context_slices": self.context_slices,
                "size_multiple": self.size_multiple,
                "halo": self.halo,
            }
        return {
            "name": self.name,
            "dtype": "float32",
            "shape": self._shape(),
            "hu_window": list(self.hu_window),
            "scale": self.scale,
            "offset": self.offset,
            **own,
            "spacing_mm": None,
        }

    @classmethod
    def read(cls, field: JsonField, stage: str) -> InputEntry:
        """Read the entry of a stage."""
        common = ("name", "dtype", "shape", "hu_window", "scale", "offset", "spacing_mm", *_FREE)
        sizes: dict[str, Any]
        if stage == "segmentation":
            field.only((*common, "context_slices", "size_multiple", "halo"))
            sizes = {
                "context_slices": field.at("context_slices").whole(0),
                "size_multiple": field.at("size_multiple").whole(1),
                "halo": field.at("halo").whole(0),
            }
        else:
            field.only((*common, "crop"))
            slices, rows, columns = (side.whole(1) for side in field.at("crop").items(3))
            sizes = {"crop": (slices, rows, columns)}
        low, high = (bound.number() for bound in field.at("hu_window").items(2))
        if low >= high:
            field.at("hu_window").fail("two numbers, the lower one first")
        scale = field.at("scale").number()
        if scale == 0:
            field.at("scale").fail("a number other than 0")
        entry = cls(
            (low, high),
            scale,
            field.at("offset").number(),
            **sizes,
            name=field.at("name").text(),
        )
        field.at("dtype").equal("float32")
        field.at("spacing_mm").equal(None)
        field.at("shape").equal(entry._shape())
        return entry

    def _shape(self) -> list[str | int]:
        if self.crop is not None:
            return ["batch", 1, *self.crop]
        return ["batch", self.channels, "height", "width"]


@dataclass(frozen=True)
class OutputEntry:
    """Output of a stage's networks; `kind` is ``"probability"`` or ``"logits"``."""

    kind: str
    name: str = "output"

    def to_json(self, stage: str, classes: int) -> dict[str, Any]:
        """Return the entry as JSON values for the manifest."""
        return {"name": self.name, "kind": self.kind, "shape": self._shape(stage, classes)}

    @classmethod
    def read(cls, field: JsonField, stage: str, classes: int) -> OutputEntry:
        """Read the entry of a stage with the given number of classes."""
        field.only(("name", "kind", "shape", *_FREE))
        if field.at("kind").value not in ("probability", "logits"):
            field.at("kind").fail('"probability" or "logits"')
        field.at("shape").equal(cls._shape(stage, classes))
        return cls(field.at("kind").text(), field.at("name").text())

    @staticmethod
    def _shape(stage: str, classes: int) -> list[str | int]:
        return ["batch", classes, *(["height", "width"] if stage == "segmentation" else [])]


@dataclass(frozen=True)
class FileEntry:
    """File of a bundle.

    Attributes
    ----------
    file : str
        Path relative to the bundle's folder, with ``/``.
    sha256 : str
        SHA-256 of the content, in lower-case hexadecimal.
    bytes : int
        Size of the file in bytes.
    made_with : str or None
        Software that wrote the file; given for artifacts only.
    """

    file: str
    sha256: str
    bytes: int
    made_with: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the entry as JSON values for the manifest."""
        made_with = {} if self.made_with is None else {"made_with": self.made_with}
        return {"file": self.file, "sha256": self.sha256, "bytes": self.bytes, **made_with}

    @classmethod
    def read(cls, field: JsonField) -> FileEntry:
        """Read the entry of a golden or an artifact."""
        field.only(("file", "sha256", "bytes", "made_with", *_FREE))
        path = field.at("file").text()
        if set(path) & set("\\:") or any(part in ("", ".", "..") for part in path.split("/")):
            field.at("file").fail("a relative path with '/' that stays inside the bundle")
        made_with = field.members().get("made_with")
        return cls(
            path,
            _read_sha256(field),
            field.at("bytes").whole(1),
            None if made_with is None else made_with.text(),
        )


@dataclass(frozen=True)
class NetworkEntry:
    """Network of a stage: its architecture, its checkpoint and its files."""

    architecture: str
    options: dict[str, Any]
    inferred: list[str]
    checkpoint_sha256: str
    checkpoint_metadata: dict[str, Any]
    artifacts: dict[str, FileEntry]
    goldens: list[FileEntry]

    @property
    def files(self) -> list[FileEntry]:
        """All files of the network."""
        return [*self.artifacts.values(), *self.goldens]

    def to_json(self) -> dict[str, Any]:
        """Return the entry as JSON values for the manifest."""
        return {
            "architecture": self.architecture,
            "options": self.options,
            "inferred": self.inferred,
            "checkpoint": {"sha256": self.checkpoint_sha256, "metadata": self.checkpoint_metadata},
            "artifacts": {name: file.to_json() for name, file in self.artifacts.items()},
            "goldens": [file.to_json() for file in self.goldens],
        }

    @classmethod
    def read(cls, field: JsonField) -> NetworkEntry:
        """Read the entry of a network."""
        own = ("architecture", "options", "inferred", "checkpoint", "artifacts", "goldens")
        field.only((*own, *_FREE))
        checkpoint = field.at("checkpoint").only(("sha256", *_FREE))
        metadata = checkpoint.members().get("metadata")
        artifacts = {k: FileEntry.read(v) for k, v in field.at("artifacts").members().items()}
        if not artifacts:
            field.at("artifacts").fail("at least one artifact")
        return cls(
            field.at("architecture").text(),
            field.at("options").mapping(),
            [name.text() for name in field.at("inferred").items()],
            _read_sha256(checkpoint),
            metadata.mapping() if metadata else {},
            artifacts,
            [FileEntry.read(golden) for golden in field.at("goldens").items()],
        )


@dataclass(frozen=True)
class StageEntry:
    """Stage of the pipeline: input, output, classes, threshold, tolerances and networks."""

    input: InputEntry
    output: OutputEntry
    classes: tuple[str, ...]
    threshold: float
    tolerance: dict[str, Tolerance]
    networks: list[NetworkEntry]

    def to_json(self, stage: str) -> dict[str, Any]:
        """Return the entry as JSON values for the manifest."""
        return {
            "input": self.input.to_json(),
            "output": self.output.to_json(stage, len(self.classes)),
            "classes": list(self.classes),
            "threshold": self.threshold,
            "tolerance": {
                device: {"absolute": t.absolute, "decision_band": t.decision_band}
                for device, t in self.tolerance.items()
            },
            "networks": [network.to_json() for network in self.networks],
        }

    @classmethod
    def read(cls, field: JsonField, stage: str) -> StageEntry:
        """Read the entry of a stage."""
        own = ("input", "output", "classes", "threshold", "tolerance", "networks")
        field.only((*own, *_FREE))
        classes = field.at("classes")
        if classes.value not in _CLASSES[stage]:
            classes.fail(" or ".join(json.dumps(names) for names in _CLASSES[stage]))
        tolerance = field.at("tolerance").only(("cpu", "cuda"))
        tolerance.at("cpu")
        networks = [NetworkEntry.read(network) for network in field.at("networks").items()]
        if not networks:
            field.at("networks").fail("at least one network")
        return cls(
            InputEntry.read(field.at("input"), stage),
            OutputEntry.read(field.at("output"), stage, len(classes.value)),
            tuple(classes.value),
            field.at("threshold").number(0, 1),
            {device: _read_tolerance(limits) for device, limits in tolerance.members().items()},
            networks,
        )


def _read_sha256(field: JsonField) -> str:
    digits = field.at("sha256").text()
    if len(digits) != 64 or set(digits) - set("0123456789abcdef"):
        field.at("sha256").fail("64 lower-case hexadecimal digits")
    return digits


def _read_tolerance(field: JsonField) -> Tolerance:
    field.only(("absolute", "decision_band"))
    return Tolerance(field.at("absolute").number(0), field.at("decision_band").number(0))


@dataclass(frozen=True)
class Manifest:
    """Content of ``manifest.json``.

    Attributes
    ----------
    lungrt_version : str
        Version of lungrt that exported the bundle.
    created : str
        Time of the export, as ISO 8601 in UTC.
    stages : dict of str to StageEntry
        Any of segmentation, nodule and malignancy, in this order.
    """

    lungrt_version: str
    created: str
    stages: dict[str, StageEntry]

    @property
    def files(self) -> list[FileEntry]:
        """Every file of the bundle except the manifest."""
        networks = (network for stage in self.stages.values() for network in stage.networks)
        return [file for network in networks for file in network.files]

    def to_text(self) -> str:
        """Return the content of ``manifest.json``."""
        document = {
            "format_version": FORMAT_VERSION,
            "lungrt_version": self.lungrt_version,
            "created": self.created,
            "stages": {name: stage.to_json(name) for name, stage in self.stages.items()},
        }
        return json.dumps(document, indent=2, allow_nan=False) + "\n"


def read_manifest(bundle: Path) -> Manifest:
    """Read a bundle's manifest, without checking the files that it lists.

    Raises
    ------
    BadBundle
        There is no manifest, or it does not follow the schema of DESIGN.md.
    UnsupportedVersion
        The manifest has a format version that this lungrt does not know.
    """
    path = bundle / MANIFEST
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadBundle(
            f"{bundle}: not a lungrt bundle: its {MANIFEST} cannot be read ({error}); expected a "
            "folder that lungrt export wrote"
        ) from error
    document = parse_json(text, str(path))
    version = document.at("format_version")
    if version.whole(-(2**63)) != FORMAT_VERSION:
        raise UnsupportedVersion(
            f"{path}: format_version is {version.value}, but this lungrt reads only "
            f"{FORMAT_VERSION}; install a lungrt that reads it, or export the checkpoints again"
        )
    document.only(("format_version", "lungrt_version", "created", "stages", *_FREE))
    found = document.at("stages").only(_STAGES)
    members = found.members()
    if not members:
        found.fail("at least one stage")
    stages = {name: StageEntry.read(members[name], name) for name in _STAGES if name in members}
    if "malignancy" in stages and len(stages["nodule"].classes if "nodule" in stages else ()) == 3:
        raise BadBundle(
            f"{path}: stages.nodule.classes already separates benign and malignant nodules, so "
            "there must be no stage malignancy; export only one of the two"
        )
    return Manifest(document.at("lungrt_version").text(), document.at("created").text(), stages)


def files_named_in(text: str) -> set[PurePosixPath]:
    """Return the files that a manifest of any format version lists, including the manifest.

    Raises
    ------
    ValueError
        The text is not a manifest.
    """
    document = json.loads(text)
    if not isinstance(document, dict) or type(document.get("format_version")) is not int:
        raise ValueError("format_version is missing")
    named = {PurePosixPath(MANIFEST)}
    remaining: list[Any] = [document.get("stages")]
    while remaining:
        value = remaining.pop()
        if isinstance(value, dict):
            if isinstance(value.get("file"), str):
                named.add(PurePosixPath(value["file"]))
            remaining += value.values()
        elif isinstance(value, list):
            remaining += value
    return named
