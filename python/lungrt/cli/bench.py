"""``lungrt bench``: measure every engine and eager PyTorch on one CT, and compare decisions."""

from __future__ import annotations

import contextlib
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from lungrt.cli.console import disclaim, stderr, stdout
from lungrt.cli.options import IMAGE_FILES, Bundle, NoProgress, Series
from lungrt.cli.output import output_file
from lungrt.errors import EngineUnavailable, Inference, InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lungrt.benchmark.document import Benchmark
    from lungrt.benchmark.outputs import Thresholds
    from lungrt.benchmark.plan import Plan
    from lungrt.benchmark.run import Record, Settings
    from lungrt.benchmark.workload import Workload
    from lungrt.export.manifest import Manifest

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
        Path | None,
        typer.Argument(
            metavar="CT",
            help=f"CT to diagnose: a folder with the slices of a DICOM series, or {IMAGE_FILES}. "
            "By default a CT is generated.",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ENGINE",
            help="Engine to measure; repeat the option for several. By default every engine that "
            "is installed.",
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
    slices: Annotated[int, typer.Option(min=1, help="Number of slices of the generated CT.")] = 60,
    size: Annotated[
        int, typer.Option(min=1, help="Number of rows and of columns of the generated CT.")
    ] = 512,
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
    time_limit: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=1,
            help="Longest that one process may take; a configuration that takes longer has failed.",
        ),
    ] = 3600,
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
            "<!-- bench:end --> is replaced by the tables.",
            show_default=False,
        ),
    ] = None,
    no_progress: NoProgress = False,
) -> None:
    """Measure engines, devices, threads and eager PyTorch on one CT: time, memory, decisions.

    Each combination of these is a configuration. Every measurement runs in a process of its own,
    and the configurations take turns, so that changes in the machine's speed affect all of them.
    Leave the machine idle while this runs.

    Example: [b]lungrt bench bundle path/to/dicom --threads 1,2 --output times.json[/b]
    """
    # Imported here so that --help and argument errors appear at once.
    from lungrt.benchmark.environment import collect_environment, processors
    from lungrt.benchmark.plan import Selection, parse_option_set, plan_configurations
    from lungrt.benchmark.run import Settings, run_benchmark
    from lungrt.benchmark.table import print_benchmark
    from lungrt.benchmark.workload import generated_workload, given_workload
    from lungrt.engine_info import engines
    from lungrt.export.files import check_bundle
    from lungrt.export.manifest import read_manifest

    with contextlib.ExitStack() as stack:
        write = _prepare_outputs(stack, output or [], markdown)
        manifest = read_manifest(bundle)
        check_bundle(bundle)
        selection = Selection(
            threads=_numbers(threads) if threads else [processors()],
            engines=engine or [],
            option_sets=[parse_option_set(text) for text in engine_option or []],
            devices=_names("--device", device) if device else [],
            eager=not no_eager,
            precisions=_names("--precision", precision) if precision else [],
            profiles=_names("--profile", profile) if profile else [],
        )
        known = engines()
        plan = plan_configurations(selection, known)
        if not plan.configurations:
            reasons = [f"  {skipped.what}: {skipped.why}" for skipped in plan.skipped]
            raise EngineUnavailable(
                "\n".join(["none of the chosen configurations can be measured here", *reasons])
            )
        environment = collect_environment(known)  # before this command itself loads the machine
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lungrt-bench-")))
        workload = (
            given_workload(ct, series, manifest, folder)
            if ct
            else generated_workload(manifest, folder, slices, size)
        )
        given = {"segmentation": segmentation, "nodule": nodule, "malignancy": malignancy}
        settings = Settings(
            bundle,
            {stage: [str(path) for path in paths] for stage, paths in given.items() if paths},
            rounds,
            runs,
            time_limit,
        )
        with _progress(not no_progress) as progress:
            records = run_benchmark(
                plan.configurations, workload, settings, _thresholds(manifest), folder, progress
            )
        benchmark = _benchmark(environment, workload, settings, records, plan)
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
    from lungrt.benchmark import markdown, plot

    for path in outputs:
        if path.suffix.lower() in _PICTURES:
            plot.require_matplotlib(str(path))
    if len({path.resolve() for path in outputs}) < len(outputs):
        raise InvalidArgument("--output: the same file is given twice")
    writers = [(path, stack.enter_context(output_file(path, _SUFFIXES))) for path in outputs]
    old = markdown.read_marked(page) if page else ""
    write_page = page and stack.enter_context(output_file(page, (page.suffix,)))
    picture = next((path for path in outputs if path.suffix.lower() in _PICTURES), None)

    def write(benchmark: Benchmark) -> list[Path]:
        for path, write_file in writers:
            suffix = path.suffix.lower()
            if suffix in _PICTURES:
                write_file(plot.plot(benchmark, suffix[1:]))
            else:
                write_file(benchmark.to_json() if suffix == ".json" else benchmark.to_csv())
        if page and write_page:
            section = markdown.to_markdown(benchmark, picture, page)
            write_page(markdown.replaced(old, section))
        return [*outputs, *([page] if page else [])]

    return write


def _benchmark(
    environment: dict[str, object],
    workload: Workload,
    settings: Settings,
    records: list[Record],
    plan: Plan,
) -> Benchmark:
    from lungrt.benchmark.document import Benchmark
    from lungrt.benchmark.environment import idle_warning
    from lungrt.benchmark.summary import summarize

    warning = idle_warning(environment)
    shape = next((record.shape for record in records if record.shape), None)
    size = f", {shape[0]} slices of {shape[1]} x {shape[2]}" if shape else ""
    return Benchmark(
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        environment=environment,
        workload=workload.name + size,
        rounds=settings.rounds,
        runs=settings.runs,
        summaries=summarize(records),
        skipped=plan.skipped,
        warnings=[warning] if warning else [],
    )


def _thresholds(manifest: Manifest) -> Thresholds:
    from lungrt.benchmark.outputs import Thresholds

    return Thresholds(**{name: stage.threshold for name, stage in manifest.stages.items()})


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


@contextlib.contextmanager
def _progress(wanted: bool) -> Iterator[Callable[[int, int, str], None]]:
    """Show which measurement runs; redrawn only between measurements, so that none is disturbed."""
    console = stderr()
    if not (wanted and console.is_terminal):
        yield lambda done, total, text: None
        return
    with Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
        auto_refresh=False,
    ) as shown:
        task = shown.add_task("", total=None)

        def progress(done: int, total: int, text: str) -> None:
            shown.update(task, completed=done, total=total, description=text, refresh=True)

        yield progress
