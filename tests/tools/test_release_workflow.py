"""The release workflow agrees with the project, and publishes only what was tried."""

from __future__ import annotations

import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"

if not WORKFLOW.is_file():
    pytest.skip("packed sources have no workflows", allow_module_level=True)


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    content: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def pythons() -> list[str]:
    """Return the versions that the package says it runs on."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return re.findall(r'"Programming Language :: Python :: (3\.\d+)"', text)


def test_every_python_is_built_and_tried(workflow: dict[Any, Any], pythons: list[str]) -> None:
    assert pythons == ["3.10", "3.11", "3.12", "3.13"]
    jobs = workflow["jobs"]
    assert jobs["install"]["strategy"]["matrix"]["python"] == pythons
    tags = [f"cp{version.replace('.', '')}" for version in pythons]
    assert jobs["core"]["strategy"]["matrix"]["python"] == tags


def test_the_oldest_and_the_newest_torch_are_tried(workflow: dict[Any, Any]) -> None:
    minors = workflow["env"]["TORCH_MINORS"].split()
    assert workflow["jobs"]["install"]["strategy"]["matrix"]["torch"] == ["", minors[0], minors[-1]]
    torch = (ROOT / "packaging" / "torch" / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"torch>={minors[0]}"' in torch


@pytest.mark.parametrize(("tag", "status"), [("v{}", 0), ("v{}.1", 1), ("v1{}", 1), ("{}-v", 1)])
def test_a_tag_of_another_version_is_refused(
    tag: str, status: int, workflow: dict[Any, Any]
) -> None:
    (step,) = (
        s for s in workflow["jobs"]["sdist"]["steps"] if "GITHUB_REF_NAME" in s.get("run", "")
    )
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    found = re.search(r"lungrt\s+VERSION (\S+)", text)
    assert found
    done = subprocess.run(
        ["bash", "-c", step["run"]],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "GITHUB_REF_NAME": tag.format(found[1])},
        check=False,
    )
    assert done.returncode == status


def before(name: str, jobs: dict[str, Any]) -> set[str]:
    """Return the jobs that have to succeed before a job begins."""
    needs = jobs[name].get("needs", [])
    direct = {needs} if isinstance(needs, str) else {*needs}
    return direct.union(*(before(job, jobs) for job in direct))


def test_what_is_published_was_uploaded_and_tried_before(workflow: dict[Any, Any]) -> None:
    jobs = workflow["jobs"]
    (download,) = (s for s in jobs["publish"]["steps"] if "download" in s.get("uses", ""))
    published = [
        name
        for name, job in jobs.items()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/upload-artifact")
        and fnmatch(step["with"]["name"], download["with"]["pattern"])
    ]
    earlier = before("publish", jobs)
    assert published
    assert {*published} <= earlier
    assert "install" in earlier
    assert {*published} - {"sdist"} <= before("install", jobs)


def test_only_publishing_a_tag_may_write_anything(workflow: dict[Any, Any]) -> None:
    granted = {
        name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job
    }
    assert [name for name, job in granted.items() if "write" in job.values()] == ["publish"]
    assert "write" not in workflow["permissions"].values()
    assert workflow["jobs"]["publish"]["if"] == "startsWith(github.ref, 'refs/tags/v')"
