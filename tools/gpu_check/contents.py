"""What is where in a prepared folder."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROFILES = ("book", "lung")
STAGES = ("segmentation", "nodule")


class Failure(Exception):
    """The command cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class Folder:
    """A prepared folder; the attributes are its parts."""

    root: Path

    @property
    def package(self) -> Path:
        """The Python package with its libraries; of a build on the GPU machine, if there was one.

        It does not exist where the machine's own lungrt is checked.
        """
        built = self.root / "built" / "package"
        return built if built.is_dir() else self.root / "package"

    @property
    def programs(self) -> Path:
        """Programs: tests and benchmark of the kernels."""
        return self.root / "programs"

    @property
    def sources(self) -> Path:
        """Packed sources, for a machine on which the binaries do not load."""
        return self.root / "sources.tar.xz"

    @property
    def bundle(self) -> Path:
        """The bundle, exported with the torch of the GPU machine."""
        return self.root / "bundle"

    @property
    def checkpoints(self) -> Path:
        """The checkpoints: STAGE.state."""
        return self.root / "checkpoints"

    @property
    def ct(self) -> Path:
        """The packed CT."""
        return self.root / "ct.npz"

    @property
    def golden(self) -> Path:
        """Golden mask of the CT; it may be missing."""
        return self.root / "golden_mask.npz"

    @property
    def tests(self) -> Path:
        """Tests in Python that need a GPU."""
        return self.root / "tests"

    @property
    def description(self) -> Path:
        """What the folder was made from."""
        return self.root / "contents.json"

    def report(self, profile: str) -> Path:
        """Report of the CPU."""
        return self.root / "reference" / f"{profile}.json"

    def mask(self, profile: str) -> Path:
        """Mask of the CPU before erosion, packed."""
        return self.root / "reference" / f"{profile}_mask.npz"

    def describe(self) -> dict[str, Any]:
        """Read what the folder was made from.

        Raises
        ------
        Failure
            It is not a prepared folder.
        """
        if not self.description.is_file():
            raise Failure(
                f"{self.root} is not a prepared folder: it has no {self.description.name}; "
                "run the command prepare first"
            )
        content: dict[str, Any] = json.loads(self.description.read_text(encoding="utf-8"))
        return content

    def environment(self) -> dict[str, str]:
        """Return the environment in which Python finds this folder's lungrt first."""
        paths = [str(self.package)] if self.package.is_dir() else []
        paths += [os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else []
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_WAIT_POLICY": "passive",
        }


def megabytes(path: Path) -> float:
    """Size in MiB of a file or of everything in a folder."""
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(one.stat().st_size for one in files) / 2**20
