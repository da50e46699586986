"""Packages that only some pictures need: their tests skip without them, unless CI asks for them."""

from __future__ import annotations

import importlib
import os
from types import ModuleType

import pytest


def extra(module: str, name: str) -> ModuleType:
    """A module of an extra; skips the tests that need it where it is not installed.

    With ``CAMCORE_REQUIRE_EXTRAS`` set they fail instead.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        if os.environ.get("CAMCORE_REQUIRE_EXTRAS"):
            raise
        pytest.skip(f"needs the extra: pip install '.[{name}]'", allow_module_level=True)
