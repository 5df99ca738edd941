"""Programs that tests run and nobody has to have: `make setup` installs them by apt-get.

Where there is no apt-get, such a test is skipped, with a reason. In continuous integration (`CI` is
set) it fails instead, because there a check that does not run is a check that is lost.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

__all__ = ["needs_program"]


def needs_program(name: str, package: str) -> str:
    """Return the path of a program, or skip the test; in continuous integration, fail it.

    Parameters
    ----------
    name
        Name of the program, or path of a file.
    package
        What brings it, for the message: a package of Debian or of PyPI.
    """
    found = name if "/" in name and Path(name).is_file() else shutil.which(name)
    if found:
        return found
    reason = f"needs {name}, which the package {package} brings; `make setup` installs it"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
