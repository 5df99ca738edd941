"""Log messages of the library, as records of the logger ``lungrt``.

::

    import logging

    logging.basicConfig(level=logging.INFO)

shows which engine was chosen and why the others were not, the begin and end of each stage with its
figures, and warnings when something could not be done as intended. By default nothing is shown.
Messages contain counts, sizes, fractions and times, but no data of a patient.
"""

from __future__ import annotations

import atexit
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    LogCallback = Callable[[int, str], object]

__all__ = ["connect"]

_LOGGER = logging.getLogger("lungrt")
_LOGGER.addHandler(logging.NullHandler())
_LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING)


def connect(set_log_callback: Callable[[LogCallback | None, int], object]) -> None:
    """Send the compiled module's messages to the logger; the module calls this when it is loaded.

    Parameters
    ----------
    set_log_callback
        The module's function of that name.
    """
    set_log_callback(_log, 0)
    # Threads of a C++ application may log something after the interpreter has shut down.
    atexit.register(set_log_callback, None, 0)


def _log(level: int, message: str) -> None:
    _LOGGER.log(_LEVELS[level], message)
