"""Export of loaded networks to a bundle whose outputs match those of the networks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lungrt import _core
from lungrt.errors import BadBundle, Inference, InvalidArgument, Io
from lungrt.export.assumptions import check_assumptions
from lungrt.export.files import check_bundle, write_file
from lungrt.export.formats import Format, choose_formats
from lungrt.export.goldens import Golden, golden_inputs, other_inputs, to_safetensors
from lungrt.export.manifest import (
    MANIFEST,
    STAGES,
    FileEntry,
    InputEntry,
    Manifest,
    NetworkEntry,
    OutputEntry,
    StageEntry,
    Tolerance,
    read_manifest,
)
from lungrt.export.network import SingleOutput, run_eager
from lungrt.export.parity import PROMISED, ParityRow, replay
from lungrt.export.parity_table import parity_text
from lungrt.export.runners import Artifact, python_runners
from lungrt.models import LoadedNetwork
from lungrt.write_aside import replaced_folder

_Array = NDArray[np.float32]

# Tolerance of an artifact on the machine that exports it, where the same CPU runs the eager module:
# a quarter of `PROMISED`, which holds on every machine. On the inputs used here the book's U-Net
# differs by up to 4e-5, its classifier by 2e-6; the rest is margin for other CPUs and networks.
EXPORT_TOLERANCE = Tolerance(absolute=2.5e-4, decision_band=2.5e-4)

_THRESHOLD = 0.5  # of every stage, as in the book

_Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ExportResult:
    """Bundle that an export wrote.

    Attributes
    ----------
    bundle : pathlib.Path
        The bundle's folder.
    manifest : Manifest
        As it was read back.
    rows : list of ParityRow
        Comparison of every artifact on every input with the network; all are in tolerance.
    left_out : list of str
        Messages about the formats that were left out because they cannot store a network.
    """

    bundle: Path
    manifest: Manifest
    rows: list[ParityRow]
    left_out: list[str]


def export_bundle(
    stages: Mapping[str, Sequence[LoadedNetwork]],
    output: Path | str,
    *,
    formats: Sequence[str] | None = None,
    force: bool = False,
    progress: _Progress | None = None,
) -> ExportResult:
    """Write networks as a bundle.

    Every network is checked against its contract. Every artifact is read back from disk and
    compared with the eager module on inputs of several sizes. Finally the bundle is read as the
    C++ library reads it. If any of this fails, `output` is left as it was before.

    Parameters
    ----------
    stages : mapping of str to sequence of LoadedNetwork
        Any of segmentation, nodule and malignancy; several networks of a stage are an ensemble.
    output : path
        Folder of the bundle; it is created together with its parents.
    formats : sequence of str, optional
        Any of torchscript, onnx and safetensors, which are then written for every network. By
        default all three are written, but safetensors, which stores only the weights, is left out
        for networks of other families than unet and classifier3d.
    force : bool, optional
        Replace an existing bundle at `output`. A folder that is not a bundle, or that also holds
        other files, is never replaced.
    progress : callable, optional
        Called with the name of a stage, the number of steps done and the total number of steps.

    Returns
    -------
    ExportResult

    Raises
    ------
    InvalidArgument
        The stages, networks or formats contradict each other, a network violates its contract or
        needs a manifest that lungrt does not read, or `output` exists and may not be replaced.
    Inference
        A network cannot be written in a format, or an artifact is out of tolerance.
    EngineUnavailable
        A package that a format needs is not installed.
    Io
        `output` cannot be written, or another process is writing it.
    """
    output = Path(output)
    entries = _contracts(stages)
    chosen = choose_formats(stages, formats)
    with replaced_folder(output, lambda folder: _check_replaceable(folder, force=force)) as folder:
        rows: list[ParityRow] = []
        for name, entry in entries.items():
            writer = _StageWriter(folder, name, entry, chosen.formats[name], progress)
            written = [writer.write(member, net) for member, net in enumerate(stages[name])]
            entries[name] = replace(entry, networks=[network for network, _ in written])
            rows += [row for _, compared in written for row in compared]
        if any(row.failed for row in rows):
            raise Inference(
                "no bundle was written because artifacts differ from the network by more than the "
                "tolerance:\n" + parity_text(rows)
            )
        created = datetime.now(timezone.utc).isoformat(timespec="seconds")
        manifest = Manifest(metadata.version("lungrt"), created, entries)
        write_file(folder, MANIFEST, manifest.to_text().encode())
        manifest = _read_back(folder)
    return ExportResult(output, manifest, rows, chosen.left_out)


def _read_back(folder: Path) -> Manifest:
    """Return the manifest as the C++ library reads it, after it has checked every file."""
    try:
        check_bundle(folder)
        return read_manifest(folder)
    except BadBundle as error:
        raise InvalidArgument(
            f"no bundle was written because lungrt could not read it: {error}"
        ) from error


def _contracts(stages: Mapping[str, Sequence[LoadedNetwork]]) -> dict[str, StageEntry]:
    """Return the entry of each stage, with an empty list of networks."""
    unknown = [name for name in stages if name not in STAGES]
    if unknown or not stages or not all(stages.values()):
        raise InvalidArgument(
            f"stages {list(stages)}: expected one or more of {list(STAGES)}, each with at least "
            "one network"
        )
    entries = {name: _contract(name, stages[name]) for name in STAGES if name in stages}
    if "malignancy" in entries and "nodule" in entries and len(entries["nodule"].classes) > 2:
        raise InvalidArgument(
            f"the nodule classifier has the classes {', '.join(entries['nodule'].classes)}, so it "
            "already predicts malignancy; leave out the malignancy stage, or use a nodule "
            "classifier with two classes"
        )
    return entries


def _contract(stage: str, networks: Sequence[LoadedNetwork]) -> StageEntry:
    first, *others = networks
    shared = ("input", "output_kind", "classes")
    for member, network in enumerate(others, start=1):
        for name in shared:
            one, other = getattr(first, name), getattr(network, name)
            if one != other:
                raise InvalidArgument(
                    f"{stage}: all networks of an ensemble need the same input and the same kind "
                    f"of output, but {name} is {one} for network 0 and {other} for network {member}"
                )
    return StageEntry(
        InputEntry.of(first.input),
        OutputEntry(first.output_kind),
        first.classes,
        _THRESHOLD,
        {"cpu": PROMISED, "cuda": PROMISED},
        [],
    )


def _check_replaceable(output: Path, *, force: bool) -> None:
    """Raise InvalidArgument unless `output` is a bundle that may be replaced."""
    try:
        expected = set(_core.listed_files(os.fspath(output)))
    except (BadBundle, Io) as error:
        raise InvalidArgument(
            f"{output}: exists but is not a lungrt bundle; refusing to overwrite it. Choose "
            "another folder"
        ) from error
    if not force:
        raise InvalidArgument(
            f"{output}: this bundle already exists; use --force (force=True) to replace it"
        )
    found = {path.relative_to(output).as_posix() for path in output.rglob("*") if not path.is_dir()}
    if others := sorted(found - expected):
        raise InvalidArgument(
            f"{output}: also holds files that do not belong to the bundle and would be deleted: "
            f"{', '.join(others)}; move them elsewhere first"
        )


class _StageWriter:
    """Writer of a stage's networks that compares each artifact with its network."""

    def __init__(
        self,
        folder: Path,
        stage: str,
        entry: StageEntry,
        formats: Sequence[Sequence[Format]],
        progress: _Progress | None,
    ) -> None:
        self._folder = folder
        self._stage = stage
        self._entry = entry
        self._formats = formats
        self._is_ensemble = len(formats) > 1
        self._progress = progress
        self._golden_inputs = golden_inputs(entry.input)
        self._other_inputs = other_inputs(entry.input)
        self._steps_done = 0
        self._steps = sum(2 + 2 * len(chosen) for chosen in formats)
        self._report()

    def write(self, member: int, network: LoadedNetwork) -> tuple[NetworkEntry, list[ParityRow]]:
        """Write the goldens and artifacts of a network, and compare the artifacts with it."""
        module = SingleOutput(network.module)
        place = f"{self._stage}/member-{member}" if self._is_ensemble else self._stage
        inputs = [*self._golden_inputs, *self._other_inputs]
        check_assumptions(
            module, self._entry, inputs, what=f"{network.checkpoint.path} as {self._stage}"
        )
        self._step()

        cases = [Golden(x, run_eager(module, x)) for x in inputs]
        goldens = cases[: len(self._golden_inputs)]
        golden_file = write_file(
            self._folder, f"{place}/golden.safetensors", to_safetensors(goldens)
        )
        self._step()

        artifacts: dict[str, FileEntry] = {}
        rows: list[ParityRow] = []
        example = max(self._golden_inputs, key=len)
        for format_ in self._formats[member]:
            data, made_with = format_.write(network, example, self._entry)
            artifacts[format_.name] = write_file(
                self._folder, f"{place}/{format_.file_name}", data, made_with=made_with
            )
            self._step()
            rows += self._compare(member, format_, artifacts[format_.name], cases)
            self._step()
        entry = NetworkEntry(
            network.architecture,
            network.options,
            list(network.inferred),
            network.checkpoint.sha256,
            network.checkpoint.metadata,
            artifacts,
            [golden_file],
        )
        return entry, rows

    def _compare(
        self, member: int, format_: Format, file: FileEntry, cases: Sequence[Golden]
    ) -> list[ParityRow]:
        runner = python_runners()[format_.runtime]
        entry = self._entry
        run = runner.open(
            Artifact(
                self._folder,
                self._stage,
                member,
                self._folder / file.file,
                entry.input.name,
                entry.output.name,
            )
        )
        blank = ParityRow(self._stage, member, format_.runtime, runner.version, EXPORT_TOLERANCE)
        count = len(self._golden_inputs)
        return [
            replay(
                run,
                case,
                entry,
                replace(blank, input=f"golden {n}" if n < count else f"other {n - count}"),
            )
            for n, case in enumerate(cases)
        ]

    def _step(self) -> None:
        self._steps_done += 1
        self._report()

    def _report(self) -> None:
        if self._progress:
            self._progress(self._stage, self._steps_done, self._steps)
