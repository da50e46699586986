"""Compare in other languages than English, driven through its widgets."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.pages.app_page import DASHBOARD, assert_calm
from tests.pages.said import english_left, said

COMPARE = DASHBOARD.parent / "pages" / "compare.py"


def test_the_page_speaks_the_language_that_is_chosen(monkeypatch):
    monkeypatch.chdir(DASHBOARD.parent)
    for language, title, place in (
        ("pt_BR", "Comparar mapas de cloud-detector", "Aqui não são o mesmo."),
        ("fr", "Comparer les cartes de cloud-detector", "Ici, elles diffèrent."),
        ("zh_CN", "比较 cloud-detector 的图", "在这里并不相同。"),
        ("en", "Compare maps of cloud-detector", "Not the same here."),
    ):
        app = AppTest.from_file(str(DASHBOARD), default_timeout=180)
        app.query_params["lang"] = language
        app.run()
        app.query_params.clear()
        assert_calm(app.switch_page(str(COMPARE)).run())
        assert app.title[0].value == title
        assert place in said(app)
        if language == "en":  # the control
            assert len(english_left(said(app), "fr")) > 20
        else:
            assert english_left(said(app), language) == set()
