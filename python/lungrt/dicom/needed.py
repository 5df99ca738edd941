"""Checks, when it is imported, that the optional packages are installed."""

from __future__ import annotations

from lungrt.errors import InvalidArgument
from lungrt.packages import require_packages

require_packages("lungrt.dicom", ("highdicom",), "dicom", InvalidArgument)
