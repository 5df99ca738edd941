"""The command line application: its commands, and how it handles errors and Ctrl-C."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lungrt.cli import (
    CANCELLED,
    ERROR,
    bench,
    compare,
    diagnose,
    evaluate,
    export,
    info,
    phantom,
    train,
    verify,
)
from lungrt.cli import compile as compile_command
from lungrt.cli.console import print_error, stderr
from lungrt.errors import Error

__all__ = ["app"]


class _Commands(TyperGroup):
    """Command group that turns exceptions into a message and an exit code."""

    def invoke(self, ctx: Any) -> Any:  # the class of ctx depends on typer's version
        try:
            return super().invoke(ctx)
        except Error as error:
            print_error(str(error))
            raise typer.Exit(ERROR) from error
        except KeyboardInterrupt as error:
            stderr().print("cancelled, nothing written")
            raise typer.Exit(CANCELLED) from error


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Turn trained lung-nodule networks into a portable bundle, and find nodules in chest CTs "
    "with it.",
    epilog="Exit codes: 0 success; 1 an internal error of lungrt or, for compare, different "
    "decisions; 2 an error; 130 cancelled with Ctrl-C; 141 the reader of the output has ended.\n\n"
    "lungrt is a research tool, not a medical device.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        import lungrt

        print(f"lungrt {lungrt.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    pass


app.command("export")(export.export)
app.command("verify")(verify.verify)
app.command("compile")(compile_command.compile_networks)
app.command("diagnose")(diagnose.diagnose)
app.command("compare")(compare.compare)
app.command("evaluate")(evaluate.evaluate)
app.command("bench")(bench.bench)
app.command("phantom")(phantom.phantom)
app.add_typer(train.app, name="train")
app.command("info")(info.info)
