"""Methods, layers and classes side by side on one picture: maps, numbers, a figure."""

from __future__ import annotations

from camcore.comparing.columns import COLUMNS, Column
from camcore.comparing.compare import compare
from camcore.comparing.comparison import Comparison, Row
from camcore.comparing.identity import Identity, identity

__all__ = ["COLUMNS", "Column", "Comparison", "Identity", "Row", "compare", "identity"]
