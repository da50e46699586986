"""What is left out where an extra is not installed: modules that import it, read for doctests."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version

collect_ignore_glob = []
try:
    version("transformers")
except PackageNotFoundError:
    if not os.environ.get("CAMCORE_REQUIRE_EXTRAS"):
        collect_ignore_glob.append("*.py")
