"""Small tables of words, which scroll by themselves where the screen is narrow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd
import streamlit as st

from pages.components.wording import plain


def show(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Show rows of plain text."""
    cells = [[plain(cell) for cell in row] for row in rows]
    st.table(pd.DataFrame(cells, columns=list(columns)), border="horizontal", hide_index=True)
