"""The lesson in other languages than English, driven through its widgets."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from pages.languages.catalogues import catalogue
from pages.parts.learn.teachers_note import sheet
from tests.pages.app_page import address
from tests.pages.parts.learn.lesson_texts import equations, texts

ENGLISH = re.compile(r"\b(the|of|is|are|which|with|this|that|from|cells|picture|layer)\b", re.I)


def labels(app: AppTest) -> str:
    widgets = [*app.button, *app.selectbox, *app.toggle, *app.expander]
    return "\n".join(own.label for own in widgets)


@pytest.mark.parametrize(
    ("language", "step", "said"),
    [
        ("pt_BR", "weighted-sum", "mapa de ativação de classe"),
        ("fr", "relu", "aucun appui positif"),
        ("zh_CN", "upsampling", "分辨率"),
    ],
)
def test_a_step_speaks_one_language(visit, language, step, said):
    app = visit(step=step, lang=language)
    assert address(app)["lang"] == language
    if step != "relu":
        assert said in texts(app)
    for text in (texts(app), labels(app), app.title[0].value):
        assert not ENGLISH.search(re.sub(r"\$[^$]*\$", "", text))
    assert ENGLISH.search(texts(visit(step=step)))  # the control


def test_numbers_are_written_as_the_reader_writes_them(visit):
    app = visit(step="channels", lang="fr")
    assert "{,}" in equations(app)
    assert "{,}" not in equations(visit(step="channels", lang="zh_CN"))


def test_a_language_that_there_is_not_is_one_sentence(visit):
    app = visit(step="channels", lang="tlh")
    assert "the language “tlh”" in app.warning[0].value
    assert app.title[0].value == "Feature maps and their weights"


@pytest.mark.parametrize("language", ["pt_BR", "fr", "zh_CN"])
def test_the_teachers_sheet_is_in_the_language(language):
    html = sheet(language)
    assert f'lang="{language.replace("_", "-")}"' in html
    assert catalogue(language).gettext("Pitfall") in html
    assert not re.search(r"\b(the|of|which)\b", re.sub(r"<style>.*?</style>", "", html, flags=re.S))
