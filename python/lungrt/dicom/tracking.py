"""Identifiers of nodules, which a segmentation and its report share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lungrt.dicom.uids import derived_uid

if TYPE_CHECKING:
    from lungrt import Report

__all__ = ["Tracking", "tracking_of"]


@dataclass(frozen=True)
class Tracking:
    """Identifier for people and UID for programs."""

    identifier: str
    uid: str


def tracking_of(report: Report, key: str) -> list[Tracking]:
    """Identify the nodules of a report, in its order."""
    return [
        Tracking(f"Nodule {number}", derived_uid(key, "nodule", number))
        for number in range(1, len(report.nodules) + 1)
    ]
