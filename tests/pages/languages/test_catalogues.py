"""Catalogues that say everything the pages say, with the same places in every sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract, extract_from_dir
from babel.messages.pofile import read_po

import camcore
from camcore.auditing.report import words as report_words
from camcore.comparing.columns import COLUMNS
from camcore.pictures.levels import STRETCHES
from camcore.pictures.preprocessing import PREPROCESSINGS
from pages.components.map_statement import statement
from pages.components.wording import share
from pages.languages.catalogues import ENGLISH, LANGUAGES, catalogue, catalogue_file
from pages.languages.engine_sentences import ENGINE_SENTENCES

PAGES = Path(__file__).parents[3] / "pages"
KEYWORDS = {
    "_": None, "gettext": None, "marked": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2),
}  # fmt: skip
OTHERS = [language for language in LANGUAGES if language != ENGLISH]
Sentence = tuple[str | None, str | tuple[str, ...]]


@pytest.fixture(scope="module")
def sentences() -> set[Sentence]:
    found = extract_from_dir(PAGES, [("**.py", "python")], keywords=KEYWORDS)
    return {(context, message) for _, _, message, _, context in found}


def in_browser() -> set[str]:
    """What components say with `worded`, and what viewer.html says as it is written."""
    said = set()
    for script in (PAGES / "components").rglob("*.js"):
        said |= set(re.findall(r'worded\(\s*"([^"]+)"', script.read_text(encoding="utf-8")))
    html = (PAGES / "components" / "viewer" / "viewer.html").read_text(encoding="utf-8")
    texts = [*re.findall(r">([^<]+)<", html), *re.findall(r'(?:title|aria-label)="([^"]+)"', html)]
    return said | {text.strip() for text in texts if text.strip()}


def read(language: str) -> Catalog:
    with catalogue_file(language).open("rb") as file:
        return read_po(file, locale=language)


def forms(message: Message) -> list[str]:
    """What a message becomes, for every number of things."""
    return [message.string] if isinstance(message.string, str) else list(message.string)


def places(sentence: str) -> set[str]:
    return set(re.findall(r"(?<!\{)\{(\w+)\}(?!\})", sentence))


def untranslated(sentences: Iterable[Sentence], read_catalogue: Catalog) -> list[Sentence]:
    missing = []
    for context, message in sentences:
        found = read_catalogue.get(message, context)
        if found is None or found.fuzzy or not all(forms(found)):
            missing.append((context, message))
    return missing


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_has_its_translation(sentences, language):
    assert len(sentences) > 400
    assert untranslated(sentences, read(language)) == []


def test_what_is_said_in_the_browser_is_marked(sentences):
    said = in_browser()
    assert {"Opacity", "Save overlay PNG", "Overlay", "not seen"} <= said
    assert said <= {message for context, message in sentences if context is None}


def test_a_new_sentence_without_translations_is_found(tmp_path):
    new = tmp_path / "page.py"
    new.write_text('st.markdown(_("A sentence that nobody has translated, {count}.", count=3))\n')
    with new.open("rb") as file:
        extracted = [(row[3], row[1]) for row in extract("python", file, keywords=KEYWORDS)]
    assert extracted == [(None, "A sentence that nobody has translated, {count}.")]
    for language in OTHERS:
        assert untranslated(extracted, read(language)) == extracted


@pytest.mark.parametrize("language", OTHERS)
def test_translations_have_the_places_equations_and_marks_of_their_sentences(sentences, language):
    translated = read(language)
    for context, message in sentences:
        source = message if isinstance(message, str) else message[-1]
        for form in forms(translated.get(message, context)):
            assert places(form) == places(source), (source, form)
            assert form.count("$") == source.count("$"), (source, form)
            assert form.count("**") == source.count("**"), (source, form)
            assert form.count("|") == source.count("|"), (source, form)


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_left_over(sentences, language):
    known = {
        (message.context, tuple(message.id) if message.pluralizable else message.id)
        for message in read(language)
        if message.id
    }
    assert known == sentences


def test_the_fields_terms():
    assert catalogue("pt_BR").gettext("Raw map") == "Mapa bruto"
    title = "From feature maps to class activation maps"
    assert "mapas de ativação de classe" in catalogue("pt_BR").gettext(title)
    assert "cartes d'activation de classe" in catalogue("fr").gettext(title)
    assert "类激活图" in catalogue("zh_CN").gettext(title)


def test_the_engines_sentences_are_those_that_it_says(bundled_model):
    picture = camcore.read_image(camcore.sample("digit-2").file)
    explanation = camcore.explain(bundled_model("cam1"), picture, method="recipro-cam")
    made = explanation.made
    assert "Passes" in made
    said = [sample.title for sample in camcore.SAMPLES]
    said += camcore.FITS.values()
    said += [preprocessing.title for preprocessing in PREPROCESSINGS.values()]
    said += STRETCHES.values()
    said += [model.description for model in camcore.BUNDLED_MODELS]
    said += [method.about for method in camcore.METHODS.values()]
    said += [*camcore.COLORMAPS.values(), *camcore.BLENDS, *camcore.BLENDS.values()]
    said += camcore.SCALINGS.values()
    said += made
    said += [words for rung in report_words.LADDER for words in rung]
    said.append(report_words.PROVES)
    said += [words for column in COLUMNS.values() for words in (column.title, column.about)]
    assert set(ENGINE_SENTENCES) == set(said)


def test_a_map_says_the_same_in_every_language(bundled_model, monkeypatch):
    picture = camcore.read_image(camcore.sample("digit-2").file)
    explanation = camcore.explain(bundled_model("cam1"), picture, method="cam")
    assert statement(explanation) == explanation.statement
    for language in OTHERS:
        for module in ("catalogues", "numbers"):
            monkeypatch.setattr(f"pages.languages.{module}.spoken", lambda spoken=language: spoken)
        monkeypatch.setattr("pages.components.map_statement.spoken", lambda spoken=language: spoken)
        much, area = map(share, explanation.heatmap.focus)
        told = statement(explanation)
        assert much in told
        assert area in told
        assert told != explanation.statement


def test_figures_have_words_that_their_fonts_can_draw(sentences):
    """Matplotlib draws with DejaVu Sans, which has no Chinese."""
    from matplotlib import font_manager

    glyphs = font_manager.get_font(font_manager.findfont("DejaVu Sans")).get_charmap()
    in_figures = [message for context, message in sentences if context == "figure"]
    assert len(in_figures) == 4
    for language in OTHERS:
        for message in in_figures:
            said = catalogue(language).pgettext("figure", message)
            assert all(ord(letter) in glyphs for letter in said if letter != "\n")
    assert ord("图") not in glyphs
