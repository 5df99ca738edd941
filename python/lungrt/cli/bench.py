"""``lungrt bench``: measure every engine and eager PyTorch on one CT, and compare decisions."""

from __future__ import annotations

import contextlib
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lungrt.cli.console import disclaim, stderr, stdout
from lungrt.cli.options import IMAGE_FILES, AllowNonHu, Bundle, NoProgress, Series, VoxelOrder
from lungrt.cli.output import output_file, output_files
from lungrt.errors import (
    BadBundle,
    DeviceUnavailable,
    EngineUnavailable,
    Inference,
    InvalidArgument,
)
from lungrt.packages import require_packages

if TYPE_CHECKING:
    from collections.abc import Callable

    from lungrt.benchmark.summary import Benchmark

__all__ = ["bench"]

_PICTURES = (".svg", ".png")
_SUFFIXES = (".json", ".csv", *_PICTURES)

_Checkpoints = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Checkpoint that this stage of the bundle was exported from, to build its eager "
        "network; repeat the option for an ensemble. By default the bundle's weights are used.",
        show_default=False,
        rich_help_panel="Eager PyTorch",
    ),
]


def bench(
    bundle: Bundle,
    ct: Annotated[
        Path,
        typer.Argument(
            metavar="CT",
            help=f"CT to diagnose: a folder with the slices of a DICOM series, or {IMAGE_FILES}. "
            "[b]lungrt phantom[/b] makes one if you have none.",
            show_default=False,
        ),
    ],
    engine: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ENGINE",
            help="Engine to measure, or openvino (the package openvino on the bundle's ONNX, in "
            "fp32 and in its default precision; a peer, no engine of lungrt); repeat the option "
            "for several. By default all that are installed.",
            show_default=False,
        ),
    ] = None,
    engine_option: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ENGINE:NAME=VALUE[,...]",
            help="Measure the engine with these settings as well; repeat the option for further "
            "combinations. [b]lungrt diagnose --help[/b] lists the settings of each engine.",
            show_default=False,
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="D1,D2",
            help="Devices to measure, separated by commas: cpu, cuda or cuda:N. By default every "
            "device that an engine can use.",
            show_default=False,
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            metavar="P1,P2",
            help="Precisions to measure in addition to fp32, separated by commas: tf32, bf16, "
            "fp16, int8.",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="P1,P2",
            help="Profiles to measure in addition to book, separated by commas. lung looks for "
            "nodules only inside the lung field.",
            show_default=False,
        ),
    ] = None,
    threads: Annotated[
        str | None,
        typer.Option(
            metavar="N1,N2",
            help="Numbers of CPU threads to measure, separated by commas. By default all "
            "processors available to this process.",
            show_default=False,
        ),
    ] = None,
    segmentation: _Checkpoints = None,
    nodule: _Checkpoints = None,
    malignancy: _Checkpoints = None,
    no_eager: Annotated[
        bool,
        typer.Option(
            "--no-eager", help="Do not measure eager PyTorch.", rich_help_panel="Eager PyTorch"
        ),
    ] = False,
    series: Series = None,
    voxel_order: VoxelOrder = None,
    allow_non_hu: AllowNonHu = False,
    rounds: Annotated[
        int,
        typer.Option(
            min=1,
            help="Number of rounds; each measures every configuration in new processes.",
        ),
    ] = 3,
    runs: Annotated[
        int,
        typer.Option(
            min=1,
            help="Number of times that a process diagnoses the CT. The first time and the later, "
            "warm ones are reported separately.",
        ),
    ] = 2,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Write the results to FILE.json, FILE.csv, FILE.svg or FILE.png; repeat the "
            "option for several files.",
            show_default=False,
        ),
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Markdown file in which the text between <!-- bench:begin --> and "
            "<!-- bench:end --> is replaced by the table.",
            show_default=False,
        ),
    ] = None,
    allow_contention: Annotated[
        bool,
        typer.Option(
            "--allow-contention",
            help="Measure although other programs take more than 5 % of the processors' time, and "
            "mark what they disturbed in the table, the chart and the JSON. Without this option "
            "such a measurement is made again twice, and then the benchmark ends with an error.",
        ),
    ] = False,
    no_progress: NoProgress = False,
) -> None:
    """Measure engines, OpenVINO and eager PyTorch on one CT: time, memory, decisions.

    Each combination of these is a configuration. Every measurement runs in a process of its own,
    and the configurations take turns, so that changes in the machine's speed affect all of them.
    Leave the machine idle while this runs; what other programs disturb is refused.

    Example: [b]lungrt bench bundle path/to/dicom --threads 1,2 --output times.json[/b]
    """
    # Imported here so that --help and argument errors appear at once.
    from lungrt.benchmark.agreement import compare_records
    from lungrt.benchmark.contention import LARGEST_SHARE, sample_contention
    from lungrt.benchmark.environment import collect_environment, processors
    from lungrt.benchmark.measure import Task
    from lungrt.benchmark.plan import parse_option_set, plan_configurations
    from lungrt.benchmark.run import run_benchmark
    from lungrt.benchmark.summary import Benchmark, summarize
    from lungrt.benchmark.tables import print_benchmark
    from lungrt.comparison.diagnosis import Thresholds
    from lungrt.engine_info import engines
    from lungrt.export.files import check_bundle
    from lungrt.export.manifest import read_manifest

    with contextlib.ExitStack() as stack:
        write = _prepare_outputs(stack, output or [], markdown)
        manifest = read_manifest(bundle)
        missing = [stage for stage in ("segmentation", "nodule") if stage not in manifest.stages]
        if missing:
            raise BadBundle(
                f"{bundle}: has no stage {' and '.join(missing)}; a benchmark needs the stages "
                "segmentation and nodule to diagnose a CT"
            )
        check_bundle(bundle)
        known = engines()
        plan = plan_configurations(
            known,
            threads=_numbers(threads) if threads else [processors()],
            names=engine or [],
            option_sets=[parse_option_set(text) for text in engine_option or []],
            devices=_names("--device", device) if device else [],
            precisions=_names("--precision", precision) if precision else [],
            profiles=_names("--profile", profile) if profile else [],
            eager=not no_eager,
            voxel_order=voxel_order,
        )
        if not plan.configurations:
            reasons = [f"  {skipped.what}: {skipped.why}" for skipped in plan.skipped]
            raise EngineUnavailable(
                "\n".join(["none of the chosen configurations can be measured here", *reasons])
            )
        environment = collect_environment(known)  # before this command itself loads the machine
        idle = sample_contention()
        if idle.contended and not allow_contention:
            raise DeviceUnavailable(
                f"the machine is not idle: other programs take {idle.describe()}, and more than "
                f"{LARGEST_SHARE:.0%} makes times too long; end them, or give --allow-contention "
                "to measure nevertheless and mark what was disturbed"
            )
        given = {"segmentation": segmentation, "nodule": nodule, "malignancy": malignancy}
        checkpoints = {stage: list(map(str, paths)) for stage, paths in given.items() if paths}
        tasks = [
            Task(
                configuration,
                str(bundle),
                str(ct),
                series,
                runs,
                checkpoints,
                voxel_order=voxel_order,
                allow_non_hu=allow_non_hu,
            )
            for configuration in plan.configurations
        ]
        screen = stderr()

        def progress(text: str) -> None:
            # A line for each measurement: a bar that is redrawn would take time from it.
            if not no_progress and screen.is_terminal:
                screen.print(text, style="dim", soft_wrap=True)

        records = run_benchmark(tasks, rounds, progress, allow_contention=allow_contention)
        compare_records(
            records,
            Thresholds(**{name: stage.threshold for name, stage in manifest.stages.items()}),
        )
        created = datetime.now(timezone.utc).isoformat(timespec="seconds")
        summaries = summarize(records)
        benchmark = Benchmark(
            *(created, environment, ct.name, rounds, runs, summaries, plan.skipped),
            idle=idle,
            allow_contention=allow_contention,
        )
        console = stdout()
        print_benchmark(console, benchmark)
        if all(record.failure for record in records):
            raise Inference(
                "every configuration failed, so nothing was written; the lines above say why"
            )
        for path in write(benchmark):
            console.print(f"written to {path}", soft_wrap=True)
    disclaim(console)


def _prepare_outputs(
    stack: contextlib.ExitStack, outputs: list[Path], page: Path | None
) -> Callable[[Benchmark], list[Path]]:
    """Open temporary output files, so that files that cannot be written fail before measuring."""
    from lungrt.benchmark import plot, tables

    for path in outputs:
        if path.suffix.lower() in _PICTURES:
            require_packages(f"the picture {path}", ("matplotlib",), "bench", InvalidArgument)
    writers = stack.enter_context(output_files(outputs, _SUFFIXES))
    old = tables.read_marked(page) if page else ""
    write_page = page and stack.enter_context(output_file(page, (page.suffix.lower(),)))
    picture = next((path for path in outputs if path.suffix.lower() in _PICTURES), None)

    def write(benchmark: Benchmark) -> list[Path]:
        for path, write_file in writers:
            suffix = path.suffix.lower()
            if suffix in _PICTURES:
                write_file(plot.plot(benchmark, suffix[1:]))
            else:
                write_file(benchmark.to_json() if suffix == ".json" else benchmark.to_csv())
        if page and write_page:
            section = tables.to_markdown(benchmark, picture, page)
            write_page(tables.replaced(old, section))
        return [*outputs, *([page] if page else [])]

    return write


def _names(option: str, text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names) or len(set(names)) < len(names):
        raise InvalidArgument(f"{option} {text}: expected different values separated by commas")
    return names


def _numbers(text: str) -> list[int]:
    names = _names("--threads", text)
    if not all(name.isascii() and name.isdecimal() and int(name) > 0 for name in names):
        raise InvalidArgument(f"--threads {text}: expected whole numbers of at least 1, e.g. 1,2")
    return [int(name) for name in names]
