"""Two models on one picture."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.app_page import DASHBOARD, address, assert_calm


@pytest.fixture
def visit(monkeypatch) -> Callable[..., AppTest]:
    """Open Explore at an address."""
    monkeypatch.chdir(DASHBOARD.parent)

    def open_page(**query: str) -> AppTest:
        app = AppTest.from_file(str(DASHBOARD), default_timeout=180)
        for name, value in query.items():
            app.query_params[name] = value
        return assert_calm(app.run())

    return open_page


def texts(app: AppTest) -> str:
    return "\n".join(part.value for part in [*app.markdown, *app.caption]).replace("\\", "")


def test_a_second_model_shows_the_same_class_and_is_in_the_address(visit):
    app = visit(model="cloud-detector", image="tank-cloudy", **{"class": "tank"})
    assert "beside" not in address(app)
    app.toggle(key="second-model").set_value(True).run()
    assert_calm(app)
    assert address(app)["beside"] == "tank-detector"
    assert "**tank-detector:**" in texts(app)
    assert "evidence for tank" in texts(app).split("**tank-detector:**")[1]
    app.selectbox(key="second-model-name").set_value("cam1").run()
    assert_calm(app)
    assert "cam1 has no class tank: its map is that of its own answer." in texts(app)


def test_what_was_opened_here_is_offered_and_anything_else_refused(visit):
    app = visit(model="cam1", image="digit-7", beside="cam2")
    assert "**cam2:**" in texts(app)
    assert "cam1" not in app.selectbox(key="second-model-name").options
    app = visit(model="cam1", image="digit-7", beside="/models/unknown.keras")
    assert any("has not been opened here" in note.value for note in app.warning)
    assert address(app)["beside"] == "cam2"
