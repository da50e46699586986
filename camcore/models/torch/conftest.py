"""What is left out where an extra is not installed: doctests of modules that import it."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version

collect_ignore_glob = []
try:
    version("torch")
except PackageNotFoundError:
    if not os.environ.get("CAMCORE_REQUIRE_EXTRAS"):
        collect_ignore_glob.append("*.py")
