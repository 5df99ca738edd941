"""Every exception that lungrt raises.

::

    Error
    ├── InvalidArgument      (ValueError)
    ├── BadVolume            (ValueError)
    ├── BadBundle
    ├── CheckpointMismatch
    ├── UnsupportedVersion
    ├── EngineUnavailable
    ├── DeviceUnavailable
    ├── OutOfMemory          (MemoryError)
    ├── ResourceLimit
    ├── Cancelled
    ├── Inference
    └── Io                   (OSError)

The C++ library's error codes have the same names and arrive as these classes.
"""

from __future__ import annotations

__all__ = [
    "BadBundle",
    "BadVolume",
    "Cancelled",
    "CheckpointMismatch",
    "DeviceUnavailable",
    "EngineUnavailable",
    "Error",
    "Inference",
    "InvalidArgument",
    "Io",
    "OutOfMemory",
    "ResourceLimit",
    "UnsupportedVersion",
]


class Error(Exception):
    """Base of all errors of lungrt."""


class InvalidArgument(Error, ValueError):
    """A caller's argument or option."""


class BadVolume(Error, ValueError):
    """A CT volume or DICOM series that cannot be diagnosed as it is."""


class BadBundle(Error):
    """A bundle that is damaged, incomplete or contradicts itself."""


class CheckpointMismatch(Error):
    """A checkpoint that does not fit its architecture, or is no checkpoint."""


class UnsupportedVersion(Error):
    """A bundle, engine library or runtime of a version that this build does not know."""


class EngineUnavailable(Error):
    """An inference engine that is not installed or cannot be loaded."""


class DeviceUnavailable(Error):
    """A device that was asked for and is not there."""


class OutOfMemory(Error, MemoryError):
    """Host or device memory ran out."""


class ResourceLimit(Error):
    """A limit of the run options was reached."""


class Cancelled(Error):
    """The caller cancelled the run."""


class Inference(Error):
    """An engine failed while it ran a network, or its output is out of tolerance."""


class Io(Error, OSError):
    """A file that cannot be read or written."""
