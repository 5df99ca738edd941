"""Arguments and options that several commands have, described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Bundle", "JsonOutput", "NoProgress", "Precision", "Series"]

Bundle = Annotated[
    Path, typer.Argument(help="Folder that [b]lungrt export[/b] wrote.", show_default=False)
]

JsonOutput = Annotated[
    Path | None,
    typer.Option(
        "--json", metavar="FILE", help="Write every comparison to FILE.json.", show_default=False
    ),
]

NoProgress = Annotated[bool, typer.Option("--no-progress", help="Show no progress bars.")]

Precision = Annotated[
    str,
    typer.Option(
        help="fp32, tf32, bf16, fp16 or int8: what the networks are computed in. "
        "[b]lungrt info[/b] lists what each engine does; [b]lungrt compare[/b] shows what changes."
    ),
]

Series = Annotated[
    str | None,
    typer.Option(
        metavar="UID", help="Series to take where the folder holds several.", show_default=False
    ),
]
