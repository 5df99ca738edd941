"""From loaded networks to a bundle that is as good as them, or to an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from lungrt.errors import Inference, InvalidArgument
from lungrt.export.assumptions import check_assumptions
from lungrt.export.files import write_file
from lungrt.export.formats import Format, choose_formats
from lungrt.export.goldens import Golden, golden_inputs, other_inputs, to_safetensors
from lungrt.export.manifest import (
    MANIFEST,
    FileEntry,
    InputEntry,
    Manifest,
    NetworkEntry,
    OutputEntry,
    StageEntry,
    Tolerance,
    files_named_in,
)
from lungrt.export.network import SingleOutput, run_eager
from lungrt.export.parity import PROMISED, ParityRow, replay
from lungrt.export.parity_table import parity_text
from lungrt.export.runners import Artifact, python_runners
from lungrt.export.staging import replaced_folder
from lungrt.models import LoadedNetwork

_Array = NDArray[np.float32]

# What artifacts are held to where they are made, on the CPU that also runs the eager module: a
# quarter of what is promised elsewhere. On the inputs used here the book's U-Net differs by up to
# 4e-5, its classifier by 2e-6; the rest is for other CPUs and steeper networks.
EXPORT_TOLERANCE = Tolerance(absolute=2.5e-4, decision_band=2.5e-4)

_STAGES = ("segmentation", "nodule", "malignancy")
_THRESHOLD = 0.5  # the book's, of each stage

_Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ExportResult:
    """What an export wrote.

    Attributes
    ----------
    bundle : pathlib.Path
        The folder.
    manifest : Manifest
    rows : list of ParityRow
        Every artifact on every input; all in tolerance.
    left_out : list of str
        Formats that were not asked for by name and cannot hold a network: which, and why.
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

    Every network's contract is checked, every artifact is read back from disk and held against
    the eager module on inputs of several sizes. Nothing is left at `output`, or what was there
    before, unless all of that went well.

    Parameters
    ----------
    stages : mapping of str to sequence of LoadedNetwork
        Any of segmentation, nodule and malignancy; several networks in one are an ensemble.
    output : path
        The bundle's folder; made, with its parents.
    formats : sequence of str, optional
        Some of torchscript, onnx and safetensors, each for every network. If not given, all of
        them, safetensors only for networks of the families unet and classifier3d: it holds weights
        alone.
    force : bool, optional
        Replace a bundle that is there. Never anything else: not a folder that is no bundle, nor
        one that holds other files as well.
    progress : callable, optional
        Called with a stage, steps done and steps in all.

    Returns
    -------
    ExportResult

    Raises
    ------
    InvalidArgument
        The stages, networks or formats contradict each other, a network is not what its contract
        says, or `output` is there and may not be replaced.
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
                "artifacts are out of tolerance, so no bundle was written\n" + parity_text(rows)
            )
        created = datetime.now(timezone.utc).isoformat(timespec="seconds")
        manifest = Manifest(metadata.version("lungrt"), created, entries)
        write_file(folder, MANIFEST, manifest.to_text().encode())
    return ExportResult(output, manifest, rows, chosen.left_out)


def _contracts(stages: Mapping[str, Sequence[LoadedNetwork]]) -> dict[str, StageEntry]:
    """Return each stage's entry, without networks yet."""
    unknown = [name for name in stages if name not in _STAGES]
    if unknown or not stages or not all(stages.values()):
        raise InvalidArgument(
            f"stages {list(stages)}: expected networks for some of {list(_STAGES)}"
        )
    entries = {name: _contract(name, stages[name]) for name in _STAGES if name in stages}
    if "malignancy" in entries and "nodule" in entries and len(entries["nodule"].classes) > 2:
        raise InvalidArgument(
            f"a nodule classifier of {', '.join(entries['nodule'].classes)} judges malignancy "
            "itself; leave the malignancy stage out, or give a nodule classifier of two classes"
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
                    f"{stage}: the networks of an ensemble get one input and give one kind of "
                    f"output, but {name} is {one} of network 0 and {other} of network {member}"
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
    """Raise InvalidArgument unless `output` is a bundle that may go."""
    try:
        expected = files_named_in((output / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidArgument(
            f"{output}: is there and is no bundle, so it is not replaced; choose another folder"
        ) from error
    if not force:
        raise InvalidArgument(f"{output}: is there already; force (--force) replaces it")
    found = {
        PurePosixPath(path.relative_to(output)) for path in output.rglob("*") if not path.is_dir()
    }
    if others := sorted(map(str, found - expected)):
        raise InvalidArgument(
            f"{output}: holds files that are not the bundle's and would be lost: "
            f"{', '.join(others)}; move them first"
        )


class _StageWriter:
    """Writes a stage's networks, one after the other, and compares what it wrote."""

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
        """Write one network: its goldens, its artifacts, and how these compare."""
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
