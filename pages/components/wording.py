"""Words from outside, made harmless, and errors, made one sentence."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import camcore
from pages.languages.catalogues import ENGLISH, spoken
from pages.languages.catalogues import gettext as _
from pages.languages.numbers import percent

_log = logging.getLogger("camaudit.pages")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#!|$~:&@]|^[-+=]|(?<=^\d)\.|(?<=www)\.)")


def plain(text: object) -> str:
    """Text that Markdown leaves as it is: file names and class names come from outside.

    Examples
    --------
    >>> print(plain("![x](http://a) $y$"))
    \\!\\[x\\]\\(http\\://a\\) \\$y\\$
    """
    return _MARKDOWN.sub(r"\\\1", " ".join(str(text).split()))


def sentence(text: str) -> str:
    """A message with a capital letter and a full stop; a file's name keeps its letters.

    Examples
    --------
    >>> sentence("the disk is full"), sentence("a.png is empty.")
    ('The disk is full.', 'a.png is empty.')
    """
    if text.split(" ", 1)[0].isalpha():
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def share(value: float) -> str:
    """A probability in whole percent; a small one is not said to be none.

    Examples
    --------
    >>> share(0.973), share(0.004), share(1.0)
    ('97%', '<1%', '100%')
    """
    return percent(value) if value >= 0.005 else f"<{percent(0.01)}"


class PageError(camcore.InputError):
    """What a page itself refuses, told in the visitor's language already."""


def reported(sentence: str) -> str:
    """A sentence of the engine's own, which is English, as a page shows it."""
    if spoken() == ENGLISH:
        return sentence
    return _("The program reports, in English: “{message}”", message=sentence)


def say_error(error: Exception) -> None:
    """Show what went wrong as one sentence; the log gets the rest."""
    if isinstance(error, camcore.CamcoreError):
        message = sentence(str(error))
        message = message if isinstance(error, PageError) else reported(message)
        st.error(plain(message), icon=":material/error:")
        return
    _log.exception("a page failed", exc_info=error)
    st.error(
        _(
            "Something went wrong that should not have; the server's log says what. "
            "Choose another model or picture, or load the page again."
        ),
        icon=":material/error:",
    )


@contextmanager
def calmly(where: DeltaGenerator) -> Iterator[None]:
    """Whatever fails inside becomes one sentence at a place on the page, never a traceback."""
    try:
        yield
    except Exception as error:
        with where:
            say_error(error)
