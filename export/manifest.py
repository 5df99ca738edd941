"""Types of ``manifest.json``, to write one; the C++ library reads it. DESIGN.md has the schema."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lungrt import _core

if TYPE_CHECKING:
    from lungrt.models import InputContract

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
STAGES = ("segmentation", "nodule", "malignancy")


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
    def of_json(cls, values: Mapping[str, Any]) -> InputEntry:
        """Return the entry that a validated manifest has."""
        low, high = values["hu_window"]
        crop = values.get("crop")
        return cls(
            (low, high),
            values["scale"],
            values["offset"],
            values.get("context_slices"),
            values.get("size_multiple", 1),
            values.get("halo", 0),
            None if crop is None else (crop[0], crop[1], crop[2]),
            values["name"],
        )

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
    def of_json(cls, values: Mapping[str, Any]) -> OutputEntry:
        """Return the entry that a validated manifest has."""
        return cls(values["kind"], values["name"])

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
    def of_json(cls, values: Mapping[str, Any]) -> FileEntry:
        """Return the entry that a validated manifest has."""
        return cls(values["file"], values["sha256"], values["bytes"], values.get("made_with"))


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
    def of_json(cls, values: Mapping[str, Any]) -> NetworkEntry:
        """Return the entry that a validated manifest has."""
        return cls(
            values["architecture"],
            values["options"],
            values["inferred"],
            values["checkpoint"]["sha256"],
            values["checkpoint"].get("metadata", {}),
            {name: FileEntry.of_json(file) for name, file in values["artifacts"].items()},
            [FileEntry.of_json(file) for file in values["goldens"]],
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
    def of_json(cls, values: Mapping[str, Any]) -> StageEntry:
        """Return the entry that a validated manifest has."""
        return cls(
            InputEntry.of_json(values["input"]),
            OutputEntry.of_json(values["output"]),
            tuple(values["classes"]),
            values["threshold"],
            {device: Tolerance(**limits) for device, limits in values["tolerance"].items()},
            [NetworkEntry.of_json(network) for network in values["networks"]],
        )


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

    The C++ library reads and validates it, so that what can be read here can be run there.

    Raises
    ------
    BadBundle
        There is no manifest, or it does not follow the schema of DESIGN.md.
    UnsupportedVersion
        The manifest has a format version that this lungrt does not know.
    Io
        There is no such folder, or the manifest cannot be read.
    """
    values = _core.read_manifest(os.fspath(bundle))
    stages = values["stages"]
    return Manifest(
        values["lungrt_version"],
        values["created"],
        {name: StageEntry.of_json(stages[name]) for name in STAGES if name in stages},
    )
