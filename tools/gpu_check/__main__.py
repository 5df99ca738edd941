"""Check and measure lungrt on a machine with a GPU that has no network.

    python tools/gpu_check prepare FOLDER ...   on a machine with network: fills a folder
    python FOLDER/gpu_check run FOLDER ...      on the GPU machine: checks and measures
    python tools/gpu_check table RESULTS ...    anywhere: the tables of what came back

Each command has --help. docs/guides/gpu.md explains all of it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

# Where the package gpu_check lies: in tools/, or in a prepared folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from gpu_check.contents import Failure


def _prepare(options: argparse.Namespace) -> int:
    from gpu_check.preparation import prepare

    return prepare(options)


def _prepare_onnxruntime(options: argparse.Namespace) -> int:
    from gpu_check.onnxruntime_part import prepare_onnxruntime

    return prepare_onnxruntime(
        options.folder,
        options.wheel,
        options.architecture,
        options.limit_mib,
        all_kernels=options.all_kernels,
    )


def _reference(options: argparse.Namespace) -> int:
    from gpu_check.reference import write_reference

    return write_reference(options.folder)


def _run(options: argparse.Namespace) -> int:
    from gpu_check.runner import run

    return run(options)


def _step(options: argparse.Namespace) -> int:
    from gpu_check.job import run_step

    return run_step(options)


def _table(options: argparse.Namespace) -> int:
    from gpu_check.table import print_table

    return print_table(options.results, options.into, brief=options.brief)


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the prepared folder")
    parser.add_argument(
        "--output", type=Path, required=True, help="folder for results; nothing else is written"
    )
    parser.add_argument(
        "--device", default="cuda", help="cuda, cuda:N, or cpu for a rehearsal (default: cuda)"
    )
    parser.add_argument(
        "--repeats", type=int, default=7, help="warm runs of each measurement (default: 7)"
    )


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(
        prog="gpu_check",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True)

    def add(name: str, action: object, what: str, example: str = "") -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=what,
            description=f"{what[0].upper()}{what[1:]}.",
            epilog=example and f"example: {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(action=action)
        return added

    preparing = add(
        "prepare",
        _prepare,
        "fill a folder with everything that a GPU machine without network needs",
        "python tools/gpu_check prepare build/gpu --segmentation seg.state --nodule cls.state \\\n"
        "           --ct path/to/dicom --target-python ~/torch-2.11/bin/python",
    )
    preparing.add_argument("folder", type=Path, help="folder to fill; it is replaced")
    preparing.add_argument("--segmentation", type=Path, required=True, help="its checkpoint")
    preparing.add_argument("--nodule", type=Path, required=True, help="its checkpoint")
    preparing.add_argument("--ct", type=Path, required=True, help="folder or file of a CT")
    preparing.add_argument("--golden", type=Path, help="folder of NAME_mask.npz for that CT")
    preparing.add_argument(
        "--target-python",
        type=Path,
        default=Path(sys.executable),
        help="a Python like that of the GPU machine: same version, same torch (default: this one)",
    )
    preparing.add_argument(
        "--build",
        type=Path,
        default=Path("build/gpu-check"),
        help="folder of the build, kept for the next time (default: build/gpu-check)",
    )
    preparing.add_argument(
        "--installed",
        action="store_true",
        help="build nothing: the Python of the GPU machine has lungrt installed",
    )
    preparing.add_argument(
        "--limit-mib", type=float, default=64, help="largest size of the folder (default: 64)"
    )

    second = add(
        "prepare-onnxruntime",
        _prepare_onnxruntime,
        "fill a second folder with ONNX Runtime for one GPU",
        "python tools/gpu_check prepare-onnxruntime build/gpu-ort --wheel onnxruntime_gpu-*.whl",
    )
    second.add_argument("folder", type=Path, help="folder to fill; it is replaced")
    second.add_argument("--wheel", type=Path, required=True, help="wheel of onnxruntime-gpu")
    second.add_argument(
        "--architecture",
        type=int,
        default=90,
        help="compute capability whose code is kept, e.g. 90 for H100 and H200 (default: 90)",
    )
    second.add_argument(
        "--all-kernels", action="store_true", help="keep kernels that only language models need"
    )
    second.add_argument(
        "--limit-mib", type=float, default=64, help="largest size of the folder (default: 64)"
    )

    reference = add("reference", _reference, "export the bundle and diagnose the CT on the CPU")
    reference.add_argument("folder", type=Path, help="the folder that is being prepared")

    running = add(
        "run",
        _run,
        "check and measure, step by step; a step that fails does not stop the others",
        "python build/gpu/gpu_check run build/gpu --output results",
    )
    _add_run_options(running)
    running.add_argument(
        "--limit", type=float, default=500, help="seconds for all steps together (default: 500)"
    )
    running.add_argument(
        "--patience",
        type=float,
        default=1,
        metavar="FACTOR",
        help="multiply the time limits of the steps, for a slow machine (default: 1)",
    )
    running.add_argument(
        "--only", default="", metavar="STEPS", help="names of steps, comma-separated (default: all)"
    )
    running.add_argument(
        "--variant",
        action="append",
        default=[],
        metavar="NAME=VALUE[,...]",
        help="measure diagnoses in profile book with these engine options, too; repeatable",
    )
    running.add_argument(
        "--onnxruntime",
        type=Path,
        metavar="FOLDER",
        help="the second command: measure ONNX Runtime from this folder instead",
    )

    step = add("step", _step, "one step, as the command run starts it")
    step.add_argument("name", help="name of the step")
    _add_run_options(step)
    step.add_argument("--preload-torch", action="store_true", help="import torch before lungrt")

    table = add(
        "table",
        _table,
        "print the tables of results as Markdown",
        "python tools/gpu_check table results --into docs/guides/gpu.md",
    )
    table.add_argument("results", type=Path, help="folder that the command run wrote")
    table.add_argument(
        "--into", type=Path, help="Markdown file to write to, between its gpu-check markers"
    )
    table.add_argument("--brief", action="store_true", help="only the table for a README")
    return top


def main() -> int:
    """Run one of the commands."""
    options = parser().parse_args()
    try:
        return int(options.action(options))
    except Failure as failure:
        print(f"gpu_check: {failure}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
