"""Check of a bundle against its goldens, which needs no checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lungrt.errors import BadBundle, EngineUnavailable, InvalidArgument
from lungrt.export.compiled import FORMAT as COMPILED
from lungrt.export.compiled import compiled_sizes, goldens_of_sizes
from lungrt.export.files import check_files
from lungrt.export.goldens import Golden, read_goldens
from lungrt.export.manifest import Manifest, NetworkEntry, StageEntry, read_manifest
from lungrt.export.parity import ParityRow, replay
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
        The bundle has no artifact of a format in `formats`.
    EngineUnavailable
        No installed runtime can run any of the artifacts, or the package safetensors, which reads
        the goldens, is not installed.
    """
    bundle = Path(bundle)
    manifest = read_manifest(bundle)
    check_files(bundle, manifest)
    wanted = _wanted_formats(bundle, manifest, formats)
    asked = {
        name: runner
        for name, runner in (python_runners() if runners is None else runners).items()
        if runner.format in wanted
    }
    if not any(not runner.missing for runner in asked.values()):
        reasons = "; ".join(runner.missing for runner in asked.values())
        raise EngineUnavailable(
            f"{bundle}: no installed runtime can run its artifacts ({', '.join(wanted)})"
            + (f": {reasons}" if reasons else "")
        )
    return [
        row
        for name, stage in manifest.stages.items()
        for member, network in enumerate(stage.networks)
        for row in _verify_network(bundle, name, stage, member, network, asked)
    ]


def _wanted_formats(
    bundle: Path, manifest: Manifest, formats: Sequence[str] | None
) -> tuple[str, ...]:
    networks = [
        (name, member, network)
        for name, stage in manifest.stages.items()
        for member, network in enumerate(stage.networks)
    ]
    present = tuple(
        dict.fromkeys(format_ for *_, network in networks for format_ in network.artifacts)
    )
    if any(compiled_sizes(bundle, name, member) for name, member, _ in networks):
        present += (COMPILED,)
    if formats is None:
        return present
    if not formats or set(formats) - set(present):
        raise InvalidArgument(
            f"formats {list(formats)}: expected one or more of the formats that {bundle} has: "
            f"{', '.join(present)}"
        )
    return tuple(formats)


def _verify_network(
    bundle: Path,
    name: str,
    stage: StageEntry,
    member: int,
    network: NetworkEntry,
    runners: Mapping[str, Runner],
) -> Iterator[ParityRow]:
    goldens = [golden for file in network.goldens for golden in read_goldens(bundle / file.file)]
    if not goldens:
        raise BadBundle(
            f"{bundle}: network {member} of {name} has no goldens, so that it cannot be verified; "
            "export the bundle again"
        )
    sizes = compiled_sizes(bundle, name, member)
    for runtime, runner in runners.items():
        is_compiled = runner.format == COMPILED
        if not (sizes if is_compiled else runner.format in network.artifacts):
            continue
        blank = ParityRow(name, member, runtime, runner.version, stage.tolerance["cpu"])
        if runner.missing:
            yield replace(blank, skipped=runner.missing)
            continue
        path = sizes[0].parent if is_compiled else bundle / network.artifacts[runner.format].file
        artifact = Artifact(bundle, name, member, path, stage.input.name, stage.output.name)
        cases = goldens_of_sizes(sizes, goldens) if is_compiled else goldens
        yield from _replay_all(artifact, runner, cases, stage, blank)


def _replay_all(
    artifact: Artifact,
    runner: Runner,
    goldens: Sequence[Golden],
    stage: StageEntry,
    blank: ParityRow,
) -> Iterator[ParityRow]:
    labelled = [(replace(blank, input=f"golden {n}"), golden) for n, golden in enumerate(goldens)]
    try:
        run = runner.open(artifact)
    # As in `replay`, the failure of a runtime is recorded and the others still run.
    except Exception as error:
        problem = f"cannot be opened: {type(error).__name__}: {error}"
        for row, golden in labelled:
            yield replace(row, shape=golden.input.shape, problem=problem)
        return
    for row, golden in labelled:
        yield replay(run, golden, stage, row, gives_probabilities=runner.gives_probabilities)
