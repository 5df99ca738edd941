"""Which configurations are measured, and the reasons why others are not."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

import lungrt
from lungrt.benchmark import plan as planning
from lungrt.benchmark.configuration import Configuration
from lungrt.benchmark.plan import Selection, Skipped, parse_option_set, plan_configurations
from lungrt.errors import InvalidArgument


@dataclass
class Engine:
    name: str
    available: bool = True
    reason: str = ""
    devices: list[str] = field(default_factory=lambda: ["cpu"])
    precisions: dict[str, list[str]] = field(
        default_factory=lambda: {"cpu": ["fp32"], "cuda:0": ["fp32", "tf32", "fp16"]}
    )


ENGINES = [
    Engine("native"),
    Engine("torchscript", devices=["cpu", "cuda:0 (NVIDIA H100)"]),
    Engine("onnxruntime", available=False, reason="no library", devices=[]),
]


@pytest.fixture(autouse=True)
def _all_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning.importlib.util, "find_spec", lambda name: object())


def test_every_engine_and_eager_on_every_device_and_number_of_threads() -> None:
    plan = plan_configurations(Selection(threads=[1, 2]), ENGINES)
    assert [(c.name, c.device, c.threads) for c in plan.configurations] == [
        ("eager", "cpu", 1),
        ("eager-tuned", "cpu", 1),
        ("native", "cpu", 1),
        ("torchscript", "cpu", 1),
        ("eager", "cpu", 2),
        ("eager-tuned", "cpu", 2),
        ("native", "cpu", 2),
        ("torchscript", "cpu", 2),
        ("eager", "cuda:0", 1),
        ("eager-tuned", "cuda:0", 1),
        ("torchscript", "cuda:0", 1),
        ("eager", "cuda:0", 2),
        ("eager-tuned", "cuda:0", 2),
        ("torchscript", "cuda:0", 2),
    ]
    assert plan.skipped == [
        Skipped("engine onnxruntime", "no library"),
        Skipped("engine native on cuda:0", "it can only use cpu on this machine"),
    ]
    assert len({configuration.key for configuration in plan.configurations}) == len(
        plan.configurations
    )


def test_a_configuration_for_each_supported_precision() -> None:
    selection = Selection(threads=[1], eager=False, precisions=["fp32", "tf32", "bf16"])
    plan = plan_configurations(selection, ENGINES)
    assert [(c.name, c.device, c.precision) for c in plan.configurations] == [
        ("native", "cpu", "fp32"),
        ("torchscript", "cpu", "fp32"),
        ("torchscript", "cuda:0", "fp32"),
        ("torchscript", "cuda:0", "tf32"),
    ]
    assert len({configuration.key for configuration in plan.configurations}) == len(
        plan.configurations
    )
    assert "tf32" in plan.configurations[-1].title
    for skipped in (
        Skipped("engine native in tf32 on cpu", "it supports fp32 there"),
        Skipped("engine torchscript in bf16 on cpu", "it supports fp32 there"),
        Skipped("engine torchscript in bf16 on cuda:0", "it supports fp32, tf32, fp16 there"),
    ):
        assert skipped in plan.skipped


def test_a_precision_that_does_not_exist() -> None:
    with pytest.raises(InvalidArgument, match="unknown precision 'half'; expected fp32, tf32"):
        plan_configurations(Selection(threads=[1], precisions=["half"]), ENGINES)


def test_a_configuration_for_each_profile_with_the_defaults() -> None:
    selection = Selection(
        threads=[1],
        engines=["torchscript"],
        option_sets=[("torchscript", {"batch": "8"})],
        devices=["cuda"],
        precisions=["tf32"],
        profiles=["lung", "book"],
    )
    plan = plan_configurations(selection, ENGINES)
    assert [(c.name, c.precision, dict(c.options), c.profile) for c in plan.configurations] == [
        ("eager", "fp32", {}, "book"),
        ("eager-tuned", "fp32", {}, "book"),
        ("torchscript", "fp32", {}, "book"),
        ("torchscript", "fp32", {}, "lung"),
        ("torchscript", "fp32", {"batch": "8"}, "book"),
        ("torchscript", "tf32", {}, "book"),
        ("torchscript", "tf32", {"batch": "8"}, "book"),
    ]
    lung = plan.configurations[3]
    assert lung.title == "lungrt, TorchScript engine (profile lung)"
    assert lung.key == "torchscript[profile lung] on cuda:0, 1 thread"
    assert len({configuration.key for configuration in plan.configurations}) == len(
        plan.configurations
    )


def test_a_profile_that_does_not_exist() -> None:
    with pytest.raises(InvalidArgument, match="unknown profile 'heart'; expected book, lung"):
        plan_configurations(Selection(threads=[1], profiles=["lung", "heart"]), ENGINES)


def test_profiles_are_those_of_the_library(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the library searches for packages itself
    for profile in planning.PROFILES:
        assert lungrt.Pipeline(tiny_bundle, profile=profile).profile.profile == profile
    with pytest.raises(InvalidArgument, match=f"expected {' or '.join(planning.PROFILES)}"):
        lungrt.Pipeline(tiny_bundle, profile="heart")


def test_chosen_engines_devices_and_option_sets() -> None:
    selection = Selection(
        threads=[2],
        engines=["torchscript"],
        option_sets=[("torchscript", {"batch": "8"}), ("torchscript", {"batch": "16"})],
        devices=["cuda"],
        eager=False,
    )
    plan = plan_configurations(selection, ENGINES)
    assert plan.configurations == [
        Configuration("torchscript", "cuda:0", 2),
        Configuration("torchscript", "cuda:0", 2, {"batch": "8"}),
        Configuration("torchscript", "cuda:0", 2, {"batch": "16"}),
    ]
    assert plan.configurations[1].title == "lungrt, TorchScript engine (batch=8)"
    assert plan.skipped == [Skipped("eager PyTorch", "disabled by --no-eager")]


def test_missing_packages_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        planning.importlib.util, "find_spec", lambda name: None if name == "scipy" else object()
    )
    plan = plan_configurations(Selection(threads=[1]), ENGINES[:1])
    assert [c.name for c in plan.configurations] == ["native"]
    (skipped,) = plan.skipped
    assert skipped.what == "eager PyTorch"
    assert skipped.why.startswith("needs scipy, not installed; run pip install 'lungrt[bench")


@pytest.mark.parametrize(
    "selection",
    [
        Selection(threads=[1], engines=["tensorflow"]),
        Selection(threads=[1], option_sets=[("tensorflow", {})]),
    ],
)
def test_unknown_engine(selection: Selection) -> None:
    with pytest.raises(
        InvalidArgument, match="unknown engine 'tensorflow'; expected native, torch"
    ):
        plan_configurations(selection, ENGINES)


@pytest.mark.parametrize("device", ["gpu", "auto", "cuda:", "cuda:x", ""])
def test_unknown_device(device: str) -> None:
    with pytest.raises(InvalidArgument, match="expected cpu, cuda or cuda:N"):
        plan_configurations(Selection(threads=[1], devices=[device]), ENGINES)


def test_option_sets() -> None:
    assert parse_option_set("onnxruntime:batch=8,arena=off") == (
        "onnxruntime",
        {"batch": "8", "arena": "off"},
    )
    assert parse_option_set("native:kernels=a=b") == ("native", {"kernels": "a=b"})


@pytest.mark.parametrize(
    "text", ["batch=8", ":batch=8", "native:", "native:batch", "native:a=1,a=2", "native:a=1,"]
)
def test_option_set_of_another_form(text: str) -> None:
    with pytest.raises(InvalidArgument, match="expected ENGINE:NAME=VALUE"):
        parse_option_set(text)


def test_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MALLOC_ARENA_MAX", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "GLIBC_TUNABLES"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HARMLESS", "1")
    for name in ("eager", "torchscript"):
        environment = Configuration(name).environment()
        assert not [n for n in environment if n.startswith(("MALLOC_", "OMP_", "MKL_", "GLIBC_"))]
        assert environment["HARMLESS"] == "1"
    tuned = {n for n in Configuration("eager-tuned").environment() if n.startswith("MALLOC_")}
    assert tuned == {"MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"}
