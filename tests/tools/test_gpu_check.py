"""The scripts for GPU machines, rehearsed on the CPU with a small phantom."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lungrt

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from gpu_check import binaries, machine, packed_ct, records, table
from gpu_check.contents import Failure, Folder
from gpu_check.steps.build import needed_defines

TOOLS = Path(table.__file__).parents[1]
ON_CPU = ("--device", "cpu", "--repeats", "1")


def check(*arguments: object, scripts: Path = TOOLS) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(scripts / "gpu_check"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def ct(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a coarse chest as an image file."""
    pytest.importorskip("scipy")
    import SimpleITK

    from lungrt.phantom import chest

    volume = chest(seed=1, shape=(40, 91, 97), spacing_mm=(7.8, 4.1, 4.1), nodules=1).volume
    image = SimpleITK.GetImageFromArray(volume.hu)
    image.SetSpacing(volume.geometry.spacing_mm)
    image.SetOrigin(volume.geometry.origin_mm)
    path = tmp_path_factory.mktemp("ct") / "phantom.mha"
    SimpleITK.WriteImage(image, str(path))
    return path


@pytest.fixture(scope="module")
def preparing(ct: Path) -> list[object]:
    """Arguments of prepare after the folder: default models, and the lungrt that is installed."""
    pytest.importorskip("torch")
    states = lungrt.default_checkpoints()
    arguments: list[object] = ["--installed", "--ct", ct]
    for stage in ("segmentation", "nodule"):
        arguments += [f"--{stage}", states[stage]]
    return arguments


@pytest.fixture(scope="module")
def prepared(preparing: list[object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gpu") / "folder"
    done = check("prepare", folder, *preparing)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def rehearsed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a rehearsal, in a copy of the folder that knows nothing of the repository."""
    home = tmp_path_factory.mktemp("gpu-machine")
    folder = shutil.copytree(prepared, home / "folder")
    only = "environment,engines,kernels,diagnose,eager,sanitizer,suite"
    options = ("--output", home / "results", "--only", only, "--variant", "graph=traced")
    done = check("run", folder, *options, *ON_CPU, scripts=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return home / "results"


def status_of(output: Path) -> dict[str, str]:
    return {name: step.status for name, step in table.collect(output).items() if name != "run"}


# ------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("kind", ["any", "chest"])
def test_a_packed_ct_is_the_same_ct(kind: str, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    hu = random.integers(-32768, 32767, (3, 5, 7), np.int16, endpoint=True)
    if kind == "chest":
        hu = (np.arange(3 * 64 * 64, dtype=np.int16).reshape(3, 64, 64) % 40) - 1000
    geometry = lungrt.Geometry((1.0, 2.0, 3.0), (0.5, 0.6, 0.7), np.diag([1.0, -1.0, -1.0]))
    volume = lungrt.CtVolume(hu, geometry, series_uid="1.2.3")
    packed_ct.save(tmp_path / "ct.npz", volume)
    found = packed_ct.load(tmp_path / "ct.npz")
    np.testing.assert_array_equal(found.hu, hu)
    assert found.series_uid == "1.2.3"
    for name in ("origin_mm", "spacing_mm", "direction"):
        np.testing.assert_array_equal(getattr(found.geometry, name), getattr(geometry, name))
    if kind == "chest":
        assert (tmp_path / "ct.npz").stat().st_size < hu.nbytes / 5


def test_a_packed_mask_is_the_same_mask(tmp_path: Path) -> None:
    mask = np.random.default_rng(1).random((3, 5, 7)) > 0.5
    packed_ct.save_mask(tmp_path / "mask.npz", mask)
    np.testing.assert_array_equal(packed_ct.load_mask(tmp_path / "mask.npz"), mask)


def test_a_folder_that_is_too_large_is_not_kept(preparing: list[object], tmp_path: Path) -> None:
    done = check("prepare", tmp_path / "folder", *preparing, "--limit-mib", "0.5")
    assert done.returncode == 2
    assert "but --limit-mib is 0.5" in done.stderr
    assert "checkpoints 0.7" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_another_folder_is_not_replaced(preparing: list[object], tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = check("prepare", tmp_path, *preparing)
    assert done.returncode == 2
    assert "is not a prepared folder" in done.stderr
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_python_that_cannot_build_is_refused(preparing: list[object], tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S -I "$@"\n')  # without site-packages
    python.chmod(0o755)
    done = check("prepare", tmp_path / "folder", *preparing, "--target-python", python)
    assert done.returncode == 2
    assert "lacks torch" in done.stderr


def test_run_wants_a_prepared_folder(tmp_path: Path) -> None:
    done = check("run", tmp_path, "--output", tmp_path / "results")
    assert done.returncode == 2
    assert "is not a prepared folder" in done.stderr


def test_run_wants_steps_that_exist(prepared: Path, tmp_path: Path) -> None:
    done = check("run", prepared, "--output", tmp_path / "results", "--only", "warm_up")
    assert done.returncode == 2
    assert "warm_up: no step has such a name" in done.stderr


# --------------------------------------------------------------------------------------- rehearsal


def test_the_rehearsal_measures_and_compares(rehearsed: Path) -> None:
    steps = table.collect(rehearsed)
    engines = steps["engines"].found
    assert engines["torch_imported"] is False
    names = [one["name"] for one in engines["engines"] if one["available"]]
    if "torchscript" not in names:
        pytest.skip("needs the engine torchscript")
    for profile in ("book", "lung"):
        found = steps[f"diagnose:torchscript:fp32:{profile}"].found
        assert found["warm_s"]["least"] > 0
        assert found["slices"] == 40
        against = found["against_cpu"]
        assert against["candidates"] > 0
        assert against["same_decisions"] is True
        assert 0 < against["largest_dp"] < 1e-4
    assert steps["diagnose:torchscript:fp32:book:graph=traced"].status == records.OK
    rows = steps["eager"].rows
    assert [row["layout"] for row in rows] == ["NCHW", "NHWC"]
    assert all(row["mask_flips"] <= 2 and row["largest_dp"] < 1e-4 for row in rows)


def test_what_needs_a_gpu_says_so(rehearsed: Path) -> None:
    steps = table.collect(rehearsed)
    assert steps["kernels"].status == records.ABSENT
    assert "no program" in steps["kernels"].found["reason"]
    refused = steps["diagnose:torchscript:tf32:book"]
    assert refused.status == records.ABSENT
    assert "supports fp32 on cpu" in refused.found["reason"]
    assert steps["suite"].status == records.ABSENT
    assert "skipped" in steps["suite"].found["reason"]


def test_what_comes_back_is_small(rehearsed: Path) -> None:
    files = list(rehearsed.rglob("*"))
    assert len(files) <= 8
    assert sum(file.stat().st_size for file in files) < 1_000_000


def test_without_a_gpu_every_step_on_one_says_so(prepared: Path, tmp_path: Path) -> None:
    if any(d.startswith("cuda") for one in lungrt.engines() for d in one.devices):
        pytest.skip("needs a machine without a GPU")
    output = tmp_path / "results"
    only = "environment,engines,diagnose:torchscript:fp32:book,eager,profile"
    done = check("run", prepared, "--output", output, "--only", only)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(status_of(output).values()) == {records.ABSENT}
    assert all("no device" in step.found["reason"] for step in list_steps(output))


def list_steps(output: Path) -> list[table.StepResult]:
    return [step for name, step in table.collect(output).items() if name != "run"]


# ---------------------------------------------------------------------------------------- failures


@pytest.fixture
def damaged(prepared: Path, tmp_path: Path) -> Path:
    return shutil.copytree(prepared, tmp_path / "damaged")


def test_a_step_that_fails_stops_no_other(damaged: Path, tmp_path: Path) -> None:
    Folder(damaged).report("book").write_text("{")
    output = tmp_path / "results"
    only = "diagnose:torchscript:fp32:book,diagnose:torchscript:fp32:lung"
    done = check("run", damaged, "--output", output, "--only", only, *ON_CPU)
    assert done.returncode == 1
    steps = table.collect(output)
    failed = steps["diagnose:torchscript:fp32:book"]
    assert failed.status == records.FAILED
    assert "book.json: not a report" in failed.found["error"]
    assert failed.found["warm_s"]["least"] > 0  # what was found before is kept
    assert steps["diagnose:torchscript:fp32:lung"].status == records.OK
    assert "Traceback" in (output / records.LOG).read_text()


def slow_step(folder: Path, name: str) -> None:
    """Let a step find something and then wait for ever, in a process of its own as well."""
    (folder / "gpu_check" / "steps" / f"{name}.py").write_text(
        "import subprocess\n"
        "def run(job):\n"
        "    job.found(half=1)\n"
        "    subprocess.run(['sleep', '600'])\n"
    )


def test_a_step_that_takes_too_long_is_ended(damaged: Path, tmp_path: Path) -> None:
    slow_step(damaged, "kernels")
    output = tmp_path / "results"
    options = ("--only", "kernels,engines", "--limit", "20", *ON_CPU)
    plan = damaged / "gpu_check" / "plan.py"
    plan.write_text(plan.read_text().replace('Step("kernels", 40)', 'Step("kernels", 5)'))
    done = check("run", damaged, "--output", output, *options, scripts=damaged)
    assert done.returncode == 1
    step = table.collect(output)["kernels"]
    assert (step.status, step.found["half"]) == (records.TIMEOUT, 1)


def test_no_step_begins_when_the_time_is_over(prepared: Path, tmp_path: Path) -> None:
    output = tmp_path / "results"
    done = check("run", prepared, "--output", output, "--limit", "1", *ON_CPU)
    assert done.returncode == 0
    assert set(status_of(output).values()) == {records.NOT_RUN}


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_in_the_middle_nothing_is_lost(
    signal_number: signal.Signals, damaged: Path, tmp_path: Path
) -> None:
    slow_step(damaged, "kernels")
    output = tmp_path / "results"
    command = [sys.executable, str(damaged / "gpu_check"), "run", str(damaged), "--output"]
    command += [str(output), "--only", "engines,kernels", *ON_CPU]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: (output / records.SUMMARY).is_file())
        wait_for(lambda: '"half"' in (output / records.SUMMARY).read_text())
        process.send_signal(signal_number)
        process.wait(timeout=60)
    steps = table.collect(output)
    assert steps["engines"].status == records.OK
    assert (steps["kernels"].status, steps["kernels"].found["half"]) == (records.STARTED, 1)
    assert "| kernels | **ended in the middle** |" in table.full_text(steps)


def wait_for(condition: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to this"
        time.sleep(0.05)


def test_engines_that_need_torch_first_get_it(damaged: Path, tmp_path: Path) -> None:
    steps = damaged / "gpu_check" / "steps"
    (steps / "engines.py").write_text(
        "def run(job):\n    assert job.arguments == ['torch'], 'no device without torch'\n"
    )
    (steps / "kernels.py").write_text("def run(job):\n    job.found(preloaded=job.preload_torch)\n")
    output = tmp_path / "results"
    options = ("--only", "engines,kernels", *ON_CPU)
    done = check("run", damaged, "--output", output, *options, scripts=damaged)
    assert done.returncode == 1  # lungrt should have found it
    found = table.collect(output)
    assert found["engines"].status == records.FAILED
    assert found["engines:torch"].status == records.OK
    assert found["kernels"].found["preloaded"] is True


def test_engines_that_do_not_load_are_built_there(damaged: Path, tmp_path: Path) -> None:
    steps = damaged / "gpu_check" / "steps"
    (steps / "engines.py").write_text(
        "def run(job):\n"
        "    if not (job.folder.root / 'built').is_dir():\n"
        "        raise ImportError('libtorch.so: undefined symbol')\n"
    )
    (steps / "build.py").write_text("def run(job):\n    (job.folder.root / 'built').mkdir()\n")
    output = tmp_path / "results"
    done = check("run", damaged, "--output", output, "--only", "engines", *ON_CPU, scripts=damaged)
    assert done.returncode == 0, done.stdout
    assert status_of(output) == {
        "engines": records.OK,
        "build": records.OK,
    }


def test_without_sources_nothing_is_built(damaged: Path, tmp_path: Path) -> None:
    engines = damaged / "gpu_check" / "steps" / "engines.py"
    engines.write_text("def run(job):\n    import lungrt.not_there\n")
    output = tmp_path / "results"
    done = check("run", damaged, "--output", output, "--only", "engines", *ON_CPU, scripts=damaged)
    assert done.returncode == 1
    found = table.collect(output)
    assert found["engines"].status == records.NOT_LOADED
    assert "not_there" in found["engines"].found["error"]
    assert found["build"].status == records.ABSENT
    assert "**not loaded**" in table.full_text(found)


def test_a_gpu_that_is_not_found_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "has_gpu", lambda: False)
    assert isinstance(machine.no_device("cuda: none"), machine.Absent)
    monkeypatch.setattr(machine, "has_gpu", lambda: True)
    found = machine.no_device("cuda: none")
    assert isinstance(found, RuntimeError)
    assert "this machine has a GPU, but: cuda: none" in str(found)


def test_what_the_driver_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.nvidia_smi() == "nvidia-smi is not on this machine"
    program = tmp_path / "nvidia-smi"
    program.write_text(
        "#!/bin/sh\necho 'NVIDIA H200, 580.1, 1 MiB, 9.0, 1980 MHz, 3201 MHz, 700 W'\n"
    )
    program.chmod(0o755)
    found = machine.nvidia_smi()
    assert isinstance(found, dict)
    assert (found["name"], found["driver_version"]) == ("NVIDIA H200", "580.1")
    program.write_text("#!/bin/sh\necho 'no devices were found'; exit 6\n")
    assert machine.nvidia_smi() == "nvidia-smi failed: no devices were found"


RESULTS = {
    "passes": [{"name": "A", "result": "COMPLETED"}, {"name": "B", "result": "SKIPPED"}],
    "fails": [{"name": "A", "result": "COMPLETED", "failures": [{"failure": "1 != 2"}]}],
    "skips": [{"name": "A", "result": "SKIPPED"}],
    "other": [],
}


def replace_kernel_tests(folder: Path, tests: object, *, ends: bool = True) -> None:
    """Put a program in the place of the tests of the CUDA core."""
    content = json.dumps({"testsuites": [{"name": "Device", "testsuite": tests}] if tests else []})
    failed = "failures" in content
    program = folder / "programs" / "lungrt_device_tests"
    program.parent.mkdir(exist_ok=True)
    program.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "path = sys.argv[-1].partition('json:')[2]\n"
        f"open(path, 'w').write({content!r}) if {ends} else sys.exit(139)\n"
        f"sys.exit({int(failed)})\n"
    )


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        ("passes", records.OK, ""),
        ("fails", records.FAILED, "tests of the kernels failed: Device.A"),
        ("skips", records.ABSENT, "no device: all 1 tests were skipped"),
        ("other", records.FAILED, "has no test *"),
        ("crashes", records.FAILED, "tests of the kernels failed: it did not end"),
    ],
)
def test_what_tests_of_the_kernels_say(
    kind: str, status: str, reason: str, damaged: Path, tmp_path: Path
) -> None:
    if machine.has_gpu():
        pytest.skip("needs a machine without a GPU")
    replace_kernel_tests(damaged, RESULTS.get(kind), ends=kind != "crashes")
    output = tmp_path / "results"
    check("run", damaged, "--output", output, "--only", "kernels", *ON_CPU)
    step = table.collect(output)["kernels"]
    assert step.status == status
    assert reason in str(step.found.get("error", step.found.get("reason", "")))
    if kind == "passes":
        assert (step.found["tests"]["passed"], step.found["tests"]["skipped"]) == (1, ["Device.B"])


# ------------------------------------------------------------------------------------------ tables


def canned(output: Path, *, device: str = "cuda") -> Path:
    """Write the records of a run on a GPU that never took place."""
    output.mkdir()
    contents = {"ct": "LIDC-IDRI-0001", "shape": [133, 512, 512], "commit": "abc1234"}
    records.append(output, "run", contents=contents, device=device)
    gpu = {"name": "NVIDIA H200", "driver_version": "580.1"}
    upload = {"pageable": 8.5, "pinned": 2.6}
    records.append(output, "environment", gpu=gpu, torch="2.11.0", device_name="NVIDIA H200")
    records.append(
        output, "environment", copy_gb_s=4300.0, tflop_s={"fp32": 52.1}, upload_ms=upload
    )
    records.append(output, "environment", status="ok", seconds=12.0)
    for precision, seconds in (("fp32", 0.2), ("tf32", 0.2)):
        name = f"diagnose:torchscript:{precision}:book"
        stages = {"transfer": 0.004, "segment": 0.12, "group": 0.001, "classify": 0.05}
        warm = {"median": seconds, "least": seconds - 0.01, "most": seconds + 0.03}
        records.append(output, name, cold_s=1.5, slices=133, device_name="NVIDIA H200")
        records.append(output, name, warm_s=warm, warm_stages_s=stages, gpu_memory_bytes=3.1e9)
        records.append(
            output,
            name,
            against_cpu={
                "mask_voxels": 9000,
                "mask_flips": 2,
                "candidates": 674,
                "lost": [[1, 2, 3]],
                "new": [],
                "moved": 1,
                "flips": [],
                "largest_dp": 1.5e-6,
            },
            golden={"voxels": 2500, "differing": 7},
        )
        records.append(output, name, status="ok", seconds=9.0)
    records.append(output, "diagnose:torchscript:bf16:book", error="RuntimeError: no | kernel")
    records.append(output, "diagnose:torchscript:bf16:book", status="failed", seconds=3.0)
    for layout, seconds in (("NCHW", 0.6), ("NHWC", 0.5)):
        stages = {"transfer": 0.01, "segment": 0.4, "group": 0.05, "classify": 0.1}
        row = {"precision": "fp32", "layout": layout, "cudnn_search": True, "first_s": 2.0}
        row |= {"stages_s": stages, "total_s": seconds, "mask_flips": 0, "largest_dp": 1e-6}
        records.append(output, "eager", eager=row)
    records.append(output, "eager", status="timeout", seconds=90.0)
    kernels = 'kernel,microseconds,floor_microseconds\n"context, NCHW",12.5,6.0\nlabels,300.0\n'
    records.append(output, "kernel_bench", csv=kernels)
    records.append(output, "kernel_bench", status="ok", seconds=4.0)
    with (output / records.SUMMARY).open("a") as file:
        file.write('{"step": "profile", "at": 17')  # the machine was taken away
    return output


def test_the_tables_of_a_run(tmp_path: Path) -> None:
    text = table.full_text(table.collect(canned(tmp_path / "results")))
    unwrapped = " ".join(text.split())
    assert "CT of 133 slices (LIDC-IDRI-0001)" in unwrapped
    assert "on one NVIDIA H200 (driver 580.1, torch 2.11.0, lungrt abc1234)" in unwrapped
    assert "copies 4300 GB/s" in unwrapped
    times = "| 1.50 | 0.200 (0.190 - 0.230) | 4.0 | - | 120.0 | 1.0 | 50.0 | 3.10 |"
    assert f"| fp32, book {times}" in text
    assert "| fp32, book | 2 of 9000 | 1 | 0 | 1 | 0 of 674 | 1.5e-06 | 7 of 2500 |" in text
    assert "| bf16, book | - | **failed** |" in text
    assert "- fp32: 0.200 s, target at most 0.25 s: met; 2.50 times as fast" in unwrapped
    assert "- tf32: 0.200 s, target at most 0.12 s: **not met**" in unwrapped
    assert "| fp32, NHWC, cuDNN's search | 2.00 | 0.500 | 10.0 | 400.0 | 50.0 | 100.0 |" in text
    assert "| eager | **timeout** | 90.0 |" in text
    assert "| kernel | microseconds | floor microseconds |" in text
    assert "| context, NCHW | 12.5 | 6.0 |\n| labels | 300.0 | - |" in text
    assert "| RuntimeError: no / kernel |" in text
    assert "profile" not in text
    assert all(len(line) <= 100 for line in text.splitlines() if not line.startswith("|"))


def test_the_table_for_a_readme(tmp_path: Path) -> None:
    done = check("table", canned(tmp_path / "results"), "--brief")
    assert done.returncode == 0, done.stderr
    assert "| eager PyTorch, fp32 | 0.500 | 1.0 |" in done.stdout
    assert "| fp32, book" not in done.stdout
    assert "| lungrt, fp32, book | 0.200 | 2.5 |" in done.stdout


def test_a_rehearsal_makes_no_claim_about_a_gpu(rehearsed: Path) -> None:
    text = table.full_text(table.collect(rehearsed))
    assert "no GPU was used" in " ".join(text.split())
    assert "target" not in text


def test_the_tables_go_between_the_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    done = check("table", canned(tmp_path / "results"), "--into", page)
    assert done.returncode == 0, done.stderr
    text = page.read_text()
    assert text.startswith(f"before\n{table.BEGIN}\nWarm diagnoses")
    assert text.endswith(f"|\n{table.END}\nafter\n")
    assert "\nold\n" not in text


def test_a_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("mine\n")
    done = check("table", canned(tmp_path / "results"), "--into", page)
    assert done.returncode == 2
    assert "lacks the lines" in done.stderr
    assert page.read_text() == "mine\n"


def test_results_that_are_not_there(tmp_path: Path) -> None:
    done = check("table", tmp_path)
    assert done.returncode == 2
    assert "has no summary.jsonl" in done.stderr


# ----------------------------------------------------------------------------------------- sources


def test_the_packed_sources_are_complete(tmp_path: Path) -> None:
    """CMake finds every source of the package, and the libraries that were packed with them."""
    build_tools = [sys.executable, "-c", "import cmake, nlohmann_json, pybind11, ninja"]
    if subprocess.run(build_tools, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs cmake, ninja, pybind11 and nlohmann-json")
    archive = tmp_path / "sources.tar.xz"
    binaries.pack_sources(TOOLS.parent, Path(sys.executable), archive)
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "sources", filter="data")
    defines = needed_defines(tmp_path / "sources" / "needed") | {
        "LUNGRT_BUILD_PYTHON": "ON",
        "LUNGRT_CUDA": "OFF",  # looking for a compiler takes longer than everything else
        "Python_EXECUTABLE": sys.executable,
    }
    options = [f"-D{name}={value}" for name, value in defines.items()]
    command = [str(Path(sys.executable).parent / "cmake"), "-G", "Ninja", "-S"]
    command += [str(tmp_path / "sources"), "-B", str(tmp_path / "build"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    cache = (tmp_path / "build" / "CMakeCache.txt").read_text()
    assert str(tmp_path / "sources" / "needed" / "lib" / "libz.so") in cache
    assert (tmp_path / "sources" / "export" / "__init__.py").is_file()
    assert (tmp_path / "sources" / "python" / "lungrt" / "__init__.py").is_file()


def test_a_build_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    with pytest.raises(Failure, match=r"the build for .* failed:\n(.|\n)*is not installable"):
        binaries.build_package(
            tmp_path / "sources",
            python=Path(sys.executable),
            build=tmp_path / "build",
            package=tmp_path / "package",
            defines={},
        )
    assert not (tmp_path / "package").exists()
