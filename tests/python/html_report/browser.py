"""A real Chromium for tests, driven by its DevTools protocol through two pipes."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Browser", "find_chromium"]

_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--remote-debugging-pipe",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-dev-shm-usage",
)


def find_chromium() -> str:
    """Return the browser; skip where it is absent, which in continuous integration is a failure."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found:
        return found
    why = "needs Chromium, which tools/system_packages.sh installs where apt-get is"
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


class Browser:
    """One page of a new Chromium.

    Attributes
    ----------
    requests
        Addresses of everything that the page has asked for, but for the data in it.
    problems
        What the page has written to its console.
    """

    def __init__(self, profile: Path) -> None:
        program = find_chromium()
        read_here, self._out = os.pipe()
        self._in, write_here = os.pipe()
        self.requests: list[str] = []
        self.problems: list[str] = []
        self._events: list[dict[str, Any]] = []
        self._number = 0
        self._rest = b""

        def hand_over() -> None:  # Chromium reads commands from 3 and answers to 4
            first, second = os.dup(read_here), os.dup(write_here)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self._process = subprocess.Popen(
            [program, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=hand_over,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_here)
        os.close(write_here)
        self._session: str | None = None
        targets = self.send("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        attached = self.send("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def close(self) -> None:
        """End the browser."""
        self._process.kill()
        self._process.wait()
        os.close(self._out)
        os.close(self._in)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its answer."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        answer = self._next(lambda item: item.get("id") == number)
        assert "error" not in answer, (method, answer)
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, path: Path) -> None:
        """Open a file, and wait until it is loaded."""
        self.requests.clear()
        self.problems.clear()
        self._events.clear()
        self.send("Page.navigate", url=path.as_uri())
        loaded = "Page.loadEventFired"
        if not any(event["method"] == loaded for event in self._events):
            self._next(lambda item: item.get("method") == loaded)

    def value(self, script: str) -> Any:
        """Return the value of an expression in the page; promises are awaited."""
        answer = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """Press a key, e.g. ("Tab", 9)."""
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                **(text if kind == "keyDown" else {}),
            )

    def picture(self, selector: str | None = None) -> NDArray[np.uint8]:
        """Return what is seen of an element, or of the window, as (rows, columns, 3)."""
        clip = {}
        if selector:
            box = self.value(
                f"(() => {{const b = document.querySelector({json.dumps(selector)})"
                ".getBoundingClientRect();"
                "return {x: b.x + scrollX, y: b.y + scrollY, width: b.width, height: b.height}})()"
            )
            clip = {"clip": {**box, "scale": 1}, "captureBeyondViewport": True}
        answer = self.send("Page.captureScreenshot", format="png", **clip)
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["data"]))).convert("RGB"))

    def _next(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the next message that is wanted; what comes before is an event."""
        while True:
            while b"\0" not in self._rest:
                read = os.read(self._in, 1 << 20)
                assert read, "Chromium has ended"
                self._rest += read
            text, _, self._rest = self._rest.partition(b"\0")
            item: dict[str, Any] = json.loads(text)
            if "method" in item:
                self._note(item)
            if wanted(item):
                return item

    def _note(self, event: dict[str, Any]) -> None:
        self._events.append(event)
        parameters = event["params"]
        if event["method"] == "Network.requestWillBeSent":
            address = parameters["request"]["url"]
            if not address.startswith(("data:", "blob:")):
                self.requests.append(address)
        elif event["method"] == "Log.entryAdded":
            self.problems.append(parameters["entry"]["text"])
        elif event["method"] == "Runtime.exceptionThrown":
            self.problems.append(str(parameters["exceptionDetails"]))
