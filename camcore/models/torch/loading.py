"""PyTorch, where the extra for it is installed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from camcore.errors import ModelError


def import_torch() -> Any:
    """The module ``torch``; it is imported when a classifier first asks for it.

    Raises
    ------
    ModelError
        If it is not installed.
    """
    try:
        return import_module("torch")
    except ImportError as error:
        raise ModelError(
            "TorchClassifier needs PyTorch, which is an extra: pip install '.[torch]'."
        ) from error
