"""``lungrt info``: versions, engines, devices, and what a bundle or a CT's path holds."""

from __future__ import annotations

import json
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table

from lungrt.cli.console import stdout
from lungrt.cli.ct_content import describe_ct, is_ct, print_ct

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["info"]


def info(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH",
            help="Bundle or CT whose content to show as well: a folder written by [b]lungrt "
            "export[/b], or whatever [b]lungrt diagnose[/b] reads.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the information as JSON.")] = False,
) -> None:
    """Show versions, engines, devices, and the content of a bundle or of a CT's folder.

    For each inference engine it says on which devices and in which precisions it runs or, if it is
    not available, why not and how to install it. Of a folder of DICOM files it lists every series
    and, where a series has several parts, these; [b]--series[/b] chooses one by the name shown.

    Example: [b]lungrt info bundle[/b]
    """
    from lungrt import _core

    content = _collect()
    shows_ct = path is not None and is_ct(path)
    if path and shows_ct:
        content["ct"] = describe_ct(path)
    elif path:
        content["bundle"] = _core.read_manifest(os.fspath(path))
    if as_json:
        typer.echo(json.dumps(content, indent=2))
    else:
        _print(stdout(), content)
    if path and not shows_ct:
        _core.check_bundle(os.fspath(path))  # last, so that a damaged bundle is shown as well


def _collect() -> dict[str, Any]:
    import lungrt
    from lungrt import _core
    from lungrt.onnxruntime_packages import describe_conflict, installed_distributions

    conflict = describe_conflict(installed_distributions())
    return {
        "versions": {
            "lungrt": _core.__version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in ("numpy", "SimpleITK")},
        },
        "threads": _core.available_threads(),
        "engines": json.loads(_core.engines_json(lungrt.engines())),
        "notes": [conflict] if conflict else [],
    }


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


def _print(console: Console, content: dict[str, Any]) -> None:
    versions = ", ".join(f"{name} {version}" for name, version in content["versions"].items())
    console.print(f"{versions}\n{content['threads']} CPU threads available", soft_wrap=True)
    console.print(_engine_table(content["engines"]))
    for note in content["notes"]:
        console.print(f"note: {note}", soft_wrap=True, style="yellow")
    if "bundle" in content:
        bundle = content["bundle"]
        console.print(
            f"bundle format {bundle['format_version']}, exported {bundle['created']} with lungrt "
            f"{bundle['lungrt_version']}",
            soft_wrap=True,
        )
        console.print(_bundle_table(bundle["stages"]))

    if "ct" in content:
        print_ct(console, content["ct"])


def _engine_table(engines: list[dict[str, Any]]) -> Table:
    table = Table("engine", "available", "version", box=box.SIMPLE_HEAD)
    # Paths of libraries are longer than the column; folded, they can still be read in full.
    table.add_column("devices and precisions, or why it is not available", overflow="fold")
    for engine in engines:
        table.add_row(
            engine["name"],
            "yes" if engine["available"] else "no",
            engine["version"] or "-",
            _devices(engine) if engine["available"] else engine["reason"],
        )
    return table


def _devices(engine: dict[str, Any]) -> str:
    known = engine["precisions"]
    return "; ".join(
        f"{device}: {', '.join(known[device.partition(' ')[0]])}" for device in engine["devices"]
    )


def _bundle_table(stages: dict[str, Any]) -> Table:
    headings = ("stage", "network", "input", "classes", "threshold", "artifacts")
    table = Table(*headings, box=box.SIMPLE_HEAD)
    for name, stage in stages.items():
        for network in stage["networks"]:
            artifacts = (
                f"{format_} {file['bytes'] / 1e6:.1f} MB"
                for format_, file in network["artifacts"].items()
            )
            table.add_row(
                name,
                network["architecture"],
                " x ".join(map(str, stage["input"]["shape"])),
                ", ".join(stage["classes"]),
                str(stage["threshold"]),
                ", ".join(artifacts),
            )
    return table
