"""One measurement of one way to diagnose a CT, in a process of its own; prints JSON.

Run by end_to_end.py, which gives each process the C library's defaults or the settings that the
contender's own documentation recommends, and interleaves them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

PROCESS_START = time.perf_counter()


def run_lungrt(bundle: Path, ct: Path, threads: int, engine: str) -> dict[str, Any]:
    """The library, with the settings that its own command makes."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import lungrt
    from lungrt import _core

    _core.tune_allocator()
    pipeline = lungrt.Pipeline(bundle, engine=engine, threads=threads)
    ready = time.perf_counter()
    volume = lungrt.read_ct(ct)
    read = time.perf_counter()
    report = pipeline.run(volume)
    done = time.perf_counter()
    result = report.to_dict()
    return {
        "start": ready - PROCESS_START,
        "read": read - ready,
        "segment": result["timings_s"]["segment"],
        "group": result["timings_s"]["group"],
        "classify": result["timings_s"]["classify"],
        "total": done - ready,
        "indices": [c["index"] for c in result["candidates"]],
        "p_nodule": [c["p_nodule"] for c in result["candidates"]],
    }


def run_eager(
    segmentation: Path, nodule: Path, ct: Path, threads: int, tuned: bool
) -> dict[str, Any]:
    """Eager PyTorch and SciPy: as the book's code runs it, or tuned as far as settings go."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "parity"))
    import eager_pipeline as eager
    import torch

    torch.set_num_threads(threads)
    networks = eager.load_networks(segmentation, nodule, channels_last=tuned)
    ready = time.perf_counter()
    scan = eager.read_dicom(ct)
    read = time.perf_counter()
    result = eager.run(scan, networks, batch=8 if tuned else 4)
    done = time.perf_counter()
    return {
        "start": ready - PROCESS_START,
        "read": read - ready,
        **{stage: result.timings_s[stage] for stage in ("segment", "group", "classify")},
        "total": done - ready,
        "indices": [list(map(int, i)) for i in result.indices],
        "p_nodule": [float(p) for p in result.p_nodule],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("contender", choices=["lungrt", "eager", "eager-tuned"])
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--segmentation", type=Path)
    parser.add_argument("--nodule", type=Path)
    parser.add_argument("--ct", type=Path, required=True)
    parser.add_argument("--engine", default="torchscript")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    if options.contender == "lungrt":
        result = run_lungrt(options.bundle, options.ct, options.threads, options.engine)
    else:
        tuned = options.contender == "eager-tuned"
        result = run_eager(options.segmentation, options.nodule, options.ct, options.threads, tuned)
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result))


if __name__ == "__main__":
    main()
