"""The table on the terminal and in Markdown, and the bar chart."""

from __future__ import annotations

import importlib.util
import io
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from lungrt.benchmark.plot import plot
from lungrt.benchmark.tables import (
    BEGIN,
    END,
    print_benchmark,
    read_marked,
    replaced,
    to_markdown,
)
from lungrt.charts import LIGHT
from lungrt.errors import InvalidArgument, Io


def printed(benchmark) -> str:
    screen = io.StringIO()
    print_benchmark(Console(file=screen, width=200, markup=False), benchmark)
    return screen.getvalue()


def markdown(benchmark, *arguments: Path) -> str:
    """Return the Markdown of a benchmark, with each paragraph in one line."""
    text = to_markdown(benchmark, *arguments)
    assert all(len(line) <= 100 for line in text.splitlines() if line[:1] not in "|!")
    return re.sub(r"(?<=[^|\n])\n(?=[^|\n])", " ", text)


def test_screen(example) -> None:
    text = printed(example)
    (ours, *_) = [line for line in text.splitlines() if "TorchScript engine" in line]
    # start-up, read, segment, group, classify, total, later CTs, peak memory, speed-up
    expected = "1.50 1.10 6.60 1.10 2.20 11.0 (10.0 - 12.0) 5.50 1.00 GB 4.0x -"
    assert ours.split()[3:] == expected.split()
    assert "not measured: onnxruntime on cpu, 2 threads (round 2): Io: no file" in text
    assert "not measured: engine native: not installed" in text
    assert "the same 2 candidates, the same 2 decisions" in text
    assert "warning: before the first measurement others took 40% of the processors' time" in text
    assert "2 cores of Abacus 9 (family 25, model 1, AVX2); " in text


def test_several_groups_are_named(benchmark_of, record) -> None:
    one, two = (record("native", 4.0 / n, threads=n, agreement=None) for n in (1, 2))
    for text in (printed(benchmark_of(one, two)), markdown(benchmark_of(one, two))):
        assert "lungrt, native engine (cpu, 1 thread) " in text
        assert "lungrt, native engine (cpu, 2 threads) " in text
    assert "threads" not in markdown(benchmark_of(two))


def test_markdown(example, tmp_path: Path) -> None:
    section = markdown(example, tmp_path / "docs" / "b.svg", tmp_path / "README.md")
    assert "](docs/b.svg)" in section
    assert "2 cores of Abacus 9 (family 25, model 1, AVX2), torch 2.13" in section
    rows = [line for line in section.splitlines() if line.startswith("| lungrt, TorchScript")]
    assert rows[0].endswith(
        "| 1.50 | 1.10 | 6.60 | 1.10 | 2.20 | 11.0 (10.0 - 12.0) | 5.50 | 1.00 GB | 4.0x | - |"
    )
    assert "All 2 configurations found the same 2 candidates and made the same decisions" in section
    assert "no liblungrt_native.so." in section
    assert "/usr" not in section


def test_what_differs_is_marked(benchmark_of, record) -> None:
    ours = record("torchscript", 1.0)
    ours.agreement = replace(ours.agreement, differing_decisions=1)
    benchmark = benchmark_of(record("eager", 4.0), ours)
    section, text = markdown(benchmark), printed(benchmark)
    for shown in (section, text):
        assert "lungrt, TorchScript engine; DECIDES DIFFERENTLY " in shown
        assert "1 OF 2 DECISIONS DIFFER" in shown
    assert "found the same" not in section
    if importlib.util.find_spec("matplotlib"):
        assert plot(benchmark, "svg").count(b"DECIDES DIFFERENTLY") == 1


def test_both_ratios_have_columns_and_are_in_the_chart(benchmark_of, record) -> None:
    records = record("eager", 40.0), record("eager-tuned", 20.0), record("native", 5.0)
    benchmark = benchmark_of(*records)
    section = markdown(benchmark)
    assert "| speed-up over book | speed-up over tuned |" in section
    (ours,) = [line for line in section.splitlines() if line.startswith("| lungrt, native")]
    assert ours.endswith("| 8.0x | 4.0x |")
    assert "a part of the volume" not in section
    if importlib.util.find_spec("matplotlib"):
        shown = " ".join(ElementTree.fromstring(plot(benchmark, "svg")).itertext())
        assert "8.0x book, 4.0x tuned" in shown


def test_disturbed_measurements_are_marked_everywhere(benchmark_of, record, busy) -> None:
    benchmark = benchmark_of(record("eager", 4.0), record("native", 1.0, contention=busy))
    section, text = markdown(benchmark), printed(benchmark)
    for shown in (section, text):
        assert "lungrt, native engine; CONTENDED IN 3 OF 3 " in shown
        assert "CONTENDED: other programs disturbed 3 of 6 measurements" in shown
        assert "(NCHW, batch 4) " in shown  # which is not marked
    if importlib.util.find_spec("matplotlib"):
        assert plot(benchmark, "svg").count(b"CONTENDED IN 3 OF 3") == 1


def test_the_instruction_sets_that_were_used_are_named(benchmark_of, record) -> None:
    benchmark = benchmark_of(
        record("eager", 4.0, arithmetic={"instruction_set": "AVX2"}),
        record("torchscript", 2.0, arithmetic={"instruction_set": "avx2"}),
        record("native", 1.0, arithmetic={"instruction_set": "avx512"}),
    )
    expected = "PyTorch, TorchScript used avx2; native used avx512"
    assert f"Instruction sets: {expected}." in markdown(benchmark)
    assert expected in printed(benchmark)


def test_the_default_precision_of_a_peer_is_named(benchmark_of, record) -> None:
    found = {"precision": "bf16"}
    fp32 = record("openvino", 3.0, arithmetic={"precision": "fp32"})
    usual = record("openvino", 2.0, precision="default", arithmetic=found)
    section = markdown(benchmark_of(fp32, usual))
    assert "| OpenVINO + SciPy, fp32 |" in section
    assert "| OpenVINO + SciPy, its default precision: bf16 |" in section


def test_results_in_the_lung_field_have_a_sentence_of_their_own(
    benchmark_of, record, in_field
) -> None:
    lung = record("native", 2.0, profile="lung", agreement=in_field)
    benchmark = benchmark_of(record("eager", 4.0), record("native", 3.0), lung)
    section = markdown(benchmark)
    assert "| lungrt, native engine (profile lung) |" in section
    assert "Rows with profile lung look at a part of the volume" in section
    assert (
        "All 2 configurations that search the whole volume found the same 2 candidates" in section
    )
    assert "differ by at most 1.0e-06." in section
    assert (
        "Of the 2 candidates, 1 lie in the lung field; configurations that search only there"
        in section
    )
    assert "differ by at most 3.0e-06." in section
    assert (
        "native[profile lung] on cpu, 2 threads compared with eager on cpu, 2 threads: the same "
        "candidates (1 of 2 lie in the lung field), the same 1 decisions, probabilities "
        "differ by at most 3.0e-06"
    ) in printed(benchmark)


def test_the_lung_field_and_only_a_baseline(benchmark_of, record, in_field) -> None:
    lung = record("native", 2.0, profile="lung", agreement=in_field)
    section = markdown(benchmark_of(record("native", 3.0), lung))
    assert "found the same" not in section
    assert "Of the 2 candidates, 1 lie in the lung field" in section


def test_a_difference_in_the_lung_field_is_reported(benchmark_of, record, in_field) -> None:
    differing = replace(in_field, differing_candidates=1)
    lung = record("native", 2.0, profile="lung", agreement=differing)
    section = markdown(benchmark_of(record("eager", 4.0), record("native", 3.0), lung))
    assert "(profile lung): 1 OF 1 CANDIDATES IN THE LUNG FIELD DIFFER" in section
    assert "found the same" not in section
    assert "decide the same" not in section


def test_only_the_text_between_the_markers_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    text = replaced(read_marked(page), "new\n")
    assert text == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    assert replaced(text, "new") == text


@pytest.mark.parametrize(
    "text", ["", BEGIN, f"{END}\n{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}", f"{BEGIN}{BEGIN}{END}"]
)
def test_a_page_without_markers(tmp_path: Path, text: str) -> None:
    page = tmp_path / "README.md"
    page.write_text(text)
    with pytest.raises(
        InvalidArgument, match="expected the line <!-- bench:begin --> and after it"
    ):
        read_marked(page)


def test_a_missing_page(tmp_path: Path) -> None:
    with pytest.raises(Io, match="cannot be read"):
        read_marked(tmp_path / "README.md")


COLOURS = {"#999999", "#0072b2", "#d55e00", "#e69f00"}  # of the four stages


def test_svg_has_a_bar_for_each_stage_and_adapts_to_dark_pages(example) -> None:
    pytest.importorskip("matplotlib")
    svg = plot(example, "svg")
    assert plot(example, "svg") == svg
    text = svg.decode()
    shown = " ".join(ElementTree.fromstring(text).itertext())
    assert "TorchScript engine" in shown
    assert "11.0 s   4.0x book" in shown
    assert "ONNX Runtime" not in shown  # it has no total
    for colour in COLOURS:
        assert text.count(f"fill: {colour}") >= 2  # both configurations
    assert "prefers-color-scheme: dark" in text
    # Every colour that is not of a stage has a counterpart for dark pages.
    used = set(re.findall(r'style="[^"]*fill: (#[0-9a-f]{6})', text))
    assert used - COLOURS <= set(LIGHT.values())


def test_stages_that_overlap_fit_their_total(benchmark_of, record) -> None:
    pytest.importorskip("matplotlib")
    ours = record("torchscript", 10.0, rounds=1)
    ours.measurements[0].runs[0]["total"] = 5.0
    assert b"5.0 s" in plot(benchmark_of(ours), "svg")


def test_png(example) -> None:
    pytest.importorskip("matplotlib")
    assert plot(example, "png").startswith(b"\x89PNG")
