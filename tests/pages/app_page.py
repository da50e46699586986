"""A page driven by AppTest: where it is, and that nothing went wrong on it."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

DASHBOARD = Path(__file__).parents[2] / "dashboard.py"


def assert_calm(app: AppTest) -> AppTest:
    """No traceback and no error on the page."""
    assert not app.exception, [own.value for own in app.exception]
    assert not app.error, [own.value for own in app.error]
    return app


def address(app: AppTest) -> dict[str, str | list[str]]:
    """The query of the address; values that repeat their name are lists."""
    return {name: app.query_params[name] for name in app.query_params}
