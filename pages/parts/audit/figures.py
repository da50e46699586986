"""Charts of a run on the page, made once and coloured for its theme."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from camcore.auditing.figures import DARK, LIGHT, Figure
from camcore.auditing.runs.run import Run


def show(run: Run, name: str, make: Callable[[], Figure], *, width: int | str = "stretch") -> None:
    """Show a chart with its text alternative, in the theme of the page.

    Parameters
    ----------
    run : Run
    name : str
        What sets the chart apart from the run's others.
    make : callable
    width : int or "stretch"
        Pixels; never more than there is room for.
    """
    dark = st.context.theme.type == "dark"
    figure = _made(stamp_of(run), name, make)
    st.image(figure.file(DARK if dark else LIGHT), width=width, alt=figure.alt)  # type: ignore[arg-type]


def stamp_of(run: Run) -> str:
    """Changes with the run and with its findings."""
    status = (run.folder / "findings.json").stat()
    return f"{run.folder} {status.st_mtime_ns}"


@st.cache_resource(max_entries=128, show_spinner=False)
def _made(stamp: str, name: str, _make: Callable[[], Figure]) -> Figure:
    return _make()
