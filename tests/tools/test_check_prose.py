"""The check of line lengths finds long prose of each kind, and exempts what cannot be wrapped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "check_prose.py"

LONG = "word " * 20 + "word."  # 105 characters
URL = "https://example.org/" + "x" * 90


def check(folder: Path, *names: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, SCRIPT, *names], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def check_text(folder: Path, name: str, text: str) -> list[str]:
    """Write a file, check it, and return its findings; the exit code must agree with them."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    code, lines = check(folder, name)
    assert code == int(bool(lines))
    return lines


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.md", f"# Title\n\n{LONG}\n", 3),
        ("a.md", f"- {LONG}\n", 1),
        ("a.md", f"> {LONG}\n", 1),
        ("a.md", f"text and {URL}\n", 1),
        ("a.md", f"```python\ncode\n# {LONG}\n```\n", 3),
        ("a.md", f"```{{figure}} a.png\n{LONG}\n```\n", 2),
        ("a.md", f"```console\noutput\n$ {LONG}\n```\n", 3),
        ("a.md", f"```console\n$ command \\\n    {LONG}\n```\n", 3),
        ("a.md", f"```text\n{LONG}\n```\n{LONG}\n", 4),
        ("a.md", f"<!-- bench:begin -->\n{LONG}\n<!-- bench:end -->\n{LONG}\n", 4),
        ("a.md.in", f"{LONG}\n", 1),
        ("a.rst", f"{LONG}\n", 1),
        ("a.py", f"x = 1\n# {LONG}\n", 2),
        ("a.py", f'"""{LONG}"""\n', 1),
        ("a.py", f'class A:\n    """A.\n\n    {LONG}\n    """\n', 4),
        ("a.py", f'async def f():\n    """{LONG}"""\n', 2),
        ("a.cpp", f"int x;  // {LONG}\n", 1),
        ("a.cpp", f'auto x = R"a(")" //)a";\n/// {LONG}\n', 2),
        ("a.h", f"/** A.\n * {LONG}\n */\n", 2),
        ("a.cu", f"// {LONG}\n", 1),
        ("a.h.in", f"/// {LONG}\n", 1),
        ("CMakeLists.txt", f'set(x "#")\n# {LONG}\n', 2),
        ("a.cmake", f"# {LONG}\n", 1),
        ("Makefile", f"all:  ## {LONG}\n", 1),
        ("a.yml", f"key: value  # {LONG}\n", 1),
        ("a.sh", f"echo $#  # {LONG}\n", 1),
        ("a.toml", f"# {LONG}\n", 1),
    ],
)
def test_long_prose_is_found(name: str, text: str, line: int, tmp_path: Path) -> None:
    length = len(text.splitlines()[line - 1])
    assert check_text(tmp_path, name, text) == [f"{name}:{line}: {length} characters"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "x" * 50 + " " + "x" * 49 + "\n"),  # 100 characters
        ("a.md", f"| a | b |\n|---|---|\n| {LONG} | |\n  | {LONG} |\n> | {LONG} |\n"),
        ("a.md", f"{URL}\n- {URL}\n> <{URL}>\n"),
        ("a.md", f"- [a link with a text]({URL}).\n![a picture]({URL})\n[name]: {URL}\n"),
        ("a.md", f'<img src="picture.png" alt="{LONG}">\n'),
        ("a.md", f"```\n{LONG}\n```\n````text\n```\n{LONG}\n````\n"),
        ("a.md", f"```console\n$ command\n{LONG}\n```\n"),
        ("a.md", f"<!-- diagnose:begin -->\n```text\n{LONG}\n```\n{LONG}\n<!-- diagnose:end -->\n"),
        ("a.rst", f"+---+\n| {LONG} |\n+---+\n.. _name: {URL}\n"),
        ("a.py", f'x = "{LONG}"\ny = """\n# {LONG}\n"""\n# {URL}\n'),
        ("a.cpp", f'auto x = "// {LONG}";\nauto y = R"(/* {LONG} */)";\n// {URL}\n'),
        ("a.cpp", f"const char c = '\"';  // short\nconst int million = 1'000'000; f({LONG});\n"),
        ("CMakeLists.txt", f'message("# {LONG}")\n# {URL}\n'),
        ("Makefile", f"all:\n\techo '# {LONG}'\n"),
        ("LICENSE.md", f"{LONG}\n"),
        ("licenses/other.md", f"{LONG}\n"),
        ("a.json", f'{{"a": "{LONG}"}}\n'),
        ("a.py", f"value = f({'x, ' * 30})  # type: ignore[arg-type, return-value]\n"),
        ("a.py", f"value = f({'x, ' * 35})  # noqa: E501\n"),
    ],
)
def test_what_cannot_be_wrapped_is_exempt(name: str, text: str, tmp_path: Path) -> None:
    assert check_text(tmp_path, name, text) == []


def test_generated_block_without_end_is_an_error(tmp_path: Path) -> None:
    (line,) = check_text(tmp_path, "a.md", f"<!-- bench:begin -->\n{LONG}\n")
    assert line == "a.md: expected <!-- bench:end --> after <!-- bench:begin -->"


def test_python_that_cannot_be_parsed_is_an_error(tmp_path: Path) -> None:
    (line,) = check_text(tmp_path, "a.py", "def f(:\n")
    assert line.startswith("a.py: invalid syntax")


def test_without_arguments_tracked_files_are_checked(tmp_path: Path) -> None:
    for name in ("tracked.md", "deleted.md", "other.md"):
        (tmp_path / name).write_text(f"{LONG}\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "tracked.md", "deleted.md"], cwd=tmp_path, check=True)
    (tmp_path / "deleted.md").unlink()
    assert check(tmp_path) == (1, ["tracked.md:1: 105 characters"])
    (tmp_path / "tracked.md").write_text("short\n")
    assert check(tmp_path) == (0, [])


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    assert check(tmp_path, "absent.md") == (1, ["absent.md: no such file"])
