"""Compilation of a bundle's networks to native code for this machine, compared with eager runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from lungrt import _core
from lungrt.errors import BadBundle, Inference, InvalidArgument
from lungrt.export import aotinductor
from lungrt.export.exporter import EXPORT_TOLERANCE
from lungrt.export.files import check_bundle, write_file
from lungrt.export.goldens import (
    Golden,
    inputs_of_size,
    other_inputs,
    read_goldens,
    to_safetensors,
)
from lungrt.export.manifest import (
    InputEntry,
    Manifest,
    NetworkEntry,
    StageEntry,
    read_manifest,
)
from lungrt.export.network import SingleOutput, run_eager
from lungrt.export.parity import ParityRow, replay
from lungrt.export.parity_table import parity_text
from lungrt.export.weights import open_weights
from lungrt.write_aside import replaced_folder

_Array = NDArray[np.float32]
_Progress = Callable[[str, int, int], None]

WEIGHTS = "safetensors"
_FAMILIES = ("unet", "classifier3d")
_MOST_PIXELS = 4096
_MOST_ITEMS = 1024


@dataclass(frozen=True)
class CompileResult:
    """Compiled networks and how they compare with the eager ones.

    Attributes
    ----------
    folders : list of pathlib.Path
        One folder for each network and size.
    rows : list of ParityRow
        Comparison of every network on every input; all are in tolerance.
    """

    folders: list[Path]
    rows: list[ParityRow]


def compile_bundle(
    bundle: Path | str,
    *,
    sizes: Sequence[tuple[int, int]] = ((512, 512),),
    batch: int = 8,
    progress: _Progress | None = None,
) -> CompileResult:
    """Compile a bundle's networks for this machine and keep the result in the user's cache.

    Each network is built from its weights in the bundle, compared with the bundle's goldens,
    compiled for fixed shapes, read back and compared with the eager module. Only if all of this
    succeeds does the result replace what was compiled before for the same size.

    Parameters
    ----------
    bundle : path
        Folder of the bundle.
    sizes : sequence of (rows, columns), optional
        Sizes of the CTs' slices in pixels. Each size is compiled separately.
    batch : int, optional
        Crops in a batch of the classifiers. The segmentation network takes one slice at a time.
    progress : callable, optional
        Called with the name of a stage, the number of steps done and the total number of steps.

    Returns
    -------
    CompileResult

    Raises
    ------
    InvalidArgument
        A size or the batch is out of range, or the architecture of a network is not built in.
    BadBundle
        The bundle is damaged, has no weights, its weights do not match its goldens, or another
        bundle replaced it while it was compiled.
    EngineUnavailable
        No C++ compiler is installed.
    Inference
        A network cannot be compiled, or its code is out of tolerance.
    Io
        The cache cannot be written, or another process is compiling the same network.
    """
    bundle = Path(bundle)
    _check_sizes(sizes, batch)
    manifest = read_manifest(bundle)
    check_bundle(bundle)
    _check_networks(bundle, manifest)
    aotinductor.require_compiler()
    result = CompileResult([], [])
    stages = [
        _StageCompiler(bundle, name, stage, sizes, batch, progress)
        for name, stage in manifest.stages.items()
    ]
    with aotinductor.scratch_folder():
        for work in stages:
            work.report()
            for member, network in enumerate(work.stage.networks):
                for folder, rows in work.compile(member, network):
                    result.folders.append(folder)
                    result.rows.extend(rows)
    return result


def _check_sizes(sizes: Sequence[tuple[int, int]], batch: int) -> None:
    for rows, columns in sizes:
        if not (0 < rows <= _MOST_PIXELS and 0 < columns <= _MOST_PIXELS):
            raise InvalidArgument(
                f"size {rows} x {columns}: expected 1 to {_MOST_PIXELS} rows and columns"
            )
    if not 0 < batch <= _MOST_ITEMS:
        raise InvalidArgument(f"batch {batch}: expected 1 to {_MOST_ITEMS} crops")


def _check_networks(bundle: Path, manifest: Manifest) -> None:
    """Raise an error unless every network can be built from its weights in the bundle."""
    for name, stage in manifest.stages.items():
        for network in stage.networks:
            if network.architecture not in _FAMILIES:
                raise InvalidArgument(
                    f"{bundle}: the architecture of {name} is {network.architecture}, but only "
                    f"networks of the families {' and '.join(_FAMILIES)} can be compiled; run "
                    "this one with the engine torchscript or onnxruntime"
                )
            if WEIGHTS not in network.artifacts:
                raise BadBundle(
                    f"{bundle}: {name} has no artifact {WEIGHTS}, which compiling needs; it only "
                    f"has {', '.join(network.artifacts)}. Export the checkpoints again with "
                    f"--formats {','.join((*network.artifacts, WEIGHTS))}"
                )


@dataclass
class _StageCompiler:
    """Compiler of a stage's networks, one after the other."""

    bundle: Path
    name: str
    stage: StageEntry
    sizes: Sequence[tuple[int, int]]
    batch: int
    progress: _Progress | None

    def __post_init__(self) -> None:
        self._inputs = _inputs_by_size(self.stage.input, self.sizes)
        # Named once: the bundle may be replaced by another one while its networks are compiled.
        self._folders = {
            (member, size): _core.compiled_folder(self.bundle, self.name, member, size)
            for member in range(len(self.stage.networks))
            for size in self._inputs
        }
        self._steps_done = 0
        self._steps = len(self.stage.networks) * (1 + 2 * len(self._inputs))

    def compile(self, member: int, network: NetworkEntry) -> Iterator[tuple[Path, list[ParityRow]]]:
        """Yield the folder and the comparisons of each size."""
        weights = network.artifacts[WEIGHTS]
        module = SingleOutput(open_weights(self.bundle / weights.file))
        goldens = [g for file in network.goldens for g in read_goldens(self.bundle / file.file)]
        rows = self._check_eager(member, module, goldens)
        self._step()
        for size, inputs in self._inputs.items():
            name = "x".join(map(str, size))
            cases = {
                f"golden {n}": golden
                for n, golden in enumerate(goldens)
                if golden.input.shape[1:] == inputs[0].shape[1:]
            }
            own = [Golden(x, run_eager(module, x)) for x in inputs]
            cases |= {f"other {n} of {name}": golden for n, golden in enumerate(own)}
            folder = self._folders[member, size]
            with replaced_folder(folder, _replaces_anything) as new:
                rows += self._compile_one(new, member, network, module, cases, own)
            yield folder, rows
            rows = []

    def _compile_one(
        self,
        folder: Path,
        member: int,
        network: NetworkEntry,
        module: nn.Module,
        cases: Mapping[str, Golden],
        own: Sequence[Golden],
    ) -> list[ParityRow]:
        """Write the files of one size into `folder` and return the comparisons."""
        batch = 1 if self.stage.input.crop is None else self.batch
        code, record, golden_file = _core.compiled_file_names()
        path = folder / code
        aotinductor.to_package(module, np.repeat(own[0].input[:1], batch, axis=0), path)
        self._step()
        run = aotinductor.open_package(path, batch)
        rows = [
            replay(run, case, self.stage, replace(self._blank(member, "aotinductor"), input=name))
            for name, case in cases.items()
        ]
        _refuse(rows, "compiled code was not kept because it is out of tolerance:")
        golden = own[0]
        write_file(folder, golden_file, to_safetensors([golden]))
        text = _core.compiled_record(
            os.fspath(self.bundle),
            os.fspath(folder),
            stage=self.name,
            member=member,
            runtime=aotinductor.made_with(),
            capability=aotinductor.capability(),
            input_shape=(batch, *golden.input.shape[1:]),
            output_shape=(batch, *golden.output.shape[1:]),
            channels_last=self.stage.input.crop is None,
            checkpoint_sha256=network.checkpoint_sha256,
            weights_sha256=network.artifacts[WEIGHTS].sha256,
        )
        write_file(folder, record, text.encode())
        # The C++ engine refuses to load code from files that other users can write.
        for file in folder.iterdir():
            file.chmod(0o600)
        folder.chmod(0o700)
        self._step()
        return rows

    def _check_eager(
        self, member: int, module: nn.Module, goldens: Sequence[Golden]
    ) -> list[ParityRow]:
        """Compare the module that was built from weights with the bundle's goldens."""
        rows = [
            replay(
                lambda x: run_eager(module, x),
                golden,
                self.stage,
                replace(self._blank(member, "eager"), input=f"golden {n}"),
            )
            for n, golden in enumerate(goldens)
        ]
        _refuse(
            rows,
            f"{self.bundle}: the weights do not reproduce the goldens of this bundle; export the "
            "checkpoints again:",
        )
        return rows

    def _blank(self, member: int, runtime: str) -> ParityRow:
        version = aotinductor.made_with()
        return ParityRow(self.name, member, runtime, version, EXPORT_TOLERANCE)

    def _step(self) -> None:
        self._steps_done += 1
        self.report()

    def report(self) -> None:
        """Tell the caller how many steps of the stage are done."""
        if self.progress:
            self.progress(self.name, self._steps_done, self._steps)


def _inputs_by_size(
    contract: InputEntry, sizes: Sequence[tuple[int, int]]
) -> dict[tuple[int, ...], list[_Array]]:
    """Return the inputs of each size to compile: of slices without their halo, or of the crop."""
    if contract.crop is not None:
        return {contract.crop: other_inputs(contract)}
    padded = dict.fromkeys((contract.padded_size(r), contract.padded_size(c)) for r, c in sizes)
    return {size: inputs_of_size(contract, *size) for size in padded}


def _refuse(rows: Sequence[ParityRow], what: str) -> None:
    if failed := [row for row in rows if row.failed]:
        raise Inference(f"{what}\n{parity_text(failed)}")


def _replaces_anything(folder: Path) -> None:
    """Accept any folder: whatever is in the cache can be compiled again."""
