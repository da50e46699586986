"""Explanations on demand, and the only cache."""

from camcore.engine.engine import Engine, Features

__all__ = ["Engine", "Features"]
