"""Packages that only the benchmark needs."""

from __future__ import annotations

import importlib
import warnings
from types import ModuleType

from camcore.errors import CamcoreError


class MissingPackage(CamcoreError):
    """A baseline's package is not installed; the baseline is left out of the table."""


def package(name: str, distribution: str) -> ModuleType:
    """Import a module of a package that may be missing.

    Parameters
    ----------
    name : str
        The module.
    distribution : str
        What it is installed by.

    Raises
    ------
    MissingPackage

    Examples
    --------
    >>> package("no_such_module", "no-such-package")
    Traceback (most recent call last):
    benchmarks.truth.baselines.packages.MissingPackage: no-such-package is not installed, ...
    """
    try:
        # cleanlab switches all warnings off for the whole process; that ends here.
        with warnings.catch_warnings():
            return importlib.import_module(name)
    except ImportError as error:
        raise MissingPackage(
            f"{distribution} is not installed, so its baseline is left out; "
            "pip install -r benchmarks/requirements.txt brings it."
        ) from error
