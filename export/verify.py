"""Check of a bundle against its goldens, which needs no checkpoints."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lungrt import _core
from lungrt.errors import InvalidArgument
from lungrt.export.parity import ParityRow, Run
from lungrt.export.runners import Artifact, Runner, python_runners


def verify_bundle(
    bundle: Path | str,
    *,
    formats: Sequence[str] | None = None,
    runners: Mapping[str, Runner] | None = None,
) -> list[ParityRow]:
    """Check a bundle's files, then run its goldens in every installed runtime.

    Parameters
    ----------
    bundle : path
        Folder of the bundle.
    formats : sequence of str, optional
        Artifact formats to run. By default all that the bundle has, and ``aotinductor`` if its
        networks were compiled on this machine.
    runners : mapping of str to Runner, optional
        Runtimes by name; by default those of `python_runners`.

    Returns
    -------
    list of ParityRow
        Rows by stage, network, runtime and golden. `failed` is True where the runtime failed or is
        out of tolerance. A runtime that is not installed has one row for each network, which says
        why it was skipped.

    Raises
    ------
    BadBundle
        The manifest is invalid, a file is missing or damaged, or a network has no goldens.
    UnsupportedVersion
        The bundle has an unknown format version.
    InvalidArgument
        The bundle has no artifact of a format in `formats`, or `formats` is empty.
    EngineUnavailable
        No installed runtime can run any of the artifacts.
    Io
        A file cannot be read.
    """
    if formats is not None and not formats:
        raise InvalidArgument("formats is empty; name a format of the bundle, or leave it out")
    runtimes = [
        (
            name,
            runner.format,
            runner.version,
            runner.missing,
            runner.gives_probabilities,
            _opener(runner),
        )
        for name, runner in (python_runners() if runners is None else runners).items()
    ]
    rows = _core.verify_bundle(os.fspath(bundle), runtimes, formats=list(formats or ()))
    return [ParityRow.of(row) for row in rows]


def _opener(runner: Runner) -> Callable[..., Run]:
    def open_network(
        bundle: Path, stage: str, member: int, file: Path, input_name: str, output_name: str
    ) -> Run:
        return runner.open(Artifact(bundle, stage, member, file, input_name, output_name))

    return open_network
