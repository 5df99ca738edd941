"""Which configurations are measured, and the reasons why others are not."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

import lungrt
from lungrt.benchmark import plan as planning
from lungrt.benchmark.plan import (
    Configuration,
    Plan,
    Skipped,
    parse_option_set,
    plan_configurations,
)
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


def planned(**selection: object) -> Plan:
    plan = plan_configurations(ENGINES, **{"threads": [1]} | selection)  # type: ignore[arg-type]
    keys = {configuration.key for configuration in plan.configurations}
    assert len(keys) == len(plan.configurations)
    return plan


def test_every_engine_and_eager_on_every_device_and_number_of_threads() -> None:
    plan = planned(threads=[1, 2])
    everything = ("eager", "eager-tuned", "native", "torchscript", "openvino", "openvino")
    on_gpu = ("eager", "eager-tuned", "torchscript")
    assert [(c.name, c.device, c.threads) for c in plan.configurations] == [
        (name, device, threads)
        for device, names in (("cpu", everything), ("cuda:0", on_gpu))
        for threads in (1, 2)
        for name in names
    ]
    assert plan.skipped == [
        Skipped("engine onnxruntime", "no library"),
        Skipped("engine native on cuda:0", "it can only use cpu on this machine"),
    ]


def test_a_configuration_for_each_supported_precision() -> None:
    names = ["native", "torchscript"]
    plan = planned(names=names, eager=False, precisions=["fp32", "tf32", "bf16"])
    assert [(c.name, c.device, c.precision) for c in plan.configurations] == [
        ("native", "cpu", "fp32"),
        ("torchscript", "cpu", "fp32"),
        ("torchscript", "cuda:0", "fp32"),
        ("torchscript", "cuda:0", "tf32"),
    ]
    assert plan.configurations[-1].title == "lungrt, TorchScript engine (tf32)"
    for skipped in (
        Skipped("engine native in tf32 on cpu", "it supports fp32 there"),
        Skipped("engine torchscript in bf16 on cpu", "it supports fp32 there"),
        Skipped("engine torchscript in bf16 on cuda:0", "it supports fp32, tf32, fp16 there"),
    ):
        assert skipped in plan.skipped


def test_a_configuration_for_each_profile_with_the_defaults() -> None:
    plan = planned(
        names=["torchscript"],
        option_sets=[("torchscript", {"batch": "8"})],
        devices=["cuda"],
        precisions=["tf32"],
        profiles=["lung", "book"],
    )
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


def test_chosen_engines_devices_and_option_sets() -> None:
    plan = planned(
        threads=[2],
        names=["torchscript"],
        option_sets=[("torchscript", {"batch": "8"}), ("torchscript", {"batch": "16"})],
        devices=["cuda"],
        eager=False,
    )
    assert plan.configurations == [
        Configuration("torchscript", "cuda:0", 2),
        Configuration("torchscript", "cuda:0", 2, {"batch": "8"}),
        Configuration("torchscript", "cuda:0", 2, {"batch": "16"}),
    ]
    assert plan.configurations[1].title == "lungrt, TorchScript engine (batch=8)"
    assert plan.skipped == [Skipped("eager PyTorch", "disabled by --no-eager")]


def test_profiles_are_those_of_the_library(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the library searches for packages itself
    for profile in planning.PROFILES:
        assert lungrt.Pipeline(tiny_bundle, profile=profile).profile.profile == profile
    with pytest.raises(InvalidArgument, match=f"expected {' or '.join(planning.PROFILES)}"):
        lungrt.Pipeline(tiny_bundle, profile="heart")


def test_missing_packages_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        planning.importlib.util, "find_spec", lambda name: None if name == "scipy" else object()
    )
    plan = planned(names=["native"], devices=["cpu"])
    assert [c.name for c in plan.configurations] == ["native"]
    (skipped,) = plan.skipped
    assert skipped.what == "eager PyTorch"
    assert skipped.why.startswith("needs scipy, not installed; run pip install 'lungrt[bench")


def test_openvino_is_a_peer_on_the_cpu_in_two_precisions() -> None:
    plan = planned(names=["openvino"], threads=[1, 2], devices=["cpu", "cuda"], eager=False)
    assert [(c.device, c.threads, c.precision) for c in plan.configurations] == [
        ("cpu", threads, precision) for threads in (1, 2) for precision in ("fp32", "default")
    ]
    assert plan.configurations[1].title == "OpenVINO + SciPy, its default precision"
    assert plan.configurations[1].key == "openvino[default] on cpu, 1 thread"
    assert "openvino" not in [c.name for c in planned(names=["native"]).configurations]
    with pytest.raises(InvalidArgument, match="unknown engine 'openvino'; expected native"):
        planned(option_sets=[("openvino", {"a": "1"})])


def test_pipelines_in_python_know_the_stored_order_only() -> None:
    plan = planned(voxel_order="patient", devices=["cpu"])
    assert {c.name for c in plan.configurations} == {"native", "torchscript"}
    for what in ("eager PyTorch", "OpenVINO"):
        why = "knows only the stored order of voxels, not --voxel-order patient"
        assert Skipped(what, why) in plan.skipped
    assert {c.name for c in planned(voxel_order="stored").configurations} >= {"eager", "openvino"}


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
