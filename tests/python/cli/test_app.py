"""What all commands share: help, errors, exit codes, progress, output files."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from lungrt.cli import app as application
from lungrt.cli import progress
from lungrt.cli.output import output_file, output_files
from lungrt.errors import InvalidArgument

COMMANDS = ["export", "verify", "diagnose", "compare", "evaluate", "bench", "info"]


def test_help_lists_the_commands() -> None:
    result = CliRunner().invoke(application.app, [])
    for name in COMMANDS:
        assert name in result.output
    assert "not a medical device" in result.output


@pytest.mark.parametrize("command", ["diagnose", "compare"])
def test_help_imports_no_heavy_modules(command: str) -> None:
    program = (
        "import sys\n"
        "from lungrt.cli import main\n"
        "try: main()\n"
        "finally: assert not {'torch', 'SimpleITK', 'numpy', 'lungrt._core'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, command, "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_wrong_usage_is_exit_code_2() -> None:
    assert CliRunner().invoke(application.app, ["diagnose"]).exit_code == 2
    assert CliRunner().invoke(application.app, ["dance"]).exit_code == 2


def test_a_defect_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def defect() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("lungrt.cli.info._collect", defect)
    result = CliRunner().invoke(application.app, ["info"])
    assert result.exit_code == 1
    assert isinstance(result.exception, ZeroDivisionError)


def test_interrupt_before_a_command_begins() -> None:
    program = (
        "import sys, types\n"
        "class Interrupted(types.ModuleType):\n"
        "    def __getattr__(self, name): raise KeyboardInterrupt\n"
        "sys.modules['lungrt.cli.app'] = Interrupted('lungrt.cli.app')\n"
        "from lungrt.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 130


def test_no_progress_without_a_terminal() -> None:
    with progress.progress_bars(True) as report:
        assert report is None


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(progress, "stderr", lambda: Console(file=screen, force_terminal=True))
    with progress.progress_bars(False) as report:
        assert report is None
    with progress.progress_bars(True) as report:
        assert report is not None
        for done in range(5):
            report("segment", done, 4)
        report("classify", 0, 0)
    assert "segment" in screen.getvalue()
    assert "4/4" in screen.getvalue()
    assert "classify" in screen.getvalue()


def test_an_output_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(InvalidArgument, match=r"a\.xml: unknown kind of output; expected \.json or"),
        output_file(tmp_path / "a.xml", (".json", ".csv")),
    ):
        pytest.fail("the work began")
    with output_file(tmp_path / "a.JSON", (".json",)) as write:
        write("text\n")
    assert (tmp_path / "a.JSON").read_text() == "text\n"


def test_several_output_files(tmp_path: Path) -> None:
    paths = [tmp_path / "a.json", tmp_path / "b.csv"]
    with output_files(paths, (".json", ".csv")) as writers:
        for path, write in writers:
            write(path.name)
    assert [path.read_text() for path in paths] == ["a.json", "b.csv"]
    with (
        pytest.raises(InvalidArgument, match="the same file is given twice"),
        output_files([paths[0], tmp_path / "." / "a.json"], (".json",)),
    ):
        pytest.fail("the work began")
    with (
        pytest.raises(InvalidArgument, match="unknown kind of output"),
        output_files([tmp_path / "c.json", tmp_path / "d.txt"], (".json",)),
    ):
        pytest.fail("the work began")
    assert sorted(tmp_path.iterdir()) == paths
