"""An S3 server on this machine that can be slow, busy, cut off or give other content."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import fsspec
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from tests.storage.stored_files import contents

Fault = Callable[[Callable[..., Any]], Iterable[bytes] | None]
"""Answers a request in the server's place, or returns None to let it answer."""


def busy(times: int) -> Fault:
    """Say so many times that there are too many requests."""
    left = [times]

    def answer(start: Callable[..., Any]) -> Iterable[bytes] | None:
        if not left[0]:
            return None
        left[0] -= 1
        start("503 Slow Down", [("Content-Type", "application/xml")])
        return [b"<Error><Code>SlowDown</Code><Message>wait</Message></Error>"]

    return answer


def cut(times: int) -> Fault:
    """Promise more than is sent, and hang up."""
    left = [times]

    def answer(start: Callable[..., Any]) -> Iterable[bytes] | None:
        if not left[0]:
            return None
        left[0] -= 1
        start("206 Partial Content", [("Content-Length", "5000")])
        return [b"\x89PNG"]

    return answer


def held(released: threading.Event) -> Fault:
    """Answer only once a test lets go."""

    def answer(start: Callable[..., Any]) -> Iterable[bytes] | None:
        released.wait(600)
        return None

    return answer


class S3Server:
    """Moto's server, in threads of this process, with faults before it.

    Attributes
    ----------
    address : str
        Its endpoint.
    faults : dict of str to Fault
        By the end of the path of GET requests.
    asked : list of str
        Method and path of each request.
    """

    def __init__(self) -> None:
        self.faults: dict[str, Fault] = {}
        self.asked: list[str] = []
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.asked.append(f"{method} {path}")
        for end, fault in self.faults.items():
            if method == "GET" and path.endswith(end):
                answer = fault(start)
                if answer is not None:
                    return answer
        return self._moto(environ, start)

    def close(self) -> None:
        self._server.shutdown()

    def put(self, bucket: str, folder: Path) -> str:
        """Copy a folder into a new bucket; its address."""
        files = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
        files.mkdir(bucket)
        files.pipe({f"{bucket}/data/{name}": data for name, data in contents(folder).items()})
        return f"s3://{bucket}/data"
