"""Help texts of all commands: complete, in sentences, with an example, and understandable alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from lungrt.cli.app import app

MARKUP = re.compile(r"\[/?b\]")
# A single sentence that only points elsewhere, such as "As for lungrt diagnose." or "Likewise."
REFERENCE = re.compile(
    r"(as|like|likewise|ditto|(the )?same as|see( also)?)\b[^.]*\.", re.IGNORECASE
)
# A sentence without a subject, such as "Of the resamplings."
FRAGMENT = re.compile(r"of\b", re.IGNORECASE)


def commands(group: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield each group and command below a group, with its full name."""
    yield name, group
    for child, command in getattr(group, "commands", {}).items():
        yield from commands(command, f"{name} {child}")


def help_texts(group: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield the help of each command, group, argument and option, without markup."""
    for full_name, command in commands(group, name):
        yield full_name, plain(command.help)
        context = command.make_context(full_name, [], resilient_parsing=True)
        for parameter in command.get_params(context):
            yield f"{full_name} {parameter.opts[0]}", plain(getattr(parameter, "help", ""))


def plain(text: str | None) -> str:
    return " ".join(MARKUP.sub("", text or "").split())


def description(text: str) -> str:
    """Return a command's help up to its examples."""
    return text.partition("Example: ")[0].strip()


def problems(group: Any, name: str) -> list[str]:
    """Return everything that is wrong with the help below a group, as "command: problem"."""
    found = []
    for full_name, text in help_texts(group, name):
        text = description(text)
        if not text:
            found.append(f"{full_name}: has no help")
        elif REFERENCE.fullmatch(text):
            found.append(f"{full_name}: only refers to another text: {text}")
        elif FRAGMENT.match(text):
            found.append(f"{full_name}: does not say what it is: {text}")
        elif not text.endswith(".") or text.endswith(".."):
            found.append(f"{full_name}: does not end with a full stop: {text}")
        elif len(text.split()) < 3:
            found.append(f"{full_name}: has fewer than three words: {text}")
    for full_name, command in commands(group, name):
        is_group = hasattr(command, "commands")
        if not is_group and f"Example: {full_name} " not in plain(command.help) + " ":
            found.append(f"{full_name}: has no example")
    return found


def test_every_help_text_stands_alone() -> None:
    assert problems(typer.main.get_command(app), "lungrt") == []


def test_the_walk_sees_every_command() -> None:
    seen = dict(help_texts(typer.main.get_command(app), "lungrt"))
    assert len(seen) > 150
    for name in ("lungrt", "lungrt train", "lungrt train nodule", "lungrt bench --rounds"):
        assert seen[name]


def command(help_text: str | None = "Does a thing. Example: x dance now", option: str = "") -> Any:
    """Return a command line "x dance" with this help, whose option has another."""
    application = typer.Typer(help="Made for this test.")
    application.callback()(lambda: None)

    tempo_option = typer.Option(120, help=option or "Beats per minute.")

    @application.command("dance", help=help_text)
    def dance(tempo: int = tempo_option) -> None:
        pass

    return typer.main.get_command(application)


def test_a_good_help_text() -> None:
    assert problems(command(), "x") == []


@pytest.mark.parametrize(
    ("help_text", "option", "problem"),
    [
        (None, "", "x dance: has no help"),
        ("Does a thing.", "", "x dance: has no example"),
        ("Does a thing. Example: x sing", "", "x dance: has no example"),
        ("Does a thing Example: x dance now", "", "x dance: does not end with a full stop"),
        ("Dances. Example: x dance now", "", "x dance: has fewer than three words"),
        ("Does a thing. Example: x dance now", " ", "x dance --tempo: has no help"),
        ("Does a thing. Example: x dance now", "0.", "x dance --tempo: has fewer than three"),
        ("Does a thing. Example: x dance now", "Beats per minute", "does not end with a full"),
        ("Does a thing. Example: x dance now", "Likewise.", "x dance --tempo: only refers"),
        (
            "Does a thing. Example: x dance now",
            "As for [b]lungrt sing[/b].",
            "x dance --tempo: only refers",
        ),
        ("Does a thing. Example: x dance now", "Of the resamplings.", "does not say what it is"),
        ("Does a thing. Example: x dance now", "See lungrt sing --help.", "only refers"),
        ("Does a thing. Example: x dance now", "The same as --speed.", "only refers"),
    ],
)
def test_each_problem_is_found(help_text: str | None, option: str, problem: str) -> None:
    found = problems(command(help_text, option), "x")
    assert any(problem in one for one in found), found
