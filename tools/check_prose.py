"""Check that prose has at most 100 characters a line.

    python tools/check_prose.py [FILE...]

Prose is the text of Markdown and reStructuredText files, and the comments and docstrings of
sources; the formatters take care of the code itself. Without arguments every file that git tracks
is checked. Each line that is too long is reported as `FILE:LINE: N characters`, and the exit code
is then 1.

Lines that cannot be wrapped or that a program wrote are exempt: tables, a link, URL or HTML tag on
a line of its own, code blocks that show output, comments for type checkers and linters, blocks
between `<!-- NAME:begin -->` and `<!-- NAME:end -->`, and licences.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

LIMIT = 100

Lines = Iterator[tuple[int, str]]  # number (from 1) and text of each line that holds prose

TABLE = re.compile(r"\s*(>\s*)*\|")
GRID = re.compile(r"\s*[|+]")
FENCE = re.compile(r"\s*(>\s*)*(?P<marks>`{3,}|~{3,})\s*(?P<language>[^\s`]*)")
OUTPUT = ("", "text", "console")
PRAGMA = re.compile(r"#\s*(type:\s*ignore|noqa)")  # belongs to the code it stands behind
GENERATED = re.compile(r"\s*<!-- (?P<name>[\w-]+):(?P<place>begin|end) -->")

# What may precede the text: indentation and the marks of comments, quotations, lists, headings.
PREFIX = re.compile(r"\s*(?:(?://[/!]?<?|#+:?|\*+|/\*+!?|>+|[-+*]|\d+\.)\s+)*")
UNBREAKABLE = re.compile(
    r"""(?: \S+                       # a URL, a path, or any other single word
          | <[^<>]+>                  # a tag
          | !?\[[^\]]*\]\([^\s)]+\)   # a link or image
          | \[[^\]]+\]:\s+\S+         # where a link leads
          | \.\.\ _[^:]+:\s+\S+       # the same in reStructuredText
        )[.,;:]?\s*(?:\*/|-->)?\s*""",
    re.VERBOSE,
)

# Strings are matched first, so that "//" or "#" inside one does not start a comment.
C_TOKEN = re.compile(
    r"""R"(?P<raw>[^()\\\s]{0,16})\(.*?\)(?P=raw)"
      | "(?:\\.|[^"\\\n])*"
      | (?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])*'
      | (?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)""",
    re.DOTALL | re.VERBOSE,
)
HASH_TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|(?<!\S)(?P<comment>\#[^\n]*)')


def markdown_lines(text: str) -> Lines:
    """Lines of a Markdown file without tables, shown output and generated blocks."""
    fence, language, generated, is_command = "", "", "", False
    for number, line in enumerate(text.splitlines(), 1):
        if not fence and (marker := GENERATED.match(line)):
            generated = marker["name"] if marker["place"] == "begin" else ""
        elif found := FENCE.match(line):
            if not fence:
                fence, language = found["marks"], found["language"]
            elif found["marks"].startswith(fence) and not found["language"]:
                fence = ""
        elif fence:
            if language == "console":  # commands are typed by hand, what follows is output
                is_command = line.lstrip().startswith("$") or is_command
            if not generated and (language not in OUTPUT or is_command):
                yield number, line
            is_command = is_command and line.endswith("\\")
        elif not generated and not TABLE.match(line):
            yield number, line
    if generated:
        raise ValueError(f"expected <!-- {generated}:end --> after <!-- {generated}:begin -->")


def rst_lines(text: str) -> Lines:
    """Lines of a reStructuredText file without tables."""
    return (
        (number, line) for number, line in enumerate(text.splitlines(), 1) if not GRID.match(line)
    )


def python_lines(text: str) -> Lines:
    """Lines of comments and docstrings."""
    numbers = set()
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            docstring = node.body[0]
            numbers.update(range(docstring.lineno, (docstring.end_lineno or 0) + 1))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and not PRAGMA.match(token.string):
            numbers.add(token.start[0])
    return _numbered(text, numbers)


def c_lines(text: str) -> Lines:
    """Lines of comments in C, C++ and CUDA."""
    return _numbered(text, _comments(C_TOKEN, text))


def hash_lines(text: str) -> Lines:
    """Lines of comments in CMake, make, shell, YAML and TOML."""
    return _numbered(text, _comments(HASH_TOKEN, text))


KINDS: dict[str, Callable[[str], Lines]] = {
    **dict.fromkeys((".md",), markdown_lines),
    **dict.fromkeys((".rst",), rst_lines),
    **dict.fromkeys((".py",), python_lines),  # a .pyi is generated
    **dict.fromkeys((".c", ".h", ".cc", ".cpp", ".hpp", ".cu", ".cuh"), c_lines),
    **dict.fromkeys((".cmake", ".mk", ".sh", ".yml", ".yaml", ".toml"), hash_lines),
    **dict.fromkeys(("CMakeLists.txt", "Makefile"), hash_lines),
}


def too_long(path: Path) -> Iterator[tuple[int, int]]:
    """Return number and length of each line of prose that is too long.

    Raises
    ------
    OSError
        The file cannot be read.
    ValueError
        The file is not UTF-8, or a generated block has no end.
    SyntaxError
        A Python file cannot be parsed.
    """
    if not path.is_file():
        raise FileNotFoundError("no such file")
    if "licenses" in path.parts or path.name.startswith(("LICENSE", "COPYING")):
        return
    name = path.name.removesuffix(".in")  # a template is what it will be
    lines_of = KINDS.get(name) or KINDS.get(Path(name).suffix)
    if lines_of is None:
        return
    for number, line in lines_of(path.read_text(encoding="utf-8")):
        if len(line) > LIMIT and not UNBREAKABLE.fullmatch(line, PREFIX.match(line).end()):
            yield number, len(line)


def _comments(token: re.Pattern[str], text: str) -> Iterator[int]:
    for match in token.finditer(text):
        if match["comment"] is not None:
            first = text.count("\n", 0, match.start()) + 1
            yield from range(first, first + match["comment"].count("\n") + 1)


def _numbered(text: str, numbers: Iterable[int]) -> Lines:
    lines = text.splitlines()
    return ((number, lines[number - 1]) for number in sorted(set(numbers)))


def main(arguments: list[str]) -> int:
    """Check the files named, or all that git tracks; return the exit code."""
    if not arguments:
        listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, check=True)
        tracked = listed.stdout.decode().split("\0")[:-1]
        arguments = [name for name in tracked if Path(name).is_file()]  # not those just deleted
    found = 0
    for name in arguments:
        try:
            for number, length in too_long(Path(name)):
                print(f"{name}:{number}: {length} characters")
                found += 1
        except (OSError, ValueError, SyntaxError) as error:
            print(f"{name}: {error}")
            found += 1
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
