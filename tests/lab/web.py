"""A web server on this machine that serves a folder, and fails on request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

Fault = Callable[["Handler", bytes], bool]
"""Answers in place of the server, if it returns True; gets the file's content from the start."""


class Handler(BaseHTTPRequestHandler):
    """GET of files below the server's folder, with ranges."""

    server: Web

    def do_GET(self) -> None:
        # A request to a proxy names the whole address.
        path = urlsplit(self.path).path
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.server.asked.append((self.path, start))
        file = self.server.folder / path.lstrip("/")
        content = file.read_bytes()[start:] if file.is_file() else b""
        fault = self.server.faults.get(path)
        if fault is not None and fault(self, content):
            return
        if not file.is_file():
            self.send_error(404)
            return
        self.begin(206 if start else 200, len(content))
        self.wfile.write(content)

    def begin(self, status: int, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


class Web(ThreadingHTTPServer):
    """Serves ``folder``; ``asked`` are the addresses and the ranges' beginnings, in order."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.asked: list[tuple[str, int]] = []
        self.faults: dict[str, Fault] = {}
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client may hang up; any other error must reach the test."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def end(self) -> None:
        self.shutdown()
        self.server_close()


def status(code: int) -> Fault:
    """Answers with that status."""

    def answer(handler: Handler, content: bytes) -> bool:
        handler.send_error(code)
        return True

    return answer


def redirect(url: str) -> Fault:
    """Sends the client elsewhere."""

    def answer(handler: Handler, content: bytes) -> bool:
        handler.send_response(302)
        handler.send_header("Location", url)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    return answer


def breaks_off(*, times: int, after: int) -> Fault:
    """Promises all, sends ``after`` bytes, and hangs up; the first ``times`` times."""
    left = [times]

    def answer(handler: Handler, content: bytes) -> bool:
        if not left[0]:
            return False
        left[0] -= 1
        handler.begin(206 if "Range" in handler.headers else 200, len(content))
        handler.wfile.write(content[:after])
        handler.close_connection = True
        return True

    return answer


def sends(other: bytes) -> Fault:
    """Sends something else, whatever the requested range."""

    def answer(handler: Handler, content: bytes) -> bool:
        handler.begin(200, len(other))
        handler.wfile.write(other)
        return True

    return answer
