"""Reading of JSON reports, which are validated because they may come from elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lungrt import _core
from lungrt.errors import InvalidArgument, Io, UnsupportedVersion

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load_report", "validate_report"]


def load_report(path: Path) -> dict[str, Any]:
    """Read a report written by ``lungrt diagnose --output FILE.json --candidates``.

    Raises
    ------
    lungrt.errors.Io
        If the file cannot be read.
    lungrt.errors.InvalidArgument, lungrt.errors.UnsupportedVersion
        See `validate_report`.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise Io(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:  # not text, not JSON, or nested too deeply
        raise InvalidArgument(
            f"{path}: not a report of lungrt: it is not JSON ({error}); expected a file written by "
            "lungrt diagnose --candidates --output FILE.json"
        ) from error
    return validate_report(content, str(path))


def validate_report(content: Any, name: str) -> dict[str, Any]:
    """Return parsed JSON, after checking that it is a report with candidates.

    Parameters
    ----------
    content
        Parsed JSON. Only the format version and the presence of candidates are checked.
    name : str
        Name of the report in messages.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If it is not a report, or a report without candidates.
    lungrt.errors.UnsupportedVersion
        If the report has a format version that this build does not support.
    """
    known = _core.report_format_version
    if not isinstance(content, dict) or "format_version" not in content:
        raise InvalidArgument(f"{name}: not a report of lungrt: it has no format_version")
    if content["format_version"] != known:
        raise UnsupportedVersion(
            f"{name}: the report has format_version {content['format_version']}, but this lungrt "
            f"supports version {known}; write it again with this version of lungrt"
        )
    if "candidates" not in content:
        raise InvalidArgument(
            f"{name}: the report has no candidates, only nodules, but all candidates are needed; "
            "write it again with lungrt diagnose --candidates"
        )
    return content
