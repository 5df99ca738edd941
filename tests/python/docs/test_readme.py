"""README: its length, its programs, its commands, its links, and its figures."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import typer

import lungrt
from lungrt import _core
from lungrt.cli.app import app
from lungrt.phantom import NodulePlan, Phantom, chest

ROOT = Path(__file__).parents[3]
README = ROOT / "README.md"
WORD_LIMIT = 900

# Rows of README's table of speed, and what `make bench` calls them in docs/speed.md.
SPEED_ROWS = {
    "eager PyTorch + SciPy, as the book runs it": (
        "eager PyTorch + SciPy, as the book runs it (NCHW, batch 4)"
    ),
    "eager PyTorch + SciPy, tuned": (
        "eager PyTorch + SciPy, tuned (channels-last, batch 8, memory kept)"
    ),
    "lungrt, TorchScript engine": "lungrt, TorchScript engine",
    "lungrt, native engine": "lungrt, native engine",
    "lungrt, native engine, within the lungs only": "lungrt, native engine (profile lung)",
}


@pytest.fixture(scope="module")
def readme() -> str:
    return README.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def scan() -> Phantom:
    """Return a chest with nodules that the default models find."""
    return chest(seed=7, shape=(48, 256, 256), nodules=(NodulePlan(18), NodulePlan(16)))


def program(readme: str, language: str, substitutions: Mapping[str, str]) -> str:
    """Return the one program in a language, with texts that occur once replaced by others."""
    (code,) = re.findall(rf"^```{language}\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    for text, other in substitutions.items():
        assert code.count(text) == 1, f"README's {language} program has not exactly one {text}"
        code = code.replace(text, other)
    return str(code)


def printed(report: lungrt.Report) -> list[str]:
    """Return the lines that README's programs print of a report."""
    return [
        f"({x:.1f}, {y:.1f}, {z:.1f}) {nodule.diameter_mm:.0f} mm, p = {nodule.p_nodule:.3f}"
        for nodule in report.nodules
        for x, y, z in [nodule.center_mm]
    ]


def test_at_most_900_words(readme: str) -> None:
    assert len(readme.split()) <= WORD_LIMIT


def test_says_that_it_is_no_medical_device(readme: str) -> None:
    assert "A research tool, not a medical device." in readme


def test_python_program(readme: str, scan: Phantom, tmp_path: Path) -> None:
    import SimpleITK

    image = SimpleITK.GetImageFromArray(scan.hu)
    image.SetOrigin(scan.geometry.origin_mm)
    image.SetSpacing(scan.geometry.spacing_mm)
    image.SetDirection([value for row in scan.geometry.direction for value in row])
    SimpleITK.WriteImage(image, str(tmp_path / "ct.nii.gz"))
    code = program(readme, "python", {"path/to/ct": str(tmp_path / "ct.nii.gz")})
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pipeline = lungrt.Pipeline(lungrt.default_bundle(), profile="lung")
    expected = printed(pipeline.run(tmp_path / "ct.nii.gz"))
    assert len(expected) > 0
    assert done.stdout.splitlines() == expected


def compiled(code: str, folder: Path) -> Path:
    """Compile a program against the public headers and the library that Python has loaded."""
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        pytest.skip("needs a C++ compiler")
    (library,) = Path(_core.__file__).parent.glob("liblungrt.so*")
    source, result = folder / "program.cpp", folder / "program"
    source.write_text(code, encoding="utf-8")
    subprocess.run(
        [
            compiler, "-std=c++17", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'cpp/include'}",
            source, library, f"-Wl,-rpath,{library.parent}", "-o", result,
        ],
        check=True,
    )  # fmt: skip
    return result


def braces(values: Sequence[float]) -> str:
    return f"{{{', '.join(map(str, values))}}}"


def test_cpp_program(readme: str, scan: Phantom, tmp_path: Path) -> None:
    scan.hu.tofile(tmp_path / "ct.raw")
    geometry = scan.geometry
    filled = "// fill it with your CT's Hounsfield units"
    code = program(
        readme,
        "cpp",
        {
            "path/to/bundle": str(lungrt.default_bundle()),
            "{133, 512, 512}": braces(scan.hu.shape),
            "{0, 0, 0}": braces(geometry.origin_mm),
            "{0.7, 0.7, 2.5}": braces(geometry.spacing_mm),
            "#include <cstdio>": "#include <cstdio>\n#include <fstream>",
            filled: f'std::ifstream("{tmp_path}/ct.raw", std::ios::binary)\n'
            ".read(reinterpret_cast<char*>(hu.data()), std::streamsize(hu.size() * 2));",
        },
    )
    assert [list(row) for row in geometry.direction] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    done = subprocess.run([compiled(code, tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = printed(lungrt.Pipeline(lungrt.default_bundle()).run(scan.volume))
    assert len(expected) > 0
    assert done.stdout.splitlines() == expected


def test_cpp_program_reports_an_error(readme: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [compiled(program(readme, "cpp", {}), tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "path/to/bundle" in done.stderr


def code_lines(text: str) -> Iterator[str]:
    """Lines of shell blocks, and inline code."""
    for block in re.findall(r"^```(?:sh|console)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield from block.splitlines()
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.M))


def unknown_commands(text: str) -> list[str]:
    """Return make targets, variables, commands and options that do not exist."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    options = {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in commands.items()
    }
    every_option = set().union(*options.values(), {"--help", "--version"})
    found = []
    for line in code_lines(text):
        words = line.partition("  #")[0].split()
        if words[:1] == ["make"]:
            for word in words[1:]:
                name, equals, _ = word.partition("=")
                pattern = rf"^{name}\s*\?=" if equals else rf"^{name}:"
                if not re.search(pattern, makefile, re.MULTILINE):
                    found.append(f"make {word}")
        elif words[:1] == ["lungrt"] and len(words) > 1 and not words[1].startswith("-"):
            known = options.get(words[1], set())
            if words[1] not in options:
                found.append(f"lungrt {words[1]}")
            elif hasattr(commands[words[1]], "commands"):
                known = every_option  # a group: its commands have the options
            found += [word for word in words if word.startswith("--") and word not in known]
        else:
            found += [
                word for word in words if re.match(r"--[a-z]", word) and word not in every_option
            ]
    return found


def test_commands_exist(readme: str) -> None:
    lines = list(code_lines(readme))
    assert any(line.startswith("make demo") for line in lines)
    assert any(line.startswith("lungrt ") for line in lines)
    assert unknown_commands(readme) == []


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("```sh\nmake demos  # no such target\nmake demo\n```\n", ["make demos"]),
        ("`make demo SCAN=a CT=b`", ["make SCAN=a"]),
        ("`lungrt diagnosis CT`", ["lungrt diagnosis"]),
        ("`lungrt diagnose CT --speed 3 --profile lung`", ["--speed"]),
        ("`--profil lung` and `--region volume`", ["--profil"]),
    ],
)
def test_unknown_command_is_found(text: str, unknown: list[str]) -> None:
    assert unknown_commands(text) == unknown


def missing_files(text: str, folder: Path) -> list[str]:
    """Return relative links that lead to no file."""
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    return [link for link in links if "://" not in link and not (folder / link).is_file()]


def test_links_lead_to_files(readme: str) -> None:
    assert missing_files(readme, ROOT) == []


def test_missing_file_is_found() -> None:
    assert missing_files("[a](README.md) ![b](docs/none.png)", ROOT) == ["docs/none.png"]


def table(text: str, heading: str) -> dict[str, dict[str, str]]:
    """Rows of the first Markdown table that has a column, by the text of their first cell."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if heading in line.split(" | "))
    names = [name.strip() for name in lines[start].strip("|").split("|")]
    rows = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        rows[cells[0]] = dict(zip(names[1:], cells[1:], strict=True))
    return rows


def differing_rows(readme: str, speed: str) -> list[str]:
    """Return rows of README's table of speed that are not those of the measurement."""
    measured = table(speed, "peak memory")
    found = []
    for title, row in table(readme, "peak memory").items():
        source = measured[SPEED_ROWS[title]]
        total = re.sub(r" \(.*", "", source["total (min - max)"])
        ratios = [source[f"speed-up over {what}"].rstrip("x") for what in ("book", "tuned")]
        if list(row.values()) != [total, source["peak memory"], *ratios]:
            found.append(title)
    return found


def test_figures_of_speed_are_those_of_the_measurement(readme: str) -> None:
    speed = (ROOT / "docs/speed.md").read_text(encoding="utf-8")
    assert set(table(readme, "peak memory")) == set(SPEED_ROWS)
    assert differing_rows(readme, speed) == []
    for ratio, other in (("| 12.0 |", "| 12.1 |"), ("| 4.0 |", "| 4.1 |")):
        assert differing_rows(readme.replace(ratio, other), speed) == ["lungrt, native engine"]


def test_figures_of_parity_are_those_of_their_page(readme: str) -> None:
    (section,) = re.findall(r"^## Parity\n(.*?)^## ", readme, re.DOTALL | re.MULTILINE)
    figures = re.findall(r"\d[\d,.e-]*\d", section)
    assert len(figures) == 3
    parity = (ROOT / "docs/parity.md").read_text(encoding="utf-8")
    assert [figure for figure in figures if figure not in parity] == []
