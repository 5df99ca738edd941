"""What is read in one place only (DESIGN.md, "One home for each fact")."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lungrt.data.luna16_format import RATED_COLUMNS

ROOT = Path(__file__).parents[2]
DATA = "data"

# The one reader of CSV, and what writes the coordinates of a report under LUNA16's names.
CSV_READER = "data/csv_file.py"
LUNA16_WRITERS = ("report.py", "comparison/document.py")
LUNA16_COLUMNS = frozenset(RATED_COLUMNS) - {"diameter_mm"}  # which reports have, too

# The only files that parse a bundle's manifest or a record of compiled code.
READERS = ("cpp/src/core/bundle/manifest.cpp", "cpp/src/core/bundle/compiled_record.cpp")
READ_FILES = ("manifest.json", "model.json")
JSON_READERS = ("load", "loads", "JSONDecoder")
CPP_COMMENT = re.compile(r"//[^\n]*")
CPP_NAMES = re.compile(r'"(manifest|model)\.json"|kManifest|kCompiledRecord')
CPP_PARSER = re.compile(r"\b(JsonDocument|[Jj]son::parse)\b")
# Fields of the manifest, under whatever name a file was opened.
CPP_FIELDS = re.compile(r"\"(hu_window|context_slices|size_multiple)\"\s*[\])]")


def sources(folder: Path, *patterns: str) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(folder.rglob(pattern))


def reader_violations(root: Path) -> list[str]:
    """Each file that reads a manifest or a record by itself, as "file: why".

    DESIGN.md, "One home for each fact": only the core parses them, in core/bundle. A file is
    suspected if it names such a file and uses a parser of JSON, whatever it parses with it.
    """
    found = []
    for folder in ("python/lungrt", "export"):
        for path in sources(root / folder, "*.py"):
            if why := why_reads_json(ast.parse(path.read_text(encoding="utf-8"))):
                found.append(f"{path.relative_to(root)}: {why}")
    for folder in ("cpp/include", "cpp/src", "cpp/cli", "python/bindings"):
        for path in sources(root / folder, "*.h", "*.cpp"):
            if path.relative_to(root).as_posix() in READERS:
                continue
            code = CPP_COMMENT.sub("", path.read_text(encoding="utf-8"))
            parses = CPP_PARSER.search(code)
            if CPP_FIELDS.search(code):
                found.append(f"{path.relative_to(root)}: only core/bundle parses a manifest")
            elif parses and CPP_NAMES.search(code):
                found.append(f"{path.relative_to(root)}: {parses[0]} beside the name of the file")
    return found


def why_reads_json(tree: ast.Module) -> str | None:
    """Return why a Python file is suspected of reading manifests, None if it is not."""
    names, parsers = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            names |= {name for name in READ_FILES if node.value.endswith(name)}
        elif isinstance(node, ast.Name) and node.id in ("MANIFEST", "RECORD"):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "json" and node.attr in JSON_READERS:
                parsers.add(f"json.{node.attr}")
        elif isinstance(node, ast.ImportFrom) and node.module == "json":
            parsers |= {f"json.{a.name}" for a in node.names if a.name in JSON_READERS}
    if names and parsers:
        return f"{min(parsers)} beside {min(names)}; the core reads it"
    return None


def table_violations(root: Path) -> list[str]:
    """Each sign of a second reader of LUNA16's tables, as "file: name: why"."""
    found = []
    for path in sources(root / "python/lungrt", "*.py"):
        inside = path.relative_to(root / "python/lungrt")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name, why = reader_sign(inside, node)
            if why:
                found.append(f"{path.relative_to(root)}: {name}: {why}")
    return found


def reader_sign(inside: Path, node: ast.AST) -> tuple[str, str | None]:
    """Name that a node uses, and why it must not be used there, if it must not."""
    if inside.as_posix() != CSV_READER:
        names = []
        if isinstance(node, ast.ImportFrom) and node.module == "csv":
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "csv":
            names = [node.attr]
        for name in names:
            if name in ("reader", "DictReader"):
                return name, f"only {CSV_READER} reads CSV files"
    known = inside.parts[0] == DATA or inside.as_posix() in LUNA16_WRITERS
    if not known and isinstance(node, ast.Constant) and node.value in LUNA16_COLUMNS:
        return str(node.value), f"only {DATA} knows LUNA16's columns"
    return "", None


def test_only_the_core_reads_manifests() -> None:
    assert reader_violations(ROOT) == []


@pytest.mark.parametrize(
    ("file", "content", "why"),
    [
        ("export/a.py", 'import json\njson.loads((b / "manifest.json").read_text())', "json.loads"),
        ("export/a.py", 'from json import load\nload(open(f"{b}/manifest.json"))', "json.load"),
        ("export/a.py", "import json\njson.loads((b / MANIFEST).read_text())", "MANIFEST"),
        ("python/lungrt/a.py", 'import json\nx = json.JSONDecoder()\n"model.json"', "model.json"),
        ("cpp/src/a.cpp", 'JsonDocument d(read("manifest.json"));', "JsonDocument beside"),
        ("cpp/cli/a.cpp", "Json::parse(read(kManifest));", "Json::parse beside"),
        ("cpp/src/core/a.cpp", 'json::parse(read(folder / "model.json"));', "json::parse beside"),
        ("cpp/src/stages/a.cpp", 'document.at("hu_window");', "only core/bundle parses"),
        ("python/bindings/a.cpp", 'value["context_slices"]', "only core/bundle parses"),
    ],
)
def test_a_second_reader_is_found(tmp_path: Path, file: str, content: str, why: str) -> None:
    planted = tmp_path / file
    planted.parent.mkdir(parents=True)
    planted.write_text(content + "\n")
    (violation,) = reader_violations(tmp_path)
    assert violation.startswith(f"{file}: ")
    assert why in violation


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("export/a.py", 'import json\nwrite("manifest.json", json.dumps({}))'),
        ("python/lungrt/a.py", "import json\njson.loads(report.read_text())"),
        ("cpp/src/core/bundle/manifest.cpp", 'JsonDocument d(text); d.at("hu_window");'),
        ("cpp/cli/a.cpp", "Json::parse(read_manifest(folder));  // of manifest.json"),
        ("cpp/src/a.cpp", 'throw Error("manifest.json is missing");'),
    ],
)
def test_no_reader_is_not_found(tmp_path: Path, file: str, content: str) -> None:
    planted = tmp_path / file
    planted.parent.mkdir(parents=True)
    planted.write_text(content + "\n")
    assert reader_violations(tmp_path) == []


def test_luna16_has_one_reader() -> None:
    assert table_violations(ROOT) == []


@pytest.mark.parametrize(
    ("file", "code", "why"),
    [
        ("training/data/a.py", "import csv\nrows = csv.reader(f)", "only data/csv_file.py reads"),
        ("evaluation/a.py", "import csv\nrows = csv.DictReader(f)", "only data/csv_file.py reads"),
        ("data/a.py", "from csv import DictReader", "only data/csv_file.py reads"),
        ("training/data/a.py", "uid = row['seriesuid']", "only data knows LUNA16's columns"),
        ("phantom/a.py", "COLUMNS = ('x', 'mal_bool')", "only data knows LUNA16's columns"),
    ],
)
def test_planted_reader_is_found(tmp_path: Path, file: str, code: str, why: str) -> None:
    planted = tmp_path / "python/lungrt" / file
    planted.parent.mkdir(parents=True)
    planted.write_text(code + "\n")
    (violation,) = table_violations(tmp_path)
    assert violation.startswith(f"python/lungrt/{file}: ")
    assert why in violation


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("data/csv_file.py", "import csv\nrows = csv.reader(f)"),
        ("data/a.py", "COLUMNS = ('seriesuid', 'coordX')"),
        ("report.py", "COLUMNS = ('seriesuid', 'coordX')"),
        ("benchmark/a.py", "import csv\ncsv.writer(f)\nhelp = 'a file with seriesuid'"),
    ],
)
def test_allowed_reader_is_not_found(tmp_path: Path, file: str, code: str) -> None:
    planted = tmp_path / "python/lungrt" / file
    planted.parent.mkdir(parents=True)
    planted.write_text(code + "\n")
    assert table_violations(tmp_path) == []
