"""What a step of the lesson shows, as text."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def texts(app: AppTest) -> str:
    """All text of the page, escapes taken out."""
    return "\n".join(own.value for own in [*app.markdown, *app.caption]).replace("\\", "")


def equations(app: AppTest) -> str:
    return "\n".join(own.value for own in app.latex)
