"""The link to what is shown, and what it cannot hold."""

from __future__ import annotations

from pages.components.copy_link import show_copy_link
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.pickers.model_picker import ModelChoice
from pages.pickers.picture_picker import PictureChoice
from pages.session.uploads import is_token

_BROWSER = marked("Opacity, colours and threshold stay in this browser.")


def offer_link(choice: ModelChoice | None, source: PictureChoice | None) -> None:
    """A button that copies the link, with what the other side needs to open it."""
    show_copy_link(limits_of(choice, source))


def limits_of(choice: ModelChoice | None, source: PictureChoice | None) -> str:
    """What the link cannot hold, in sentences."""
    links = [picked.link().values() for picked in (choice, source) if picked is not None]
    named = [value for link in links for value in link if isinstance(value, str)]
    sentences = []
    if any(map(is_token, named)):
        sentences.append(_("What was uploaded opens from it while this server runs."))
    if any("/" in value for value in named):
        sentences.append(
            _("Files that it names by their path must be on the machine that serves it.")
        )
    return " ".join([*sentences, _(_BROWSER)])
