"""The Audit page in other languages than English, driven through its widgets."""

from __future__ import annotations

import pytest

from tests.pages.app_page import assert_calm
from tests.pages.said import english_left, said


@pytest.mark.parametrize(
    ("language", "title", "delete"),
    [
        ("pt_BR", "De que depende este modelo?", "Excluir"),
        ("fr", "De quoi ce modèle dépend-il\u202f?", "Supprimer"),
        ("zh_CN", "这个模型依赖什么？", "删除"),
    ],
)
def test_the_start_speaks_the_language(visit, run, language, title, delete):
    app = assert_calm(visit(lang=language))
    assert app.title[0].value == title
    assert app.button(key="audit-delete-planted").label == delete
    assert english_left(said(app), language) == set()


@pytest.mark.parametrize(
    ("language", "view", "words"),
    [
        ("pt_BR", {}, "Ver as evidências"),
        ("fr", {"view": "images"}, "Ce que l'indice fait pour elles"),
        ("zh_CN", {"view": "run"}, "运行方式"),
        ("fr", {"finding": "first"}, "Avant et après"),
    ],
)
def test_a_run_speaks_the_language(visit, run, language, view, words):
    if view.get("finding"):
        view = {"finding": run.findings[0].id}
    app = assert_calm(visit(run="planted", lang=language, **view))
    if view.get("view") == "images":
        by = app.selectbox(key="audit-images-by")
        by.set_value(next(finding.id for finding in run.findings if finding.images)).run()
    assert words in said(app) + "".join(link.proto.label for link in app.get("page_link"))
    assert english_left(said(app), language) == set()


def test_in_english_the_page_is_as_it_was(visit, run):
    """The control: the same page has many a sentence that the catalogues translate."""
    app = assert_calm(visit(run="planted", finding=run.findings[0].id))
    assert "## Before and after" in said(app)
    assert len(english_left(said(app), "fr")) > 10
