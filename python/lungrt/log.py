"""What the library tells about its work, as records of the logger ``lungrt``.

::

    import logging

    logging.basicConfig(level=logging.INFO)

shows which engine was chosen and why others were not, begin and end of stages with their figures,
and where something went on in another way than it should. Without such a line nothing is shown.
Records tell counts, sizes, shares and times, and nothing of a patient.
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
    """Let the compiled module's messages go to the logger; the module calls it when it is loaded.

    Parameters
    ----------
    set_log_callback
        The module's function of that name.
    """
    set_log_callback(_tell, 0)
    # Threads of a C++ application may tell something after the interpreter has gone.
    atexit.register(set_log_callback, None, 0)


def _tell(level: int, message: str) -> None:
    _LOGGER.log(_LEVELS[level], message)
