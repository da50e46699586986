"""The ordered list of pages, and how an address finds its page."""

from __future__ import annotations

import json
from dataclasses import dataclass

import streamlit as st
from streamlit.navigation.page import Page as StreamlitPage

from pages.components.accessible_names import give_names
from pages.components.history import keep_places
from pages.languages import choosing
from pages.languages.catalogues import gettext, marked, speak
from pages.session import address

_INSIDE = "inside-dashboard"


@dataclass(frozen=True)
class PageEntry:
    """One page of the list.

    Attributes
    ----------
    path : str
        The page's script, relative to dashboard.py.
    title, help : str
        Its name in the list and in the browser's tab, and one sentence.
    """

    path: str
    title: str
    help: str


PAGES: tuple[PageEntry, ...] = (
    PageEntry(
        "pages/explore.py",
        marked("Explore"),
        marked("One picture, one model: where does it look?"),
    ),
    PageEntry(
        "pages/compare.py",
        marked("Compare"),
        marked("One picture, many maps: methods and layers side by side, with numbers."),
    ),
    PageEntry(
        "pages/learn.py",
        marked("Learn"),
        marked("From the feature maps to the class activation map, one step at a time."),
    ),
    PageEntry(
        "pages/audit.py",
        marked("Audit"),
        marked("A folder of pictures and a model: what does it rely on, and how do we know?"),
    ),
)
"""The first one is the default and is served at the root."""


def run_chosen_page() -> None:
    """Run the page that the address asks for, inside the frame that dashboard.py sets."""
    st.session_state[_INSIDE] = True
    language = choosing.follow()
    speak(language)
    page, entry = _chosen()
    st.set_page_config(
        page_title=f"{page.title} · CAM Audit",
        menu_items={"About": gettext("CAM Audit: see where an image classifier looks.")},
    )
    label = json.dumps(gettext("Model and picture"), ensure_ascii=False)
    st.html(f"<style>:root {{ --sidebar-label: {label}; }}</style>")  # for page.css
    address.come_to(entry.title)
    keep_places()
    page.run()
    give_names(language)
    choosing.show_choice()


def page_frame() -> None:
    """Start a page: where dashboard.py has not run around it, see to it that it does.

    Until dashboard.py has run once in a server's process, Streamlit takes the folder ``pages`` for
    the list of pages and runs the script that an address names on its own. Calling st.navigation
    ends that for the whole process.
    """
    if not st.session_state.get(_INSIDE):
        _chosen()
        st.rerun()


def _chosen() -> tuple[StreamlitPage, PageEntry]:
    """The page that the address asks for, and its entry."""
    pages = [
        st.Page(
            entry.path,
            title=gettext(entry.title),
            help=gettext(entry.help),
            default=entry is PAGES[0],
            url_path="" if entry is PAGES[0] else None,
        )
        for entry in PAGES
    ]
    entries = dict(zip(pages, PAGES, strict=True))
    default = pages[0]

    def to_default() -> None:
        values = {name: st.query_params.get_all(name) for name in st.query_params}
        st.switch_page(default, query_params=values)

    # The default page has no path of its own, but people will write one.
    alias = PAGES[0].title.lower()
    title = gettext(PAGES[0].title)
    pages.append(st.Page(to_default, title=title, url_path=alias, visibility="hidden"))
    chosen = st.navigation(pages)
    return chosen, entries.get(chosen, PAGES[0])
