"""Files dropped anywhere on the page go to the uploader that takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import streamlit as st

from pages.languages.catalogues import gettext as _

_KEY = "page-drops"
_WATCH = f"{_KEY}-watch"
_drops = st.components.v2.component(
    "camaudit_drop_anywhere",
    html="<i hidden></i>",
    js=(Path(__file__).parent / "drop_anywhere.js").read_text(encoding="utf-8"),
)


def accept_drops(
    uploaders: Mapping[str, Sequence[str]], bring: Callable[[str], None]
) -> str | None:
    """Take files wherever they are dropped, and hand each to its uploader.

    Parameters
    ----------
    uploaders : mapping of str to sequence of str
        Keys of uploaders, and the endings of the files that each takes; the first that fits counts.
    bring : callable
        Called with the key of an uploader that is not on the page, to bring it there.

    Returns
    -------
    str or None
        Name of a file that was dropped and that none of them takes.
    """

    def wanted() -> None:
        key, _when = st.session_state[_WATCH].wanted or ("", 0)
        if key in uploaders:
            bring(key)

    endings = {key: [ending.lower() for ending in taken] for key, taken in uploaders.items()}
    with st.container(key=_KEY):
        answer = _drops(
            key=_WATCH,
            height=1,
            data={"uploaders": endings, "invitation": _("Drop a picture or a model anywhere")},
            on_wanted_change=wanted,
            on_refused_change=lambda: None,
        )
    refused = getattr(answer, "refused", None)  # nothing, where no browser answers
    return str(refused) if refused else None
