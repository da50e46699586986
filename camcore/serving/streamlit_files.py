"""What Streamlit will be told: its two files and its environment, read as it reads them."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from camcore.errors import InputError

_FOLDER = ".streamlit"


def server_settings(project: Path) -> dict[str, Any]:
    """The section ``[server]`` of ``config.toml``, where the environment says nothing else.

    Parameters
    ----------
    project : Path
        The folder that the server is started in.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    settings = _section(project, "config.toml", "server")
    address = os.environ.get("STREAMLIT_SERVER_ADDRESS")
    hosts = os.environ.get("STREAMLIT_SERVER_ALLOWED_HOSTS")
    if address:
        settings["address"] = address
    if hosts:
        settings["allowedHosts"] = hosts.split()
    return settings


def sign_in_settings(project: Path) -> dict[str, Any]:
    """The section ``[auth]`` of ``secrets.toml``; empty where nobody has to sign in.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    return _section(project, "secrets.toml", "auth")


def _section(project: Path, name: str, section: str) -> dict[str, Any]:
    """One section, the user's file first: what the project's says counts more."""
    merged: dict[str, Any] = {}
    for folder in (Path.home(), project):
        file = folder / _FOLDER / name
        try:
            content = tomllib.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            # Never the text of the error alone: a line of secrets.toml may stand in it.
            reason = error.strerror if isinstance(error, OSError) else "it is no TOML"
            raise InputError(f"{file} cannot be read ({reason}); mend or remove it.") from None
        settings = content.get(section)
        if isinstance(settings, Mapping):
            merged |= settings
    return merged
