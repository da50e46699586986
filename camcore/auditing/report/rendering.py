"""Pages that are one file without scripts: they open anywhere, without a network, and print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from camcore.auditing import figures
from camcore.auditing.report import words

_STYLE = Path(__file__).parent / "page.css"


def rendered(template: Path, **values: Any) -> str:
    """Fill a template in, with the colours and the style that all pages share.

    Parameters
    ----------
    template : Path
        Jinja; it sees ``light``, ``dark`` and ``css`` beside `values`.
    """
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"share": words.share, "when": words.when}
    return environment.get_template(template.name).render(
        light=figures.colours(figures.LIGHT),
        dark=figures.colours(figures.DARK),
        css=Markup(_STYLE.read_text(encoding="utf-8")),
        **values,
    )


def _printable(value: Any) -> Any:
    """Characters that would not print, or turn the direction of the text around, become ``?``."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in value)
