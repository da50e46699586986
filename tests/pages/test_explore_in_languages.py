"""Explore in other languages than English, driven through its widgets."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pages.languages.catalogues import catalogue
from tests.pages.app_page import DASHBOARD, address, assert_calm
from tests.pages.said import english_left, said


@pytest.fixture
def front(monkeypatch) -> AppTest:
    """The front door, after a first visit in English."""
    monkeypatch.chdir(DASHBOARD.parent)
    app = AppTest.from_file(str(DASHBOARD), default_timeout=180)
    app.query_params["model"] = "cloud-detector"
    return assert_calm(app.run())


def test_the_page_speaks_the_language_that_is_chosen(front):
    app = front
    assert "lang" not in address(app)
    english = said(app)
    assert "Where does cloud-detector look?" in english
    for language, title in (
        ("pt_BR", "Para onde cloud-detector olha?"),
        ("fr", "Où cloud-detector regarde-t-il\u202f?"),
        ("zh_CN", "cloud-detector 在看哪里？"),
    ):
        app.selectbox(key="language").set_value(language).run()
        assert_calm(app)
        assert address(app)["lang"] == language
        assert address(app)["model"] == "cloud-detector"
        assert app.title[0].value == title
        assert app.selectbox(key="map-method").label == catalogue(language).gettext("Method")
        assert english_left(said(app), language) == set()
        assert len(english_left(english, language)) > 20  # the control
    app.selectbox(key="language").set_value("en").run()
    assert "lang" not in address(app)
    assert said(app) == english


def test_what_is_asked_for_and_what_is_refused_is_said_in_the_language(front):
    app = front
    app.selectbox(key="language").set_value("fr").run()
    app.query_params["class"] = "unicorn"
    app.query_params["of"] = "probability"
    app.run()
    assert "Le lien demande une classe introuvable." in said(app)
    assert "de l'appui pour la probabilité de tank" in said(app)
    app.toggle(key="second-model").set_value(True).run()
    app.toggle(key="explore-editing").set_value(True).run()
    assert_calm(app)
    assert english_left(said(app), "fr") == set()
