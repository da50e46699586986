"""The teacher's notes: one under its step, all of them as a sheet to print."""

from __future__ import annotations

from html import escape

import streamlit as st

from pages.components.wording import plain
from pages.parts.learn.steps import STEPS, Step

_STYLE = """
@page { size: A4; margin: 14mm 15mm; }
body { max-width: 46rem; margin: 1.5rem auto; padding: 0 1rem; color: #1a2027;
  font: 11pt/1.38 Georgia, "Times New Roman", serif; }
h1 { font-size: 20pt; margin: 0 0 .2rem; }
h2 { font-size: 12.5pt; margin: 0 0 .25rem; }
h2 span { float: right; font-weight: normal; font-size: 11pt; }
section { break-inside: avoid; border-top: 1px solid #8a949e; padding: .5rem 0 .4rem; }
dl { display: grid; grid-template-columns: 5.2rem 1fr; gap: .15rem .6rem; margin: 0; }
dt { font-weight: bold; }
dd { margin: 0; }
@media print { body { margin: 0; padding: 0; max-width: none; font-size: 10pt; } }
"""


def show_note(step: Step) -> None:
    """The note of one step, closed, and the sheet of all."""
    note = step.note
    with st.expander("For the teacher"):
        st.markdown(
            f"**Aim** ({note.minutes} minutes): {plain(note.aim)}\n\n"
            f"**Question:** {plain(note.question)}\n\n"
            f"**Answer:** {plain(note.answer)}\n\n"
            f"**Pitfall:** {plain(note.pitfall)}"
        )
        st.download_button(
            f"All {len(STEPS)} notes as one sheet to print",
            sheet,
            "lesson-teachers-notes.html",
            "text/html",
            key="learn-sheet",
            on_click="ignore",
        )


def sheet() -> str:
    """All notes as one HTML page that needs nothing else and prints on a few pages."""
    total = sum(step.note.minutes for step in STEPS)
    sections = "\n".join(_section(number, step) for number, step in enumerate(STEPS, start=1))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>From feature maps to class activation maps: the teacher's notes</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n"
        "<h1>From feature maps to class activation maps</h1>\n"
        f"<p>The teacher's notes: {len(STEPS)} steps, {total} minutes with questions and "
        "discussion. Ask, let the class commit to an answer (a show of hands will do), then show "
        "the step. The numbers are those of the example that the lesson opens with: cam1 reads "
        "the sample digit 2.</p>\n"
        f"{sections}\n</body>\n</html>\n"
    )


def _section(number: int, step: Step) -> str:
    note = step.note
    rows = (
        ("Aim", note.aim),
        ("Question", note.question),
        ("Answer", note.answer),
        ("Pitfall", note.pitfall),
    )
    terms = "\n".join(f"<dt>{name}</dt><dd>{escape(text, quote=False)}</dd>" for name, text in rows)
    return (
        f"<section>\n<h2>{number} · {escape(step.title)}<span>{note.minutes} min</span></h2>\n"
        f"<dl>\n{terms}\n</dl>\n</section>"
    )
