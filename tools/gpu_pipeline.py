"""Python part of `tools/gpu_check.sh`: convert CTs to arrays, and measure whole diagnoses."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

ROUNDS = 7
STAGES = ("transfer", "segment", "group", "classify", "total")
# Target for a warm diagnosis on an H100, without reading, of a CT with at most 133 slices.
MOST_SECONDS = 0.4


def save(path: Path, volume: Any) -> None:
    """Write a CT as an array with its geometry, so that it can be loaded without a reader."""
    geometry = volume.geometry
    np.savez_compressed(
        path,
        hu=volume.hu,
        origin_mm=geometry.origin_mm,
        spacing_mm=geometry.spacing_mm,
        direction=geometry.direction,
    )


def convert(folder: Path, series: list[Path]) -> None:
    """Convert each CT to a file with its name."""
    import lungrt

    for source in series:
        volume = lungrt.read_ct(source)
        save(folder / f"{source.name}.npz", volume)
        print(f"{source.name}: {' x '.join(map(str, volume.shape))} voxels")


def volume_of(path: Path) -> Any:
    """Load a CT that `save` has written."""
    import lungrt

    with np.load(path) as ct:
        geometry = lungrt.Geometry(ct["origin_mm"], ct["spacing_mm"], ct["direction"])
        return lungrt.CtVolume(ct["hu"], geometry)


def bundle_of(folder: Path) -> Path:
    """Export the checkpoints with the installed torch, unless that was done before."""
    bundle = folder / "bundle"
    if not (bundle / "manifest.json").is_file():
        states = folder / "checkpoints"
        command = [sys.executable, "-m", "lungrt", "export", "--output", str(bundle)]
        command += ["--formats", "torchscript,safetensors"]
        for stage, pattern in (("--segmentation", "seg_*.state"), ("--nodule", "cls_*.state")):
            command += [stage, str(next(states.glob(pattern)))]
        subprocess.run(command, check=True)
    return bundle


def timed(pipeline: Any, volume: Any) -> dict[str, float]:
    """Return the median seconds of each stage over several warm runs."""
    runs = [pipeline.run(volume).timings_s for _ in range(ROUNDS + 2)][2:]
    return {stage: statistics.median(run.get(stage, 0.0) for run in runs) for stage in STAGES}


def measure(folder: Path, output: Path) -> int:
    """Measure each CT alone and two runs at once, print a table, and return the exit status."""
    import lungrt

    pipeline = lungrt.Pipeline(
        bundle_of(folder), engine="torchscript", device="cuda", profile="book"
    )
    results: dict[str, Any] = {}
    print(
        f"{'CT':24} {'slices':>6} " + " ".join(f"{stage:>9}" for stage in STAGES) + "   two at once"
    )
    for path in sorted((folder / "ct").glob("*.npz")):
        volume = volume_of(path)
        row: dict[str, Any] = {"slices": volume.shape[0], "alone_s": timed(pipeline, volume)}
        with ThreadPoolExecutor(2) as both:
            list(
                both.map(pipeline.run, [volume] * 2)
            )  # warm-up: allocates the memory of the second stream
            start = time.perf_counter()
            list(both.map(pipeline.run, [volume] * 2 * ROUNDS))
            row["two_at_once_s_a_scan"] = (time.perf_counter() - start) / (2 * ROUNDS)
        report = pipeline.run(volume)
        row["candidates"], row["notes"] = len(report.candidates), list(report.provenance.notes)
        results[path.stem] = row
        seconds = " ".join(f"{row['alone_s'][stage]:9.4f}" for stage in STAGES)
        print(
            f"{path.stem[:24]:24} {row['slices']:6d} {seconds}   {row['two_at_once_s_a_scan']:.4f}"
        )
        for note in row["notes"]:
            print(f"  note: {note}")
    results["device"] = report.provenance.device_name
    aside = output.with_suffix(".part")
    aside.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    aside.replace(output)
    slow = [
        name
        for name, row in results.items()
        if name != "device" and row["slices"] <= 133 and row["alone_s"]["total"] > MOST_SECONDS
    ]
    if slow:
        print(f"slower than {MOST_SECONDS} s: {', '.join(slow)}", file=sys.stderr)
    return 1 if slow else 0


def main() -> int:
    """Run one of the two commands."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    converting = commands.add_parser("convert", help="convert CTs to arrays")
    converting.add_argument("folder", type=Path, help="folder to write to")
    converting.add_argument("series", type=Path, nargs="+", help="CTs to convert")
    measuring = commands.add_parser("measure", help="measure whole diagnoses on a GPU")
    measuring.add_argument("folder", type=Path, help="folder prepared by gpu_check.sh")
    measuring.add_argument("--output", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args()
    if options.command == "convert":
        convert(options.folder, options.series)
        return 0
    return measure(options.folder, options.output)


if __name__ == "__main__":
    sys.exit(main())
