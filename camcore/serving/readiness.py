"""Whether this machine is ready to serve the pages to a team, point by point."""

from __future__ import annotations

import importlib.metadata
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from camcore.auditing.runs.store import runs_folder
from camcore.errors import CamcoreError
from camcore.models.quarantine.admitted import cache_folder
from camcore.serving.memory import free_memory
from camcore.serving.streamlit_files import server_settings, sign_in_settings
from camcore.storage.bounds import SETTING, data_root, is_within

DASHBOARD = "dashboard.py"
_LOCAL = {"127.0.0.1", "localhost", "::1"}
_SIGN_IN = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
_CALLBACK = "/oauth2callback"
_MEMORY = 2 * 10**9  # bytes: the server with TensorFlow, and one audit beside it, take 1 GB each
_MODEL, _SAMPLE = "tank-detector", "tank-sunny"


@dataclass(frozen=True)
class Point:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        What was looked at.
    found : str
        How it stands.
    advice : str
        What to do; "" where it is right.

    Examples
    --------
    >>> Point("data root", "/data").ok, Point("data root", "not set", "set it.").ok
    (True, False)
    """

    name: str
    found: str
    advice: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is right."""
        return not self.advice


def check(project: Path) -> tuple[Point, ...]:
    """Look at all that a team's server needs; loading a model alone leaves something behind.

    Parameters
    ----------
    project : Path
        The folder that holds ``dashboard.py``, which the server is started in.

    Returns
    -------
    tuple of Point
        Configuration, data root, login, folders, memory, and a map of a bundled model.
    """
    looks: tuple[tuple[str, Callable[[], Point]], ...] = (
        ("configuration", lambda: _configuration(project)),
        ("data root", lambda: _data_root(project)),
        ("login", lambda: _login(project)),
        ("runs folder", lambda: _writable("runs folder", runs_folder(), "CAMCORE_RUNS")),
        ("cache folder", lambda: _writable("cache folder", cache_folder(), "CAMCORE_CACHE")),
        ("memory", _memory),
        ("map", _map),
    )
    points = []
    for name, look in looks:
        try:
            points.append(look())
        except CamcoreError as error:
            points.append(Point(name, error.problem, error.advice or "see there."))
    return tuple(points)


def _configuration(project: Path) -> Point:
    name = "configuration"
    if not (project / DASHBOARD).is_file():
        advice = f"start it in the folder of CAM Audit that holds {DASHBOARD}."
        return Point(name, f"there is no {DASHBOARD} in {project}", advice)
    server = server_settings(project)
    hosts = [str(host) for host in server.get("allowedHosts", [])]
    for protection in ("enableXsrfProtection", "enableCORS"):
        if server.get(protection, True) is False:
            return Point(name, f"server.{protection} is off", "take it out of config.toml.")
    if not hosts or "*" in hosts:
        advice = 'set server.allowedHosts to the name that people type, such as ["audit.example"].'
        return Point(name, "the server answers under any name", advice)
    if set(hosts) <= _LOCAL:
        advice = "add the name that people type to server.allowedHosts."
        return Point(name, f"the server answers to {', '.join(hosts)} only", advice)
    address = server.get("address") or "every interface"
    return Point(name, f"listens on {address}, answers to {', '.join(hosts)}")


def _data_root(project: Path) -> Point:
    name, root = "data root", data_root()
    if root is None:
        advice = f"set {SETTING} to the one folder that they may read."
        return Point(name, "visitors may read all that the server may read", advice)
    if not root.is_dir() or not os.access(root, os.R_OK | os.X_OK):
        return Point(name, f"{root} is no folder that can be read", f"mend {SETTING}.")
    for within in (runs_folder(), cache_folder(), project, Path.home()):
        if is_within(within, root):
            advice = f"set {SETTING} to a folder that holds pictures and models only."
            return Point(name, f"{root} holds {within}, which visitors could read", advice)
    return Point(name, str(root))


def _login(project: Path) -> Point:
    name, settings = "login", sign_in_settings(project)
    if not settings:
        advice = (
            "add a section [auth] to .streamlit/secrets.toml, or let the proxy ask who comes; runs "
            "then belong to browser sessions."
        )
        return Point(name, "nobody has to sign in", advice)
    missing = [key for key in _SIGN_IN if not settings.get(key)]
    if missing:
        return Point(
            name, f"[auth] lacks {', '.join(missing)}", "add it to .streamlit/secrets.toml."
        )
    address = urlsplit(str(settings["redirect_uri"]))
    if not address.path.endswith(_CALLBACK):
        advice = f"it is the address that people type, with {_CALLBACK} behind it."
        return Point(name, f"redirect_uri does not end in {_CALLBACK}", advice)
    if address.scheme != "https" and address.hostname not in _LOCAL:
        return Point(name, "redirect_uri is not https", "let the proxy do TLS.")
    try:
        version = importlib.metadata.version("authlib")
    except importlib.metadata.PackageNotFoundError:
        return Point(name, "the package Authlib is not installed", "pip install '.[serve]'")
    return Point(name, f"people sign in by {address.hostname}, Authlib {version}")


def _writable(name: str, folder: Path, setting: str) -> Point:
    """Try to write where the folder is, or where it will be made."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        advice = f"see to its permissions and room, or set {setting} to another folder."
        return Point(name, f"{folder} cannot be written ({error.strerror})", advice)
    return Point(name, str(folder))


def _memory() -> Point:
    name, free = "memory", free_memory()
    if free is None:
        return Point(name, "this system does not say how much is free")
    amount = f"{free / 1e9:.1f} GB are free"
    if free < _MEMORY:
        return Point(name, amount, f"have {_MEMORY / 1e9:.0f} GB, and 1 GB for each further audit.")
    return Point(name, amount)


def _map() -> Point:
    """A map as a visitor asks for it, from the file to the statement."""
    import camcore

    name, began = "map", time.perf_counter()
    try:
        model = camcore.load_model(_MODEL)
        picture = camcore.read_image(camcore.sample(_SAMPLE).file)
        explanation = camcore.explain(model, picture, target="tank", method="cam")
    except Exception as error:  # whatever it is that an installation lacks
        advice = "install the requirements anew; `camcore explain tank-sunny --out DIR` says more."
        return Point(name, f"none of {_MODEL} ({type(error).__name__}: {error})", advice)
    seconds = time.perf_counter() - began
    return Point(name, f"{_MODEL} in {seconds:.1f} s: {explanation.statement}")
