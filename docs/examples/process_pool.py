"""Diagnose several CTs in a pool of processes: python process_pool.py BUNDLE CT [CT ...]."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

import lungrt
from lungrt.errors import Error

PROCESSES = 2


def open_pipeline(bundle: str) -> None:
    """Load the networks once in each process; a pipeline itself stays where it was made."""
    global pipeline
    pipeline = lungrt.Pipeline(bundle, profile="lung", threads=1)


def diagnose(path: str) -> lungrt.Report | Error:
    """Return an error instead of raising it, so that it does not end the work on other CTs."""
    try:
        return pipeline.run(lungrt.read_ct(path))
    except Error as error:
        return error


if __name__ == "__main__":
    bundle, *paths = sys.argv[1:]
    # Forked processes would share the locks of threads that they do not have.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, context, open_pipeline, (bundle,)) as pool:
        for path, result in zip(paths, pool.map(diagnose, paths), strict=True):
            if isinstance(result, Error):
                print(f"{path}: {type(result).__name__}: {result}")
            else:
                print(f"{path}: {len(result.nodules)} nodules of {len(result.candidates)}")
