"""The stub of the compiled module says what the module has: names, parameters, properties."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import ModuleType

import pytest

from lungrt import _core

STUB = Path(__file__).parents[2] / "python" / "lungrt" / "_core.pyi"

# What Python or pybind11 adds to every class or module.
_ADDED = {"__module__", "__doc__", "__new__", "__hash__", "__repr__", "__static_attributes__"}


def stub_signature(node: ast.FunctionDef) -> str:
    """Parameters as "name", "name=" with a default, and "*" before keyword-only ones."""
    spec = node.args
    positional = [argument.arg for argument in spec.args]
    defaults = len(positional) - len(spec.defaults)
    parts = [name + "=" * (index >= defaults) for index, name in enumerate(positional)]
    if spec.kwonlyargs:
        parts.append("*")
        parts += [
            argument.arg + "=" * (default is not None)
            for argument, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True)
        ]
    return ", ".join(parts)


def bound_signature(function: object) -> str:
    """Return the same of a pybind11 function, whose docstring begins with its signature."""
    line = str(function.__doc__).splitlines()[0]
    inside = line[line.index("(") + 1 : line.rindex(")")]
    parts = []
    for parameter in split(inside, ","):
        declaration, *default = split(parameter, "=")
        parts.append(declaration.split(":")[0].strip() + "=" * len(default))
    return ", ".join(parts)


def split(text: str, separator: str) -> list[str]:
    """Split at separators that stand outside of brackets."""
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == separator and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]] if text else []


def is_described(name: str, member: object) -> bool:
    """Whether a stub should have it: not what Python and pybind11 add."""
    if name == "__init__":  # a class that only the library makes keeps Python's, which refuses
        return str(member.__doc__).startswith("__init__(")
    added = name in _ADDED or name.startswith("_pybind11")
    return not added and (isinstance(member, property) or callable(member))


def described(module: ModuleType) -> dict[str, str]:
    """Every name of the module with what it is."""
    found = {}
    for name, value in vars(module).items():
        if name == "__version__" or isinstance(value, int):
            found[name] = "value"
        elif isinstance(value, type):
            base = value.__base__
            named = base.__name__ if base is not None and base.__module__ == module.__name__ else ""
            found[name] = f"class({named})"
            for member, content in vars(value).items():
                if is_described(member, content):
                    found[f"{name}.{member}"] = (
                        "property" if isinstance(content, property) else bound_signature(content)
                    )
        elif inspect.isroutine(value):
            found[name] = bound_signature(value)
    return found


def stubbed(source: str) -> dict[str, str]:
    """Return the same of a stub; names that begin with one underscore are its own."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = "value"
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = stub_signature(node)
        elif isinstance(node, ast.ClassDef):
            found[node.name] = f"class({''.join(ast.unparse(base) for base in node.bases)})"
            for member in node.body:
                assert isinstance(member, ast.FunctionDef)
                found[f"{node.name}.{member.name}"] = (
                    "property" if member.decorator_list else stub_signature(member)
                )
    return found


def test_stub_is_the_module() -> None:
    assert stubbed(STUB.read_text(encoding="utf-8")) == described(_core)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def erode(mask: ", "def erode(masks: "),
        ("    def count(self) -> int: ...\n", ""),
        ("def tune_allocator() -> bool: ...", "def tune() -> bool: ..."),
        ("resample: bool = ...\n", "resample: bool\n"),
        ("folder: Path, codec: object, *, ", "folder: Path, codec: object, "),
        ("class Finding(Candidate):", "class Finding:"),
        ("    @property\n    def threads(self)", "    def threads(self)"),
    ],
)
def test_a_stub_that_is_wrong_is_found(old: str, new: str) -> None:
    source = STUB.read_text(encoding="utf-8")
    assert old in source
    assert stubbed(source.replace(old, new)) != described(_core)
