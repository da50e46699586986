"""What a step of the lesson shows, as text."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

DASHBOARD = Path(__file__).parents[3] / "dashboard.py"


def assert_calm(app: AppTest) -> AppTest:
    """No traceback and no error on the page."""
    assert not app.exception
    assert not app.error, [own.value for own in app.error]
    return app


def texts(app: AppTest) -> str:
    """All text of the page, escapes taken out."""
    return "\n".join(own.value for own in [*app.markdown, *app.caption]).replace("\\", "")


def equations(app: AppTest) -> str:
    return "\n".join(own.value for own in app.latex)
