"""Who looks at a page, and which runs are theirs to see, to stop, to go on with and to delete.

On one's own machine everything is one's own. Served to others, which a data root or a sign-in
tells, a run belongs to the signed-in user, or to the session, that started it. Others neither find
it in a list nor guess its address; who is given the address may look at it.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

import streamlit as st

from camcore.auditing.runs.launching import list_runs
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.store import Store
from camcore.storage.bounds import data_root
from pages.components.wording import PageError
from pages.languages import choosing
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import speak

_OWNER = "owner.json"
_TOKEN = "visitor-token"


def let_in() -> bool:
    """Whether the page may be shown: where a sign-in is configured, only to who has signed in."""
    if st.user.get("is_logged_in") is not False:
        return True
    speak(choosing.follow())
    st.title("CAM Audit", anchor=False)
    st.button(_("Sign in"), on_click=st.login, type="primary", icon=":material/login:")
    return False


def signed_in_as() -> str | None:
    """Name or address of the signed-in user; None where nobody has to sign in."""
    if not st.user.get("is_logged_in"):
        return None
    return str(st.user.get("name") or st.user.get("email") or st.user.get("sub") or "signed in")


def is_served() -> bool:
    """Whether others than the owner of the machine may look at the pages."""
    return data_root() is not None or st.user.get("is_logged_in") is not None


def visible_runs() -> list[Run]:
    """The runs that this visitor is shown, newest first: their own, and those of the command line.

    Who starts a run on the command line has a say over the machine, and put it there for all.
    """
    return [run for run in list_runs() if may_change(run) or run.store.read_json(_OWNER) is None]


def unguessable(folder: Path) -> Path:
    """The folder of a new run, under a name that nobody can guess where others are served."""
    return folder.with_name(f"{folder.name}-{secrets.token_hex(8)}") if is_served() else folder


def take_over(store: Store) -> None:
    """Note that a new run belongs to this visitor."""
    if store.read_json(_OWNER) is None:
        store.write_json(_OWNER, {"owner": _visitor()})


def may_change(run: Run) -> bool:
    """Whether this visitor may stop a run, go on with it or delete it."""
    if not is_served():
        return True
    owner = run.store.read_json(_OWNER)
    return isinstance(owner, dict) and owner.get("owner") == _visitor()


def require_own(run: Run) -> None:
    """Raise a PageError where the run is somebody else's."""
    if not may_change(run):
        raise PageError(
            _(
                "this run belongs to somebody else, or was made on the command line; who started "
                "it may stop it, go on with it or delete it."
            )
        )


def _visitor() -> str:
    """A hash, so that what lies in a run lets nobody pass for its owner."""
    if st.user.get("is_logged_in"):
        named = f"user {st.user.get('iss')} {st.user.get('sub') or st.user.get('email')}"
    else:
        token = st.session_state.setdefault(_TOKEN, secrets.token_hex(16))
        named = f"session {token}"
    return hashlib.sha256(named.encode()).hexdigest()
