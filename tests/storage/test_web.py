"""Web servers that are busy, hang up, or lead to machines inside."""

from __future__ import annotations

import http.server
import threading
import zipfile
from typing import ClassVar

import pytest

from camcore.errors import InputError
from camcore.sources.source import read_source
from camcore.storage import filesystems
from camcore.storage.place import place_of
from tests.extras import extra

web = extra("camcore.storage.web", "remote")


class _Handler(http.server.BaseHTTPRequestHandler):
    files: ClassVar[dict[str, bytes]] = {}
    redirects: ClassVar[dict[str, str]] = {}
    busy: ClassVar[dict[str, int]] = {}
    cut: ClassVar[dict[str, int]] = {}

    def do_GET(self) -> None:
        if self.path in self.redirects:
            self.send_response(302)
            self.send_header("Location", self.redirects[self.path])
            self.end_headers()
        elif self.busy.get(self.path):
            self.busy[self.path] -= 1
            self.send_error(503)
        elif self.path not in self.files:
            self.send_error(404)
        else:
            data = self.files[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", f'"{hash(data)}"')
            self.end_headers()
            if self.command == "GET":
                if self.cut.get(self.path):
                    self.cut[self.path] -= 1
                    data = data[:1]
                self.wfile.write(data)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(monkeypatch):
    """A web server on this machine, and its address."""
    for name in ("files", "redirects", "busy", "cut"):
        monkeypatch.setattr(_Handler, name, {})
    monkeypatch.setattr(web, "_PAUSE", 0.01)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    filesystems._filesystem.cache_clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_file_of_a_host_that_a_person_named(site):
    _Handler.files["/a.txt"] = b"abcdef"
    file = place_of(f"{site}/a.txt")
    assert file.read_bytes(100) == b"abcdef"
    assert file.read_bytes(2) == b"ab"
    assert file.stat().st_size == 6
    assert not file.is_dir()
    assert not (place_of(site) / "b.txt").exists()
    before = file.stat()
    _Handler.files["/a.txt"] = b"ABCDEF"
    assert file.stat() != before


def test_what_fails_for_a_moment_is_asked_again_and_not_for_ever(site):
    _Handler.files |= {"/a.txt": b"abc", "/b.txt": b"abc"}
    _Handler.busy["/a.txt"] = 2
    assert place_of(f"{site}/a.txt").read_bytes(9) == b"abc"
    _Handler.busy["/a.txt"] = 3
    with pytest.raises(OSError, match="503"):
        place_of(f"{site}/a.txt").read_bytes(9)
    assert _Handler.busy["/a.txt"] == 0
    _Handler.cut["/b.txt"] = 1
    assert place_of(f"{site}/b.txt").read_bytes(9) == b"abc"
    _Handler.cut["/b.txt"] = 99
    with pytest.raises(OSError, match="connection failed"):
        place_of(f"{site}/b.txt").read_bytes(9)
    assert _Handler.cut["/b.txt"] == 96


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/iam",
        "http://localhost:{port}/secret.txt",
        "http://10.0.0.7/secret.txt",
        "http://[::1]:{port}/secret.txt",
        "http://[::ffff:127.0.0.1]:{port}/secret.txt",
        "http://0.0.0.0:{port}/secret.txt",
    ],
)
def test_no_redirect_leads_inside(site, target):
    _Handler.files["/secret.txt"] = b"secret"
    _Handler.redirects["/a.txt"] = target.format(port=site.rpartition(":")[2])
    for ask in (lambda file: file.read_bytes(9), lambda file: file.exists()):
        with pytest.raises(InputError, match="inside a network"):
            ask(place_of(f"{site}/a.txt"))


def test_a_redirect_is_followed_where_it_is_allowed_only(site, monkeypatch):
    _Handler.files |= {"/data/b.txt": b"abc", "/secret/b.txt": b"secret"}
    _Handler.redirects |= {"/data/a.txt": "/data/b.txt", "/data/c.txt": "/secret/b.txt"}
    assert place_of(f"{site}/data/c.txt").read_bytes(9) == b"secret"
    monkeypatch.setenv("CAMCORE_ADDRESSES", f"{site}/data")
    assert place_of(f"{site}/data/a.txt").read_bytes(9) == b"abc"
    with pytest.raises(InputError, match="CAMCORE_ADDRESSES"):
        place_of(f"{site}/data/c.txt").read_bytes(9)


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "fe80::1", "100.100.100.200", "fd00:ec2::254", "0.0.0.0"]
)
def test_what_tells_a_machine_its_credentials_is_never_asked(host):
    with pytest.raises(InputError):
        web.check_host(host, host, inside=True)
    named = f"[{host}]" if ":" in host else host
    with pytest.raises(InputError):
        place_of(f"http://{named}/latest/meta-data").exists()


def test_a_zip_and_a_table_of_a_web_server(site, tmp_path):
    place = tmp_path / "pets.zip"
    with zipfile.ZipFile(place, "w") as made:
        for name in ("cat/1.png", "dog/1.png"):
            made.writestr(name, b"abc")
    _Handler.files |= {
        "/pets.zip": place.read_bytes(),
        "/pets.csv": b"path,label\nin/1.png,cat\nin/2.png,dog\nin/3.png,dog\n",
        "/in/1.png": b"a",
        "/in/2.png": b"ab",
    }
    zipped = read_source(f"{site}/pets.zip", unpack_to=tmp_path / "a" / "unpacked")
    local = read_source(place, unpack_to=tmp_path / "unpacked")
    assert zipped.files["path"].tolist() == ["cat/1.png", "dog/1.png"]
    assert zipped.files.equals(local.files)
    table = read_source(f"{site}/pets.csv", unpack_to=tmp_path / "b")
    assert table.files["bytes"].tolist() == [1, 2, -1]
    assert "1 file of the table cannot be found" in table.notes
    _Handler.files["/in"] = b""
    with pytest.raises(InputError, match="does not list its folders"):
        read_source(f"{site}/in", unpack_to=tmp_path / "c")
