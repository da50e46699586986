"""The teacher's notes: one under its step, all of them as a sheet to print."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape

import streamlit as st

from pages.components.wording import plain
from pages.languages.catalogues import catalogue, marked, spoken
from pages.languages.catalogues import gettext as _
from pages.parts.learn.steps import STEPS, Step

_STYLE = """
@page { size: A4; margin: 14mm 15mm; }
body { max-width: 46rem; margin: 1.5rem auto; padding: 0 1rem; color: #1a2027;
  font: 11pt/1.38 Georgia, "Times New Roman", serif; }
h1 { font-size: 20pt; margin: 0 0 .2rem; }
h2 { font-size: 12.5pt; margin: 0 0 .25rem; }
h2 span { float: right; font-weight: normal; font-size: 11pt; }
section { break-inside: avoid; border-top: 1px solid #8a949e; padding: .5rem 0 .4rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem .6rem; margin: 0; }
dt { font-weight: bold; }
dd { margin: 0; }
@media print { body { margin: 0; padding: 0; max-width: none; font-size: 10pt; } }
"""


def show_note(step: Step) -> None:
    """The note of one step, closed, and the sheet of all."""
    note = step.note
    with st.expander(_("For the teacher")):
        st.markdown(
            _(
                "**Aim** ({minutes} minutes): {aim}\n\n**Question:** {question}\n\n"
                "**Answer:** {answer}\n\n**Pitfall:** {pitfall}",
                minutes=note.minutes,
                aim=plain(_(note.aim)),
                question=plain(_(note.question)),
                answer=plain(_(note.answer)),
                pitfall=plain(_(note.pitfall)),
            )
        )
        st.download_button(
            _("All {count} notes as one sheet to print", count=len(STEPS)),
            partial(sheet, spoken()),
            "lesson-teachers-notes.html",
            "text/html",
            key="learn-sheet",
            on_click="ignore",
        )


def sheet(language: str) -> str:
    """All notes as one HTML page that needs nothing else and prints on a few pages.

    Parameters
    ----------
    language : str
        One of `LANGUAGES`.
    """
    told = catalogue(language).gettext  # made when it is downloaded: nobody's page speaks then
    total = sum(step.note.minutes for step in STEPS)
    sections = "\n".join(_section(number, step, told) for number, step in enumerate(STEPS, start=1))
    title = told(marked("From feature maps to class activation maps"))
    tab = told(marked("From feature maps to class activation maps: the teacher's notes"))
    introduction = told(
        marked(
            "The teacher's notes: {count} steps, {minutes} minutes with questions and discussion. "
            "Ask, let the class commit to an answer (a show of hands will do), then show the step. "
            "The numbers are those of the example that the lesson opens with: cam1 reads the "
            "sample digit 2."
        )
    ).format(count=len(STEPS), minutes=total)
    return (
        f'<!doctype html>\n<html lang="{language.replace("_", "-")}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(tab, quote=False)}</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title, quote=False)}</h1>\n"
        f"<p>{escape(introduction, quote=False)}</p>\n"
        f"{sections}\n</body>\n</html>\n"
    )


def _section(number: int, step: Step, told: Callable[[str], str]) -> str:
    note = step.note
    rows = (
        (marked("Aim"), note.aim),
        (marked("Question"), note.question),
        (marked("Answer"), note.answer),
        (marked("Pitfall"), note.pitfall),
    )
    terms = "\n".join(
        f"<dt>{told(name)}</dt><dd>{escape(told(text), quote=False)}</dd>" for name, text in rows
    )
    return (
        f"<section>\n<h2>{number} · {escape(told(step.title), quote=False)}"
        f"<span>{note.minutes} min</span></h2>\n<dl>\n{terms}\n</dl>\n</section>"
    )
