"""The C++ library's engines as runners, on which ``lungrt verify`` replays a bundle's goldens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lungrt.engine_info import engines
from lungrt.stage_network import StageNetwork

if TYPE_CHECKING:
    from collections.abc import Callable

    from lungrt.export.parity import Run
    from lungrt.export.runners import Artifact, Runner

__all__ = ["engine_runners"]


def engine_runners() -> dict[str, Runner]:
    """Return a runner for each engine of this build, on the CPU, by the name "lungrt ENGINE"."""
    from lungrt.export.runners import Runner

    return {
        f"lungrt {engine.name}": Runner(
            format=engine.artifact_format,
            version=engine.version or engine.name,
            open=_opener(engine.name),
            missing="" if engine.available else engine.reason,
            gives_probabilities=True,
        )
        for engine in engines()
    }


def _opener(engine: str) -> Callable[[Artifact], Run]:
    def open_network(artifact: Artifact) -> Run:
        network = StageNetwork(
            artifact.bundle, artifact.stage, engine=engine, member=artifact.member
        )
        return network.run

    return open_network
