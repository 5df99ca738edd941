"""Kills a writer at every moment at which it touches a folder.

CPython tells audit hooks of each file operation before it does it. A child process, forked once for
each kill so that nothing has to be imported anew, counts the operations that concern a folder and
sends itself SIGKILL before the n-th: no handler, no `finally`, no flush runs. What the C++ library
does is counted by a small library that is preloaded (`kill_before.c`).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HARNESS = """
import os, signal, sys
from pathlib import Path

def child(folder, kill_at, write):
    if library := os.environ.get("LD_PRELOAD"):
        import ctypes

        ctypes.CDLL(library).arm(ctypes.c_long(kill_at))
        write()
        os._exit(0)
    seen = 0

    def hook(event, arguments):
        nonlocal seen
        if event in {"import", "exec", "compile", "object.__getattr__"}:
            return
        if any(isinstance(a, (str, bytes, os.PathLike)) and folder in os.fsdecode(a)
               for a in arguments):
            seen += 1
            if seen == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    write()
    os._exit(0)

def serve(folder, write):
    # Each line is the number of an operation; 0 kills nowhere.
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                child(folder, int(line), write)
            except BaseException:
                import traceback
                traceback.print_exc()
                os._exit(1)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@dataclass
class Writer:
    """A process that writes the same output again and again, and is killed in between."""

    process: subprocess.Popen[str]

    def write(self, *, kill_at: int = 0) -> bool:
        """Write once; returns whether it was killed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(kill_at, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().strip()
        assert answer in {"0", str(-signal.SIGKILL)}, f"the writer ended with {answer!r}"
        return answer != "0"

    def every_kill(self, *, most: int = 400) -> Iterator[int]:
        """Kill before the first operation, the second, ... until it writes to its end."""
        for kill_at in range(1, most):
            if not self.write(kill_at=kill_at):
                return
            yield kill_at
        raise AssertionError(f"more than {most} operations")


def build_preload(folder: Path) -> Path:
    """Compile the library that kills a process before a call of its C++ code."""
    library = folder / "kill_before.so"
    source = Path(__file__).parent / "kill_before.c"
    command = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(library), str(source)]
    subprocess.run([*command, "-ldl"], check=True)
    return library


def start_writer(
    folder: Path, script: str, *arguments: object, preload: Path | None = None
) -> Writer:
    """Start a writer.

    Parameters
    ----------
    folder
        Operations on whatever lies below it count.
    script
        Python that defines ``write()``; ``sys.argv[1:]`` are the arguments, as text.
    preload
        Library of `build_preload`, if C++ code writes.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    if preload is not None:
        environment["LD_PRELOAD"] = str(preload)
    process = subprocess.Popen(
        [sys.executable, "-c", _HARNESS + script + f"\nserve({json.dumps(str(folder))}, write)\n"]
        + [str(argument) for argument in arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    return Writer(process)
