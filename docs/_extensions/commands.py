"""The directive ``lungrt-commands``: the help of every command, taken from the program itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import typer
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from lungrt.cli.app import app as program

BOLD = re.compile(r"\[/?b\]")
# Remark that typer appends to the help of a parameter, e.g. "  [default: cpu; required]".
REMARK = re.compile(r"\s*\[([^\[\]]+)\]$")


def commands(group: Any, name: str = "lungrt") -> Iterator[tuple[str, Any]]:
    """Yield each command of a group with its full name, in the order of the help."""
    for child, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{name} {child}")
        else:
            yield f"{name} {child}", command


def as_rst(text: str | None) -> str:
    """Return a help text as reStructuredText; text that Rich prints bold becomes code."""
    pieces = BOLD.split((text or "").strip())
    if len(pieces) % 2 == 0:
        raise ValueError(f"help text with [b] but without [/b]: {text}")
    plain = [re.sub(r"([*`|_\\])", r"\\\1", piece) for piece in pieces]
    plain[1::2] = [f"``{piece}``" for piece in pieces[1::2]]
    return "".join(plain)


def parameter_lines(parameter: Any, context: Any) -> list[str]:
    declaration, text = parameter.get_help_record(context)
    remark = REMARK.search(text)
    shown = as_rst(REMARK.sub("", text))
    return [f"``{declaration}``", f"   {shown}" + (f" *({remark[1]})*" if remark else ""), ""]


def command_lines(name: str, command: Any) -> list[str]:
    """Return the section of a command: description, usage, and parameters by panel of its help."""
    context = command.make_context(name, [], resilient_parsing=True)
    usage = " ".join((name, *command.collect_usage_pieces(context)))
    lines = as_rst(inspect.cleandoc(command.help)).splitlines()
    lines = ["", *lines, "", ".. code-block:: text", "", f"   {usage}", ""]
    panels: dict[str, list[Any]] = {}
    for parameter in command.params:
        if not parameter.hidden:
            panels.setdefault(parameter.rich_help_panel or "", []).append(parameter)
    for panel in sorted(panels, key=lambda title: title != ""):
        lines += [f".. rubric:: {panel}", ""] if panel else []
        for parameter in panels[panel]:
            lines += parameter_lines(parameter, context)
    return lines


class Commands(SphinxDirective):
    """Directive that inserts a section for each command."""

    def run(self) -> list[nodes.Node]:
        sections: list[nodes.Node] = []
        for name, command in commands(typer.main.get_command(program)):
            section = nodes.section(ids=[nodes.make_id(name)], names=[name], classes=["command"])
            section += nodes.title(text=name)
            lines = StringList(command_lines(name, command), source=f"{name} --help")
            self.state.nested_parse(lines, self.content_offset, section)
            sections.append(section)
        return sections


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("lungrt-commands", Commands)
    return {"parallel_read_safe": True}
