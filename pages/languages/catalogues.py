"""Sentences in the visitor's language, by gettext: a catalogue for each beside this module.

English is what the source says. A sentence is marked whole, with named places for what changes:

    _("Take layer {layer}", layer=name)

What has placeholders is formatted with `str.format`, so a brace that is meant stands twice there.
"""

from __future__ import annotations

import gettext as gnu
import io
from functools import cache
from pathlib import Path

import streamlit as st
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ENGLISH = "en"
LANGUAGES = {
    ENGLISH: "English",
    "pt_BR": "Português (Brasil)",
    "fr": "Français",
    "zh_CN": "简体中文",
}
"""By their names in an address and of the catalogues; as their readers call them."""

_SPOKEN = "language-spoken"
_HERE = Path(__file__).parent


def speak(language: str) -> None:
    """Let what this visitor's session writes from now on be in a language."""
    st.session_state[_SPOKEN] = language


def spoken() -> str:
    """The language that is written now, one of `LANGUAGES`."""
    return str(st.session_state.get(_SPOKEN, ENGLISH))


def marked(sentence: str) -> str:
    """A sentence for the catalogues that is translated where it is shown, with `gettext`."""
    return sentence


def gettext(sentence: str, /, **values: object) -> str:
    """A sentence in the language that is spoken, with values in its places.

    Examples
    --------
    >>> gettext("Take layer {layer}", layer="conv4")
    'Take layer conv4'
    """
    translated = catalogue(spoken()).gettext(sentence)
    return translated.format(**values) if values else translated


def ngettext(singular: str, plural: str, count: int, /, **values: object) -> str:
    """A sentence about a number of things; the number itself is the place `count`.

    Examples
    --------
    >>> [ngettext("{count} layer", "{count} layers", count) for count in (1, 2)]
    ['1 layer', '2 layers']
    """
    translated = catalogue(spoken()).ngettext(singular, plural, count)
    return translated.format(**{"count": count, **values})


def pgettext(context: str, sentence: str) -> str:
    """A sentence that is said otherwise in some place, such as a figure; not yet formatted."""
    return catalogue(spoken()).pgettext(context, sentence)


@cache
def catalogue(language: str) -> gnu.NullTranslations:
    """The translations into a language, compiled when they are first asked for.

    Parameters
    ----------
    language : str
        One of `LANGUAGES`; English, which the sentences themselves are, has none.
    """
    if language == ENGLISH:
        return gnu.NullTranslations()
    with catalogue_file(language).open("rb") as file:
        read = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return gnu.GNUTranslations(compiled)


def catalogue_file(language: str) -> Path:
    """Where the translations into a language are written."""
    return _HERE / f"{language}.po"
