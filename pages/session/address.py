"""The address of a view: what a link says, and the link that a view has.

A link is read once, into session state, before the widgets that it sets are made; afterwards the
view writes itself into the address. What a link asks for and cannot have becomes one sentence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

import streamlit as st

from pages.languages.catalogues import gettext

_WRITTEN = "address-written"
_BEFORE = "address-before"
_ASKED = "address-asked"
_REFUSED = "address-refused"
_PAGE = "address-page"
_KEPT = "address-kept"
_LONGEST = 4096  # characters of a value worth looking at: a path may have as many
_SHOWN = 200  # and of one worth repeating in a sentence
_IN_FLIGHT = 3.0  # seconds in which a browser that is clicked fast may still send an older address


def come_to(page: str) -> None:
    """Say which page runs: what another one has just replaced is not on its way to this one.

    Who goes back to a page at once comes with the address that was left there.
    """
    if page != st.session_state.get(_PAGE):
        st.session_state[_PAGE] = page
        st.session_state[_BEFORE] = []


def arriving(name: str) -> str | None:
    """What a link says under a name before a page has taken it in; None where none arrives."""
    now = _current()
    values = now.get(name, ()) if _arrives(now) else ()
    return values[0] if values else None


def keep(name: str, value: str | None) -> None:
    """Let every page's address say something beside what the page itself says; None for nothing."""
    st.session_state[_KEPT] = {**st.session_state.get(_KEPT, {}), name: value}


def read_link() -> bool:
    """Take in the address where it is not the one that this session wrote.

    An empty one is no link: somebody begins, or comes back from another page.

    Returns
    -------
    bool
        True where a link has just been taken in.
    """
    now = _current()
    st.session_state[_REFUSED] = []
    if not _arrives(now):
        return False
    st.session_state[_WRITTEN] = now
    st.session_state[_ASKED] = dict(now)
    return True


def asked(name: str) -> tuple[str, ...]:
    """What the link says under a name; each value is given out once."""
    return st.session_state.get(_ASKED, {}).pop(name, ())


def asked_where(name: str, fits: Callable[[str], bool]) -> str | None:
    """The link's first value under a name if it fits; any other stays for `asked`."""
    values = st.session_state.get(_ASKED, {}).get(name, ())[:1]
    return asked(name)[0] if any(map(fits, values)) else None


def asked_one(name: str, allowed: Iterable[str], what: str) -> str | None:
    """The link's value under a name if it is allowed; else a sentence is kept for the page.

    Case does not matter. `what` names the thing in the sentence, in English.
    """
    for value in asked(name)[:1]:
        for candidate in allowed:
            if candidate.lower() == value.lower():
                return candidate
        refuse(
            gettext(
                "The link asks for {what} “{value}”, which there is not; the default is used.",
                what=gettext(what),
                value=value[:_SHOWN],
            )
        )
    return None


def refuse(sentence: str) -> None:
    """Keep a sentence about the link for the page."""
    st.session_state.setdefault(_REFUSED, []).append(sentence)


def refused() -> tuple[str, ...]:
    """Sentences about what the last link asked for in vain."""
    return tuple(st.session_state.get(_REFUSED, ()))


def write_link(values: Mapping[str, str | Iterable[str] | None]) -> None:
    """Put the view into the address; None leaves a name out."""
    wanted = {
        name: (value,) if isinstance(value, str) else tuple(value)
        for name, value in {**values, **st.session_state.get(_KEPT, {})}.items()
        if value is not None
    }
    now, before = _current(), st.session_state.get(_WRITTEN)
    # Noted first: writing the address may end this run in favour of the next click.
    st.session_state[_WRITTEN] = wanted
    # Compared with what was written last, too: that may still be on its way to the browser.
    if wanted != now or wanted != before:
        when = time.monotonic()
        st.session_state[_BEFORE] = [*_recent(), (now, when), (before, when)]
        st.query_params.from_dict({name: list(value) for name, value in wanted.items()})


def amend_link(values: Mapping[str, str | None]) -> None:
    """Change some of what the address says, where only a part of the page runs again."""
    write_link({**(st.session_state.get(_WRITTEN) or {}), **values})


def _arrives(now: dict[str, tuple[str, ...]]) -> bool:
    """Whether an address is neither empty nor one that this session wrote."""
    if not now or now == st.session_state.get(_WRITTEN):
        return False
    return not any(now == before for before, _ in _recent())


def _recent() -> list[tuple[dict[str, tuple[str, ...]] | None, float]]:
    """Addresses that this session has just replaced, and when."""
    since = time.monotonic() - _IN_FLIGHT
    return [entry for entry in st.session_state.get(_BEFORE, []) if entry[1] > since]


def _current() -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(value[:_LONGEST] for value in st.query_params.get_all(name))
        for name in st.query_params
    }
