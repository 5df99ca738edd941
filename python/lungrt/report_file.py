"""Reports as `lungrt diagnose` wrote them, read as what comes from elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lungrt import _core
from lungrt.errors import InvalidArgument, Io, UnsupportedVersion

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load_report", "require_report"]


def load_report(path: Path) -> dict[str, Any]:
    """Read a report that ``lungrt diagnose --output FILE.json --candidates`` wrote.

    Raises
    ------
    lungrt.errors.Io
        The file cannot be read.
    lungrt.errors.InvalidArgument, lungrt.errors.UnsupportedVersion
        See `require_report`.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise Io(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:  # no text, no JSON, or nested without end
        raise InvalidArgument(
            f"{path}: is no report; expected the JSON of lungrt diagnose --output FILE.json "
            f"({error})"
        ) from error
    return require_report(content, str(path))


def require_report(content: Any, name: str) -> dict[str, Any]:
    """Return what was read where it says that it is a report with candidates.

    Parameters
    ----------
    content
        JSON; what stands inside of a report is not checked here.
    name : str
        For messages.

    Raises
    ------
    lungrt.errors.InvalidArgument
        It is no report, or one without candidates.
    lungrt.errors.UnsupportedVersion
        It is a report of a version that this build does not know.
    """
    known = _core.report_format_version
    if not isinstance(content, dict) or "format_version" not in content:
        raise InvalidArgument(f"{name}: is no report of lungrt: it has no format_version")
    if content["format_version"] != known:
        raise UnsupportedVersion(
            f"{name}: is a report of format_version {content['format_version']}, this lungrt "
            f"knows version {known}; write it again with this lungrt"
        )
    if "candidates" not in content:
        raise InvalidArgument(
            f"{name}: has no candidates, only the nodules that were reported, and every candidate "
            "counts here; write it again with lungrt diagnose --candidates"
        )
    return content
