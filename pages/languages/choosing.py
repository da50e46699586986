"""Which language a visitor reads: what the address says or was chosen, else the browser's own."""

from __future__ import annotations

import streamlit as st

from pages.components.wording import plain
from pages.languages.catalogues import ENGLISH, LANGUAGES, gettext
from pages.session import address

NAME = "lang"
"""Of the language in an address."""

_CHOSEN = "language"
_BY_TONGUE = {language.split("_")[0]: language for language in LANGUAGES}


def follow() -> str:
    """The visitor's language, after what a link asks for has been taken in; said in each address.

    English is not said where the browser speaks it, as other defaults are not.
    """
    refused = None
    if (wanted := address.arriving(NAME)) is not None:
        matches = [name for name in LANGUAGES if name.lower() == wanted.lower().replace("-", "_")]
        if matches:
            st.session_state[_CHOSEN] = matches[0]
        else:
            refused = wanted
    if st.session_state.get(_CHOSEN) not in LANGUAGES:
        st.session_state[_CHOSEN] = guess(st.context.locale)
    language = str(st.session_state[_CHOSEN])
    plainly_english = language == ENGLISH == guess(st.context.locale)
    address.keep(NAME, None if plainly_english else language)
    if refused is not None:
        st.warning(
            plain(
                gettext(
                    "The link asks for {what} “{value}”, which there is not; the default is used.",
                    what=gettext("the language"),
                    value=refused[:40],
                )
            ),
            icon=":material/link_off:",
        )
    return language


def guess(locale: str | None) -> str:
    """The language for a browser's locale; English where there is none for it.

    Examples
    --------
    >>> [guess(locale) for locale in ("pt-PT", "fr-CA", "zh", "de-DE", None)]
    ['pt_BR', 'fr', 'zh_CN', 'en', 'en']
    """
    tongue = (locale or "").replace("_", "-").split("-")[0].lower()
    return _BY_TONGUE.get(tongue, ENGLISH)


def show_choice() -> None:
    """The small choice at the end of the sidebar."""
    st.sidebar.selectbox(
        gettext("Language"),
        list(LANGUAGES),
        key=_CHOSEN,
        persist_state="session",
        format_func=LANGUAGES.__getitem__,
        help=gettext(
            "What the engine itself reports, such as an error, is in English, and the names of "
            "layers, files and classes stay as they are."
        ),
    )
