"""Sentences for what is drawn in the browser, where `worded` of words.js looks them up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pages.languages.catalogues import gettext, spoken
from pages.languages.numbers import decimal_mark


def worded(sentences: Iterable[str]) -> dict[str, Any]:
    """What a component is sent with its data: translations of marked sentences, by the sentences.

    Examples
    --------
    >>> worded(["Play"])
    {'language': 'en', 'decimal': '.', 'sentences': {'Play': 'Play'}}
    """
    return {
        "language": spoken(),
        "decimal": decimal_mark(),
        "sentences": {sentence: gettext(sentence) for sentence in sentences},
    }
