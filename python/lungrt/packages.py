"""Optional packages: what to install where one is missing."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from lungrt.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lungrt.errors import Error

__all__ = ["require_packages"]

# Packages whose module has another name.
_PACKAGES = {"jinja2": "Jinja2", "sklearn": "scikit-learn"}


def require_packages(
    what: str, modules: Iterable[str], extra: str, error: type[Error] = EngineUnavailable
) -> None:
    """Check that optional packages are installed, without importing them.

    Parameters
    ----------
    what : str
        What needs them, as the beginning of a sentence: ``"training"``.
    modules : iterable of str
        Names of their modules.
    extra : str
        The extras of lungrt that bring them: ``"torch,onnx"``.
    error : type
        Class of the error.

    Raises
    ------
    lungrt.errors.Error
        Of the class `error`, if one is missing.
    """
    missing = [
        _PACKAGES.get(name, name) for name in modules if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise error(
            f"{what} needs {' and '.join(missing)}, which is not installed; run "
            f"pip install 'lungrt[{extra}]'"
        )
