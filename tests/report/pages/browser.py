"""A real browser (Debian's chromium), driven through its debugging pipe."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TIMEOUT = 180.0


class Browser:
    """One page in its own browser.  `close` ends it."""

    def __init__(self, profile: Path) -> None:
        program = shutil.which("chromium")
        assert program, "there is no chromium: apt-get install chromium"
        asked, to_browser = os.pipe()
        from_browser, answers = os.pipe()

        # The browser reads from descriptor 3 and writes to 4.  A shell puts them there.
        fds = f"exec 3<&{asked} 4>&{answers}"
        options = "--headless --no-sandbox --disable-gpu --remote-debugging-pipe"
        where = f"--user-data-dir={profile}"
        self._process = subprocess.Popen(
            ["bash", "-c", f'{fds}; exec "$0" {options} "$1" about:blank', program, where],
            pass_fds=(asked, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(asked)
        os.close(answers)
        self._write, self._read = to_browser, from_browser
        self._buffer = b""
        self._last = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []
        target = self("Target.createTarget", url="about:blank")["targetId"]
        attached = self("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self(f"{domain}.enable")

    def __call__(self, method: str, **params: Any) -> dict[str, Any]:
        """Call one method of the protocol; returns its result."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        for answer in self._messages():
            if answer.get("id") == self._last:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)
        raise AssertionError("the browser ended")

    def _messages(self) -> Iterator[dict[str, Any]]:
        deadline = time.monotonic() + TIMEOUT
        while True:
            while b"\0" in self._buffer:
                text, _, self._buffer = self._buffer.partition(b"\0")
                yield json.loads(text)
            left = deadline - time.monotonic()
            assert select.select([self._read], [], [], max(left, 0))[0], "the browser is silent"
            chunk = os.read(self._read, 1 << 20)
            if not chunk:
                return
            self._buffer += chunk

    def open(self, url: str, width: int = 1400, height: int = 1000) -> None:
        """Go to a page, and wait until it is loaded."""
        self("Emulation.setDeviceMetricsOverride", width=width, height=height,
             deviceScaleFactor=1, mobile=False)  # fmt: skip
        self.events.clear()
        self("Page.navigate", url=url)
        if any(event["method"] == "Page.loadEventFired" for event in self.events):
            return
        for event in self._messages():
            self.events.append(event)
            if event.get("method") == "Page.loadEventFired":
                return

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page."""
        found = self("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release a key."""
        code = {"Enter": 13, "Tab": 9, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39,
                "ArrowDown": 40}[key]  # fmt: skip
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                 windowsVirtualKeyCode=code, **(text if kind == "keyDown" else {}))  # fmt: skip

    def screenshot(self) -> bytes:
        """What is on the screen, as PNG."""
        return base64.b64decode(self("Page.captureScreenshot")["data"])

    def pdf(self) -> bytes:
        """The page in print."""
        return base64.b64decode(self("Page.printToPDF", preferCSSPageSize=True)["data"])

    def complaints(self) -> list[Any]:
        """The errors of the page's script or policy."""
        return [
            event
            for event in self.events
            if event["method"] in ("Runtime.exceptionThrown", "Log.entryAdded")
        ]

    def close(self) -> None:
        """End the browser and wait for it."""
        os.close(self._write)
        self._process.terminate()
        self._process.wait(TIMEOUT)
        os.close(self._read)
