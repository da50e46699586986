"""Many visitors at once: how long the server's health takes to answer meanwhile, and their pages.

``python -m benchmarks.visitors`` starts a server of its own on the loopback address, lets 24
visitors ask for different maps for half a minute, and prints percentiles in seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

ROOT = Path(__file__).parents[1]
MOST_VISITORS, MOST_SECONDS = 24, 120
_START = 120.0  # seconds until the server must answer
_EVERY = 0.1  # seconds between two looks at its health
_METHODS = ("grad-cam", "layer-cam", "hirescam", "grad-cam++", "score-cam")
_SAMPLES = ("tank-cloudy", "forest-sunny", "forest-cloudy")


@dataclass
class Measured:
    """Seconds that answers took.

    Attributes
    ----------
    health : list of float
        Of the health address.
    pages : list of float
        From a visitor's wish to the end of the page's script.
    failed : list of str
        What went wrong, one line each.
    """

    health: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@contextmanager
def running_server(home: Path) -> Iterator[int]:
    """A server on the loopback address in a process of its own; gives its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "dashboard.py", f"--server.port={port}"],
            cwd=ROOT,
            env=os.environ | {"KERAS_HOME": str(home)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + _START
            while True:
                try:
                    _health(port)
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError((home / "server.log").read_text()) from None
                    time.sleep(0.2)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:  # it waits for what its visitors began
                process.kill()
                process.wait()


async def measure(port: int, visitors: int, seconds: float) -> Measured:
    """Let visitors in, and look at the server's health until they are done.

    Parameters
    ----------
    port : int
        Of a server on the loopback address.
    visitors : int
        At most `MOST_VISITORS`.
    seconds : float
        How long visitors ask for new pages, at most `MOST_SECONDS`.
    """
    if not (0 < visitors <= MOST_VISITORS and 0 < seconds <= MOST_SECONDS):
        raise ValueError(f"at most {MOST_VISITORS} visitors for at most {MOST_SECONDS} seconds")
    measured = Measured()
    until = time.monotonic() + seconds
    watch = asyncio.create_task(_watch(port, measured))
    await asyncio.gather(*(_visit(port, number, until, measured) for number in range(visitors)))
    watch.cancel()
    return measured


async def _watch(port: int, measured: Measured) -> None:
    while True:
        began = time.perf_counter()
        try:
            await asyncio.to_thread(_health, port)
        except OSError as error:
            measured.failed.append(f"health: {error}")
        measured.health.append(time.perf_counter() - began)
        await asyncio.sleep(_EVERY)


def _health(port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=60) as answer:
        answer.read()


async def _visit(port: int, number: int, until: float, measured: Measured) -> None:
    """One visitor, who opens another view as soon as the last one is there."""
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    model = ("tank-detector", "cloud-detector")[number % 2]
    view_number = number
    try:
        async with connect(
            address,
            subprotocols=["streamlit"],  # type: ignore[list-item]
            origin=f"http://127.0.0.1:{port}",  # type: ignore[arg-type]
            max_size=None,
            ping_timeout=None,
        ) as stream:
            while time.monotonic() < until:
                view = {
                    "model": model,
                    "image": _SAMPLES[view_number % len(_SAMPLES)],
                    "method": _METHODS[view_number % len(_METHODS)],
                    "layer": f"conv{1 + view_number // len(_METHODS) % 4}",
                    "class": str(view_number % 2),
                }
                message = BackMsg()
                message.rerun_script.query_string = urlencode(view)
                began = time.perf_counter()
                await stream.send(message.SerializeToString())
                await asyncio.wait_for(_finished(stream), 300)
                measured.pages.append(time.perf_counter() - began)
                view_number += 7
    except (OSError, TimeoutError, ConnectionClosed) as error:
        measured.failed.append(f"visitor {number}: {type(error).__name__} {error}")


async def _finished(stream: object) -> None:
    async for data in stream:  # type: ignore[attr-defined]
        message = ForwardMsg.FromString(data)
        if message.WhichOneof("type") == "script_finished":
            return


def as_text(found: Measured) -> str:
    """The percentiles as lines."""
    lines = [f"failed: {line}" for line in found.failed[:10]]
    for name, values in (("health", found.health), ("pages", found.pages)):
        if values:
            middle, high = np.percentile(values, (50, 95))
            lines.append(
                f"{name}: {len(values):,} answers, median {middle:.3f} s, p95 {high:.3f} s, "
                f"longest {max(values):.3f} s"
            )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=MOST_VISITORS)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, running_server(Path(home)) as port:
        asyncio.run(measure(port, 1, 1.0))  # the first visitor brings TensorFlow with it
        print(as_text(asyncio.run(measure(port, options.visitors, options.seconds))))


if __name__ == "__main__":
    main()
