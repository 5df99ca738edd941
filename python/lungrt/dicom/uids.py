"""UIDs that are derived from what an object is made of, so that the same run gives the same ones.

A UID is ``2.25.`` and the decimal number of a UUID of version 5 (RFC 4122, X.667): the SHA-1 of a
namespace of lungrt's own and of a JSON list of texts and numbers.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lungrt import Report
    from lungrt.dicom.source import SourceSeries

__all__ = ["derived_uid", "device_uid", "run_key"]

_NAMESPACE = uuid.UUID("5d3b4a9e-7c0f-5f42-9c1e-6a2f0b7d8e13")


def derived_uid(*parts: object) -> str:
    """Derive a UID of values that JSON can hold; the same values always give the same UID."""
    name = json.dumps(parts, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    return f"2.25.{uuid.uuid5(_NAMESPACE, name).int}"


def device_uid(report: Report) -> str:
    """UID of the device that an archive sees: the bundle with its networks."""
    return derived_uid("device", report.provenance.bundle_sha256)


def run_key(report: Report, source: SourceSeries) -> str:
    """Name a run by all that determines its results: slices, bundle, options and engine.

    The slices stand for the series and the part of it, because a part has another number as soon
    as its folder holds other files.
    """
    return derived_uid(
        "run",
        source.series_uid,
        [[one.instance_uid, one.frame] for one in source.slices],
        source.volume.is_interpolated,
        report.provenance.lungrt_version,
        report.provenance.bundle_sha256,
        report.to_dict(with_candidates=False)["options"],
        report.engine,
        report.device.partition(":")[0],
    )
