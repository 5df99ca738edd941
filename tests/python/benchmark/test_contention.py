"""Whether other programs took processor time: from the kernel's counters, and with real load."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lungrt.benchmark import contention
from lungrt.benchmark.contention import (
    LARGEST_SHARE,
    Contention,
    Reading,
    contention_between,
    read_counters,
    sample_contention,
)
from lungrt.cli.app import app

IDLE = Reading(100.0, 50.0, 1.0, 40.0, 0.0, 2)
TICKS = os.sysconf("SC_CLK_TCK")


def after(*, busy: float = 15.0, stolen: float = 0.0, throttled: float = 0.0) -> Contention:
    """Return the contention of 10 s on two processors, in which this process used 15 s."""
    return contention_between(IDLE, Reading(110.0, 50 + busy, 1 + stolen, 55.0, throttled, 2))


def test_what_this_process_uses_is_no_contention() -> None:
    found = after()
    assert (found.others_s, found.share, found.contended) == (0.0, 0.0, False)


@pytest.mark.parametrize("by", ["busy", "stolen", "throttled"])
def test_more_than_the_largest_share_is_contention(by: str) -> None:
    usual = 15.0 if by == "busy" else 0.0
    assert not after(**{by: usual + 0.99 * LARGEST_SHARE * 20}).contended
    found = after(**{by: usual + 1.01 * LARGEST_SHARE * 20})
    assert found.contended
    assert found.describe().startswith("5% of the processors' time in 10.0 s (")
    assert found.describe().endswith(" 1.01 s)")


def test_rounding_is_no_contention() -> None:
    busy = Reading(100.2, 50.09, 1.0, 40.0, 0.0, 2)  # 22 % of 0.2 s, but only nine ticks
    assert not contention_between(IDLE, busy).contended
    assert after(busy=14.8).others_s == 0.0


def test_a_system_that_does_not_tell() -> None:
    found = contention_between(IDLE, Reading(110.0, None, None, 40.0, 0.0, 2))
    assert found.share is None
    assert not found.contended
    assert found.describe() == "this system does not tell what other programs take"


def fake_proc(folder: Path, busy: int, stolen: int, cpu_stat: str = "") -> tuple[Path, Path]:
    """Write counters, in ticks, that differ on every processor; return their folders."""
    lines = ["cpu 9999 9 9 9 9 9 9 9"]
    lines += [f"cpu{n} {busy} 0 {n} 777 88 0 0 {stolen} 5 5" for n in range(os.cpu_count() or 1)]
    (folder / "self").mkdir(parents=True)
    (folder / "stat").write_text("\n".join([*lines, "intr 5"]))
    (folder / "self" / "cgroup").write_text("4:memory:/m\n0::/a/b\n")
    (folder / "groups/a/b").mkdir(parents=True)
    (folder / "groups/a/b/cpu.stat").write_text(cpu_stat)
    return folder, folder / "groups"


def test_counters_of_the_processors_of_this_process(tmp_path: Path) -> None:
    found = read_counters(*fake_proc(tmp_path, 2 * TICKS, TICKS, "throttled_usec 2500000\nx 1\n"))
    numbers = os.sched_getaffinity(0)
    assert found.processors == len(numbers)
    assert found.busy_s == pytest.approx(2 * len(numbers) + sum(numbers) / TICKS)
    assert found.stolen_s == len(numbers)
    assert found.throttled_s == 2.5


def test_counters_of_the_older_control_groups(tmp_path: Path) -> None:
    proc, groups = fake_proc(tmp_path, 1, 1)
    (proc / "self" / "cgroup").write_text("5:cpuset:/c\n3:cpu,cpuacct:/d\n0::/a/b\n")
    (groups / "cpu/d").mkdir(parents=True)
    (groups / "cpu/d/cpu.stat").write_text("nr_throttled 3\nthrottled_time 1500000000\n")
    assert read_counters(proc, groups).throttled_s == 1.5


@pytest.mark.parametrize("zeros", [True, False])
def test_a_kernel_without_counters(tmp_path: Path, zeros: bool) -> None:
    if zeros:
        text = "\n".join(f"cpu{number} 0 0 0 0 0 0 0 0" for number in range(os.cpu_count() or 1))
        (tmp_path / "stat").write_text(text)
    found = read_counters(tmp_path, tmp_path)
    assert (found.busy_s, found.stolen_s, found.throttled_s) == (None, None, 0.0)


@pytest.fixture
def burning() -> Iterator[None]:
    """Keep all processors of this process busy."""
    if read_counters().busy_s is None:
        pytest.skip("this kernel does not tell what programs use")
    program = "print(flush=True)\nwhile True: pass"
    count = len(os.sched_getaffinity(0))
    burners = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        for _ in range(count)
    ]
    try:
        for burner in burners:
            assert burner.stdout is not None
            burner.stdout.readline()
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.communicate()


@pytest.mark.usefixtures("burning")
def test_programs_that_burn_all_processors_are_seen() -> None:
    found = sample_contention(1.0)
    assert found.contended
    assert found.share is not None
    assert found.share > 0.5


def test_what_a_child_used_is_this_processs_own() -> None:
    before = read_counters()
    program = "import time\nwhile time.process_time() < 0.5: pass"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert read_counters().own_s - before.own_s > 0.5


@pytest.mark.usefixtures("burning")
def test_a_busy_machine_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    output = tmp_path / "b.json"
    result = CliRunner().invoke(
        app, ["bench", str(tiny_bundle), "ct", "--no-eager", "--output", str(output)]
    )
    assert result.exit_code == 2
    message = " ".join(result.output.split())
    assert "error: the machine is not idle: other programs take" in message
    assert "give --allow-contention" in message
    assert list(tmp_path.iterdir()) == []


def test_an_idle_machine_is_not_refused(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def idle() -> Reading:
        return Reading(time.monotonic(), 50.0, 1.0, 40.0, 0.0, 2)

    monkeypatch.setattr(contention, "read_counters", idle)
    options = ("--no-eager", "--engine", "torchscript", "--rounds", "1")
    result = CliRunner().invoke(app, ["bench", str(tiny_bundle), "nowhere", *options])
    message = " ".join(result.output.split())
    assert "not idle" not in message
    assert "Io: " in message  # it went on to measure a CT that is not there
