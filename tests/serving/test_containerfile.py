"""The image holds what the server needs, and its health check tells answering from silence."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Containerfile").read_text().replace("\\\n", " ")
HEALTHCHECK = json.loads(re.search(r"HEALTHCHECK.*? CMD (\[.*\])", TEXT)[1])


def test_all_that_is_copied_is_there_and_all_that_runs_is_copied():
    copied = {line.split()[1] for line in TEXT.splitlines() if line.startswith("COPY ")}
    assert all((ROOT / name).exists() for name in copied)
    assert copied >= {"dashboard.py", "pages", "camcore", "requirements.txt"}


def test_every_setting_is_one_that_is_read():
    names = set(re.findall(r"\b(CAMCORE_\w+)=", TEXT))
    assert names == {"CAMCORE_DATA_ROOT", "CAMCORE_RUNS", "CAMCORE_CACHE"}
    code = "".join(file.read_text() for file in (ROOT / "camcore").rglob("*.py"))
    assert all(f'"{name}"' in code for name in names)


@pytest.mark.parametrize(("answer", "healthy"), [(200, True), (503, False), (None, False)])
def test_the_health_check(answer, healthy):
    asked = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(answer)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Server)
    port = server.server_port
    if answer is None:
        server.server_close()  # nobody listens there
    else:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    command = [part.replace(":8501", f":{port}") for part in HEALTHCHECK]
    ended = subprocess.run([sys.executable, *command[1:]], capture_output=True, timeout=60)
    if answer is not None:
        server.shutdown()
        server.server_close()
        assert asked == ["/_stcore/health"]  # where Streamlit says that it answers
    assert (ended.returncode == 0) is healthy
