"""``lungrt export``: writes a bundle from trained checkpoints and prints a parity table."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lungrt.cli.console import stdout
from lungrt.cli.options import JsonOutput, NoProgress
from lungrt.cli.output import output_file
from lungrt.cli.progress import progress_bars
from lungrt.defaults import NOTE as DEFAULTS_NOTE
from lungrt.defaults import default_checkpoints
from lungrt.errors import InvalidArgument, Io
from lungrt.json_text import json_text
from lungrt.packages import require_packages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from lungrt.export import ExportResult
    from lungrt.models import LoadedNetwork

__all__ = ["export"]

_OTHERS = "Architectures that are not the book's"

_Checkpoints = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Trained checkpoint of this stage. Repeat the option to export an ensemble.",
        show_default=False,
    ),
]
_Architectures = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PACKAGE.MODULE:CLASS",
        help="Architecture of this stage's checkpoints. Give it once for all checkpoints, or once "
        "for each in the same order.",
        show_default=False,
        rich_help_panel=_OTHERS,
    ),
]
_Options = Annotated[
    list[str] | None,
    typer.Option(
        metavar="JSON|FILE",
        help="Options of this stage's architecture, as a JSON object or as a file that holds one. "
        "Give them once for all checkpoints, or once for each in the same order.",
        show_default=False,
        rich_help_panel=_OTHERS,
    ),
]


def export(
    output: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder to write the bundle to.", show_default=False)
    ],
    segmentation: _Checkpoints = None,
    nodule: _Checkpoints = None,
    malignancy: _Checkpoints = None,
    formats: Annotated[
        str | None,
        typer.Option(
            help="Formats to write for every network, separated by commas: torchscript, onnx, "
            "safetensors. The default is all three, but safetensors only for the book's two "
            "families of networks, unet and classifier3d.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an existing bundle at --output.")
    ] = False,
    segmentation_arch: _Architectures = None,
    segmentation_options: _Options = None,
    nodule_arch: _Architectures = None,
    nodule_options: _Options = None,
    malignancy_arch: _Architectures = None,
    malignancy_options: _Options = None,
    key_map: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help="JSON file that renames the checkpoints' tensors, as an object of old names and "
            'new names. Names that end with a dot are prefixes: {"encoder.": "unet.down_path."}. '
            "null leaves tensors out. If several stages are exported, the file has one such object "
            "for each stage.",
            show_default=False,
            rich_help_panel=_OTHERS,
        ),
    ] = None,
    state_key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[STAGE=]KEY",
            help="Where in the checkpoints the weights are, as keys joined by dots: ema.module. "
            "Without it, the only weights of a file are taken, or those that are not an average. "
            "Give it once for all stages, or once for each: nodule=model_ema.",
            show_default=False,
            rich_help_panel=_OTHERS,
        ),
    ] = None,
    json_output: JsonOutput = None,
    no_progress: NoProgress = False,
) -> None:
    """Export trained checkpoints to a bundle, and compare the bundle with them.

    A bundle may have any of the three stages. Without a checkpoint, the default models are
    exported, which are for demonstration only. The bundle is written only if the outputs of all
    its networks agree with the checkpoints within the tolerance.

    Example: [b]lungrt export --segmentation seg.state --nodule cls.state --output bundle[/b]
    """
    given = {
        "segmentation": (segmentation, segmentation_arch, segmentation_options),
        "nodule": (nodule, nodule_arch, nodule_options),
        "malignancy": (malignancy, malignancy_arch, malignancy_options),
    }
    for stage, (checkpoints, arch, options) in given.items():
        if (arch or options) and not checkpoints:
            raise InvalidArgument(
                f"--{stage}-arch and --{stage}-options need a checkpoint; give one with --{stage}"
            )
    defaults = not any(checkpoints for checkpoints, _, _ in given.values())
    if defaults:
        given = {stage: ([path], None, None) for stage, path in default_checkpoints().items()}
    stages = {stage: values for stage, values in given.items() if values[0]}
    key_maps = _read_key_maps(key_map, list(stages))
    state_keys = _read_state_keys(state_key or (), list(stages))
    with contextlib.ExitStack() as stack:
        write = json_output and stack.enter_context(output_file(json_output, (".json",)))
        require_packages("exporting", ("torch", "safetensors"), "torch,onnx")
        from lungrt.export import export_bundle

        networks = {
            stage: _load(
                stage,
                checkpoints or [],
                arch,
                options,
                key_map=key_maps.get(stage),
                state_key=state_keys.get(stage),
            )
            for stage, (checkpoints, arch, options) in stages.items()
        }
        with progress_bars(not no_progress) as progress:
            result = export_bundle(
                networks,
                output,
                formats=None if formats is None else [n.strip() for n in formats.split(",")],
                force=force,
                progress=progress,
            )
        if write:
            write(json_text([row.to_json() for row in result.rows]))
    _print_taken(stdout(), networks)
    _print(stdout(), result)
    if defaults:
        stdout().print(f"note: {DEFAULTS_NOTE}", soft_wrap=True, style="yellow")


def _read_state_keys(given: Sequence[str], stages: Sequence[str]) -> dict[str, str]:
    """Return where the weights are in the checkpoints of each stage."""
    keys: dict[str, str] = {}
    for text in given:
        stage, equals, key = text.partition("=")
        named = [stage] if equals else stages
        if equals and stage not in stages:
            raise InvalidArgument(
                f"--state-key {text}: expected KEY, or STAGE=KEY with one of the exported stages "
                f"{list(stages)}"
            )
        if repeated := [name for name in named if name in keys]:
            raise InvalidArgument(f"--state-key: given more than once for {', '.join(repeated)}")
        keys.update(dict.fromkeys(named, key if equals else text))
    return keys


def _read_key_maps(path: Path | None, stages: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """Return the old and new names of tensors by stage; None leaves tensors out."""
    if path is None:
        return {}
    content = _read_json(path)
    if content and all(isinstance(value, dict) for value in content.values()):
        by_stage = content
    elif len(stages) == 1:
        by_stage = {stages[0]: content}
    else:
        raise InvalidArgument(
            f"{path}: several stages are exported, so the file must have one object of names for "
            f'each stage to rename: {{"{stages[0]}": {{"old": "new"}}}}'
        )
    if unknown := sorted(set(by_stage) - set(stages)):
        raise InvalidArgument(
            f"{path}: renames tensors of {unknown}, but the exported stages are {list(stages)}"
        )
    for stage, names in by_stage.items():
        if wrong := [old for old, new in names.items() if not isinstance(new, str | None)]:
            raise InvalidArgument(
                f"{path}: the new names of {wrong} in {stage} must be strings, or null to leave "
                "tensors out"
            )
    return by_stage


def _load(
    stage: str,
    checkpoints: Sequence[Path],
    arch: Sequence[str] | None,
    options: Sequence[str] | None,
    *,
    key_map: Mapping[str, str | None] | None,
    state_key: str | None,
) -> list[LoadedNetwork]:
    from lungrt.models import load_checkpoint, load_network

    count = len(checkpoints)
    return [
        load_network(
            stage,
            load_checkpoint(checkpoint, key_map=key_map, state_key=state_key),
            arch=name,
            options=_read(text),
        )
        for checkpoint, name, text in zip(
            checkpoints,
            _one_each(arch, count, f"--{stage}-arch"),
            _one_each(options, count, f"--{stage}-options"),
            strict=True,
        )
    ]


def _one_each(values: Sequence[str] | None, count: int, option: str) -> Sequence[str | None]:
    if not values:
        return [None] * count
    if len(values) not in (1, count):
        raise InvalidArgument(
            f"{option}: given {len(values)} times for {count} checkpoints; give it once for all "
            "checkpoints or once for each"
        )
    return [values[0]] * count if len(values) == 1 else values


def _read(options: str | None) -> dict[str, Any] | None:
    if options is None:
        return None
    if options.lstrip().startswith("{"):
        return _parse(options, f"options {options}")
    return _read_json(Path(options))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Io(f"{path}: cannot read the file ({error}); expected a JSON object") from error
    return _parse(text, str(path))


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InvalidArgument(f"{where}: not valid JSON ({error})") from error
    if not isinstance(content, dict):
        raise InvalidArgument(f"{where}: expected a JSON object, found {text[:80]}")
    return content


def _print_taken(console: Console, networks: Mapping[str, Sequence[LoadedNetwork]]) -> None:
    """Print what was taken from each checkpoint."""
    for stage, members in networks.items():
        for network in members:
            console.print(f"{stage}: {network.checkpoint.path}", soft_wrap=True)
            for note in network.notes:
                console.print("  " + note.replace("\n", "\n  "), soft_wrap=True)


def _print(console: Console, result: ExportResult) -> None:
    from lungrt.export.parity_table import parity_table

    console.print(parity_table(result.rows))
    for reason in result.left_out:
        console.print(reason, soft_wrap=True)
    console.print(f"written to {result.bundle}", soft_wrap=True)
    for file in result.manifest.files:
        console.print(f"  {file.file}  {file.bytes / 1e6:.1f} MB", soft_wrap=True)
