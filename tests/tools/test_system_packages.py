"""The script that installs system packages: what it asks for, and what it says without apt-get."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "system_packages.sh"
PRESENT = "#!/bin/sh\nexit 0\n"
ABSENT = "#!/bin/sh\nexit 1\n"


class Machine:
    """Machine that has the given programs and no others."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "bin"
        self.programs.mkdir()
        for name in ("bash", "env", "id"):
            (self.programs / name).symlink_to(str(shutil.which(name)))
        self.add("python3", PRESENT)
        self.log = folder / "apt.log"

    def add(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(script)
        path.chmod(0o755)

    def add_apt(self) -> None:
        # sudo of a user who is not root runs the same program.
        self.add("apt-get", f'#!/bin/sh\necho "$@" >> "{self.log}"\n')
        self.add("sudo", '#!/bin/sh\nexec "$@"\n')

    def run(self, *groups: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.programs / "bash", SCRIPT, *groups],
            env={"PATH": str(self.programs)},
            capture_output=True,
            text=True,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_what_is_installed_is_left_alone(machine: Machine) -> None:
    machine.add("c++", PRESENT)
    machine.add_apt()
    done = machine.run("core")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not machine.log.exists()


def test_what_is_missing_is_installed_and_named(machine: Machine) -> None:
    machine.add("c++", ABSENT)
    machine.add("python3", ABSENT)
    machine.add_apt()
    done = machine.run("core", "docs")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "Installing a C++20 compiler, zlib, Python's venv, Python's headers, Doxygen\n"
    )
    update, install = machine.log.read_text().splitlines()
    assert update == "update -qq"
    packages = "g++ make zlib1g-dev python3-venv python3-dev doxygen"
    assert install == f"install -y -qq --no-install-recommends {packages}"


def test_without_apt_it_says_what_to_install(machine: Machine) -> None:
    machine.add("c++", ABSENT)
    done = machine.run("core")
    assert done.returncode == 1
    assert "Not found: a C++20 compiler, zlib." in done.stderr
    assert "Debian's packages: g++ make zlib1g-dev" in done.stderr


def test_without_apt_nothing_optional_is_demanded(machine: Machine) -> None:
    machine.add("c++", PRESENT)
    machine.add("pkg-config", PRESENT)
    assert machine.run("tests").returncode == 0  # LuaJIT is not there
    (machine.programs / "pkg-config").unlink()
    done = machine.run("tests")
    assert done.returncode == 1
    assert "pkg-config" in done.stderr
    assert "LuaJIT" not in done.stderr


def test_an_unknown_group_is_refused(machine: Machine) -> None:
    done = machine.run("everything")
    assert done.returncode == 2
    assert "unknown group 'everything', expected core, tests, viewer, docs or fuzz" in done.stderr


def test_a_failing_installation_is_an_error(machine: Machine) -> None:
    machine.add("c++", ABSENT)
    machine.add_apt()
    machine.add("apt-get", ABSENT)
    assert machine.run("core").returncode != 0
