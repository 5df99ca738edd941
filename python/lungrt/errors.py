"""Exceptions that lungrt raises.

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

The C++ library has an error code of the same name for each; its errors are raised as these classes.
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
    """Base class of all errors of lungrt."""


class InvalidArgument(Error, ValueError):
    """An argument or option is wrong."""


class BadVolume(Error, ValueError):
    """A CT volume or DICOM series cannot be diagnosed as it is."""


class BadBundle(Error):
    """A bundle is damaged, incomplete or inconsistent."""


class CheckpointMismatch(Error):
    """A file is not a checkpoint, or a checkpoint does not fit its architecture."""


class UnsupportedVersion(Error):
    """A bundle, engine library or runtime has a version that this build does not support."""


class EngineUnavailable(Error):
    """An inference engine is not installed or cannot be loaded."""


class DeviceUnavailable(Error):
    """The requested device is not available."""


class OutOfMemory(Error, MemoryError):
    """Host or device memory ran out."""


class ResourceLimit(Error):
    """A run reached its limit of time, memory or candidates."""


class Cancelled(Error):
    """The caller cancelled the run."""


class Inference(Error):
    """An engine failed to run a network, or its output is out of tolerance."""


class Io(Error, OSError):
    """A file cannot be read or written."""
