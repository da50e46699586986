"""A real server and Debian's Chromium; whatever leaves this machine fails the test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

ROOT = Path(__file__).parents[2]
_PATIENCE = 120_000  # milliseconds; the first model brings TensorFlow with it
_DRAWING = 60  # seconds until what the server has answered must be on the screen
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium():
    """The browser, or a skip that says why; CAMCORE_REQUIRE_BROWSER=1 makes it a failure."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    missing = None if path else "no chromium is installed (Debian: apt-get install chromium)"
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing = "the package playwright is not installed"
    if missing:
        if os.environ.get("CAMCORE_REQUIRE_BROWSER") == "1":
            pytest.fail(f"CAMCORE_REQUIRE_BROWSER=1, but {missing}")
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def running_server(home: Path) -> Iterator[str]:
    """A server in a process of its own, as a user would start it; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (home / f"server-{port}.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "dashboard.py", f"--server.port={port}"],
        cwd=ROOT,
        env=os.environ | {"KERAS_HOME": str(home)},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
                break
            except OSError:
                assert process.poll() is None, Path(log.name).read_text()
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)
        log.close()


@pytest.fixture(scope="session")
def server(chromium, tmp_path_factory) -> Iterator[str]:
    with running_server(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture
def fresh_server(chromium, tmp_path) -> Iterator[str]:
    """A server that nobody has asked anything yet."""
    with running_server(tmp_path) as address:
        yield address


@dataclass
class Visit:
    """One page in the browser, and what it said to the network.

    Attributes
    ----------
    page : playwright.sync_api.Page
    sent : list of str
        WebSocket frames and requests, as they happen.
    """

    page: object
    address: str
    sent: list[str] = field(default_factory=list)
    _asked: bool = False  # a run of the script that has not ended

    def __post_init__(self) -> None:
        self.page.on("websocket", self._listen)

    def _listen(self, socket) -> None:
        socket.on("framesent", self._hear_browser)
        socket.on("framereceived", self._hear_server)

    def _hear_browser(self, frame: bytes | str) -> None:
        self.sent.append("frame")
        if isinstance(frame, bytes) and BackMsg.FromString(frame).HasField("rerun_script"):
            self._asked = True

    def _hear_server(self, frame: bytes | str) -> None:
        if isinstance(frame, bytes) and ForwardMsg.FromString(frame).HasField("script_finished"):
            self._asked = False

    def settle(self) -> None:
        """Wait until the script has run and the browser has drawn.

        A run that is broken off ends too, and the next begins at once: a page at rest is one that
        stays so.
        """
        app = self.page.locator("[data-testid=stApp]")
        end, calm = time.monotonic() + _PATIENCE / 1000, 0
        while calm < 4:
            assert time.monotonic() < end, "the page never came to rest"
            self.page.wait_for_timeout(100)
            rests = app.get_attribute("data-test-script-state") == "notRunning"
            calm = calm + 1 if rests and not self._asked else 0

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds: the browser draws when it has time."""
        end = time.monotonic() + _DRAWING
        while not holds():
            assert time.monotonic() < end, f"never within {_DRAWING} s"
            self.page.wait_for_timeout(50)

    def until_query(self, query: str) -> None:
        """Wait until the address asks for this, and say what it asks for where it does not."""
        end = time.monotonic() + _DRAWING
        while (asked := self.query()) != query:
            assert time.monotonic() < end, f"{asked!r} never became {query!r}"
            self.page.wait_for_timeout(50)

    def open(self, path: str = "/", **query: str | list[str]) -> Visit:
        """Go to an address and wait for the map."""
        self.page.goto(f"{self.address}{path}?{urlencode(query, doseq=True)}")
        self.overlay().wait_for(timeout=_PATIENCE)
        self.settle()
        return self

    def overlay(self, number: int = 0):
        return self.page.locator(f".viewer .overlay.map{number} canvas")

    def raw(self, number: int = 0):
        return self.page.locator(f".viewer .raw.map{number} .mount canvas")

    def pixels(self, canvas) -> str:
        """What a canvas shows, as text to compare."""
        return canvas.evaluate("c => c.toDataURL()")

    def query(self) -> str:
        return urlsplit(self.page.url).query

    def choose(self, label: str, option: str) -> None:
        """Choose an option of a select box."""
        self.page.get_by_role("combobox", name=label).first.click()
        self.page.get_by_role("option", name=option).first.click()
        self.settle()

    def pick(self, name: str) -> None:
        """Pick one of a row of choices."""
        self.page.get_by_role("radio", name=name, exact=True).first.click()
        self.settle()

    def chip(self, name: str):
        """The chip of a class, whatever its probability."""
        return self.page.get_by_role("toolbar", name="Class").get_by_role(
            "button", name=f"{name} · "
        )


@pytest.fixture
def visitor(chromium, server) -> Iterator[Callable[..., Visit]]:
    """Make visits; a request to any other machine, or an error in a script, fails the test."""
    contexts, foreign, errors = [], [], []

    def make(address: str = server, **options) -> Visit:
        context = chromium.new_context(**{"viewport": {"width": 1400, "height": 1000}} | options)
        contexts.append(context)
        page = context.new_page()
        visit = Visit(page, address)

        def requested(request) -> None:
            if request.url.startswith(("blob:", "data:")):
                return
            visit.sent.append(request.url)
            if urlsplit(request.url).hostname != "127.0.0.1":
                foreign.append(request.url)

        page.on("request", requested)
        page.on("pageerror", lambda error: errors.append(str(error)))
        return visit

    yield make
    for context in contexts:
        context.close()
    assert not foreign, f"requests left this machine: {foreign}"
    assert not errors, f"a script failed: {errors}"
