"""``lungrt bench``: every engine and eager PyTorch on one CT, and what each decided."""

from __future__ import annotations

import contextlib
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from lungrt.cli.console import disclaim, stderr, stdout
from lungrt.cli.options import Bundle, NoProgress, Series
from lungrt.cli.output import output_file
from lungrt.errors import EngineUnavailable, Inference, InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lungrt.benchmark.campaign import Record, Settings
    from lungrt.benchmark.document import Benchmark
    from lungrt.benchmark.outputs import Thresholds
    from lungrt.benchmark.plan import Plan
    from lungrt.benchmark.workload import Workload
    from lungrt.export.manifest import Manifest

__all__ = ["bench"]

_PICTURES = (".svg", ".png")
_SUFFIXES = (".json", ".csv", *_PICTURES)

_Checkpoints = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Checkpoint that the bundle was exported from, for eager PyTorch; else the bundle's "
        "weights are taken. Given several times, an ensemble.",
        show_default=False,
        rich_help_panel="Eager PyTorch",
    ),
]


def bench(
    bundle: Bundle,
    ct: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CT]",
            help="As for [b]lungrt diagnose[/b]; one is generated if not given.",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(help="Engine to measure, as often as needed; all if not given."),
    ] = None,
    engine_option: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ENGINE:NAME=VALUE[,...]",
            help="Measure the engine with these options, too; as often as needed.",
            show_default=False,
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="D1,D2",
            help="cpu, cuda:N; all that an engine can use if not given.",
            show_default=False,
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            metavar="P1,P2",
            help="Measure engines in these, too: tf32, bf16, fp16, int8.",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="P1,P2",
            help="Measure engines with these profiles, too: lung.",
            show_default=False,
        ),
    ] = None,
    threads: Annotated[
        str | None,
        typer.Option(
            metavar="N1,N2",
            help="Numbers of CPU threads; all that this process may use if not given.",
            show_default=False,
        ),
    ] = None,
    segmentation: _Checkpoints = None,
    nodule: _Checkpoints = None,
    malignancy: _Checkpoints = None,
    no_eager: Annotated[
        bool,
        typer.Option(
            "--no-eager", help="Leave eager PyTorch out.", rich_help_panel="Eager PyTorch"
        ),
    ] = False,
    series: Series = None,
    slices: Annotated[int, typer.Option(min=1, help="Slices of a generated CT.")] = 60,
    size: Annotated[int, typer.Option(min=1, help="Rows and columns of a generated CT.")] = 512,
    rounds: Annotated[int, typer.Option(min=1, help="Processes a contender.")] = 3,
    runs: Annotated[
        int, typer.Option(min=1, help="CTs a process: the first, and warm ones after it.")
    ] = 2,
    time_limit: Annotated[
        float, typer.Option(min=1, help="Longest that one process may take, seconds.")
    ] = 3600,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Write FILE.json, .csv, .svg or .png; as often as needed.",
            show_default=False,
        ),
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Put the tables between <!-- bench:begin --> and <!-- bench:end --> of a page.",
            show_default=False,
        ),
    ] = None,
    no_progress: NoProgress = False,
) -> None:
    """Compare engines, devices, threads and eager PyTorch on one CT: time, memory, decisions.

    Every measurement is a process of its own, in interleaved rounds. Leave the machine alone
    meanwhile.

    Example: [b]lungrt bench bundle path/to/dicom --threads 1,2 --output times.json[/b]
    """
    # Imported here so that --help and wrong arguments answer at once.
    from lungrt.benchmark.campaign import Settings, run_campaign
    from lungrt.benchmark.environment import collect_environment, processors
    from lungrt.benchmark.plan import Wishes, parse_option_set, plan_contenders
    from lungrt.benchmark.table import print_benchmark
    from lungrt.benchmark.workload import generated_workload, given_workload
    from lungrt.engine_info import engines
    from lungrt.export.files import check_files
    from lungrt.export.manifest import read_manifest

    with contextlib.ExitStack() as stack:
        write = _prepare_outputs(stack, output or [], markdown)
        manifest = read_manifest(bundle)
        check_files(bundle, manifest)
        wishes = Wishes(
            threads=_numbers(threads) if threads else [processors()],
            engines=engine or [],
            option_sets=[parse_option_set(text) for text in engine_option or []],
            devices=_names("--device", device) if device else [],
            eager=not no_eager,
            precisions=_names("--precision", precision) if precision else [],
            profiles=_names("--profile", profile) if profile else [],
        )
        known = engines()
        plan = plan_contenders(wishes, known)
        if not plan.contenders:
            reasons = [f"  {absent.what}: {absent.why}" for absent in plan.absent]
            raise EngineUnavailable("\n".join(["nothing can be compared here", *reasons]))
        environment = collect_environment(known)  # before anything makes the machine busy
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
            records = run_campaign(
                plan.contenders, workload, settings, _thresholds(manifest), folder, progress
            )
        benchmark = _benchmark(environment, workload, settings, records, plan)
        console = stdout()
        print_benchmark(console, benchmark)
        if all(record.failure for record in records):
            raise Inference("every contender failed, nothing is written; the lines above say why")
        for path in write(benchmark):
            console.print(f"written to {path}", soft_wrap=True)
    disclaim(console)


def _prepare_outputs(
    stack: contextlib.ExitStack, outputs: list[Path], page: Path | None
) -> Callable[[Benchmark], list[Path]]:
    """Open all files aside, and refuse what cannot be written before anything is measured."""
    from lungrt.benchmark import markdown, plot

    for path in outputs:
        if path.suffix.lower() in _PICTURES:
            plot.require_matplotlib(str(path))
    if len({path.resolve() for path in outputs}) < len(outputs):
        raise InvalidArgument("--output: a file is given twice")
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
        absent=plan.absent,
        warnings=[warning] if warning else [],
    )


def _thresholds(manifest: Manifest) -> Thresholds:
    from lungrt.benchmark.outputs import Thresholds

    return Thresholds(**{name: stage.threshold for name, stage in manifest.stages.items()})


def _names(option: str, text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names) or len(set(names)) < len(names):
        raise InvalidArgument(f"{option} {text}: expected values separated by commas, each once")
    return names


def _numbers(text: str) -> list[int]:
    names = _names("--threads", text)
    if not all(name.isascii() and name.isdecimal() and int(name) > 0 for name in names):
        raise InvalidArgument(f"--threads {text}: expected numbers of at least 1, e.g. 1,2")
    return [int(name) for name in names]


@contextlib.contextmanager
def _progress(wanted: bool) -> Iterator[Callable[[int, int, str], None]]:
    """Show which measurement runs; drawn between measurements alone, so that none is disturbed."""
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
