"""Messages of the library as records of the logger ``lungrt``."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import lungrt
from lungrt import _core


def test_stages_are_logged(
    tiny_bundle: Path, small_ct: lungrt.CtVolume, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="lungrt"):
        lungrt.Pipeline(tiny_bundle, threads=1, profile="book").run(small_ct)
    messages = [record.getMessage() for record in caplog.records]
    assert {record.name for record in caplog.records} == {"lungrt"}
    assert any(
        "torchscript was chosen" in message and "engine native: the bundle has no" in message
        for message in messages
    )
    for stage in ("segment", "group", "classify", "run"):
        assert any(message.startswith(f"{stage}: started") for message in messages)
        assert any(message.startswith(f"{stage}: done in ") for message in messages)
    text = "\n".join(messages)
    assert small_ct.series_uid not in text.split()
    assert str(tiny_bundle) not in text


def test_silent_without_a_handler(
    tiny_bundle: Path, small_ct: lungrt.CtVolume, tmp_path: Path
) -> None:
    code = f"""
import lungrt, numpy
pipeline = lungrt.Pipeline({str(tiny_bundle)!r}, threads=1, profile="book")
hu = numpy.full((12, 44, 40), -700, numpy.int16)
pipeline.run(lungrt.CtVolume(hu, lungrt.Geometry()), max_candidates=100000)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_failing_handler_does_not_end_the_run(
    tiny_bundle: Path, small_ct: lungrt.CtVolume
) -> None:
    class Broken(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise OSError("the disk is full")

    logger = logging.getLogger("lungrt")
    broken = Broken()
    logger.addFilter(broken)
    logger.setLevel(logging.INFO)
    shown: list[str] = []
    hook, sys.unraisablehook = sys.unraisablehook, lambda args: shown.append(str(args.exc_value))
    try:
        report = lungrt.Pipeline(tiny_bundle, threads=1, profile="book").run(small_ct)
    finally:
        sys.unraisablehook = hook
        logger.removeFilter(broken)
        logger.setLevel(logging.NOTSET)
    assert report.candidates
    assert "the disk is full" in shown


def test_ctrl_c_within_a_handler_ends_the_run(tiny_bundle: Path, small_ct: lungrt.CtVolume) -> None:
    class Interrupted(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage().startswith("run: started"):
                raise KeyboardInterrupt

    logger = logging.getLogger("lungrt")
    handler = Interrupted()
    pipeline = lungrt.Pipeline(tiny_bundle, threads=1, profile="book")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with pytest.raises(KeyboardInterrupt):
            pipeline.run(small_ct)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


def test_the_callback_can_be_changed_while_others_run(
    tiny_bundle: Path, small_ct: lungrt.CtVolume
) -> None:
    pipeline = lungrt.Pipeline(tiny_bundle, threads=1, profile="book")
    threads = [threading.Thread(target=lambda: pipeline.run(small_ct)) for _ in range(4)]
    from lungrt import log

    try:
        for thread in threads:
            thread.start()
        heard: list[str] = []
        while any(thread.is_alive() for thread in threads):
            _core.set_log_callback(lambda level, message: heard.append(message), 0)
            _core.set_log_callback(None)
    finally:
        for thread in threads:
            thread.join()
        log.connect(_core.set_log_callback)
