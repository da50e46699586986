"""How a run was made, and its files to take away."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path

import streamlit as st

from camcore.auditing.bundle import make_bundle
from camcore.auditing.runs.launching import LOG, command
from camcore.auditing.runs.run import Run
from camcore.errors import InputError
from pages.components.wording import plain, reported
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.parts.audit import labelling, launching, tables, words

_FILES = (
    (marked("Report"), "report.html", "text/html", ":material/description:"),
    ("findings.json", "findings.json", "application/json", None),
    ("images.csv", "images.csv", "text/csv", None),
    ("bad.csv", "bad.csv", "text/csv", None),
    ("asked.csv", "asked.csv", "text/csv", None),
)
_LAST = 4000  # characters of the log


def show_downloads(run: Run) -> None:
    """The run's files, and all of them in one that can be verified."""
    with st.container(horizontal=True):
        for label, name, mime, icon in _FILES:
            file = run.folder / name
            empty = (name == "bad.csv" and run.bad.empty) or (
                name == "asked.csv" and not run.summary.get("asked")
            )
            if file.exists() and not file.is_symlink() and not empty:
                st.download_button(
                    _(label),
                    partial(_read, file),
                    file_name=f"{run.folder.name}-{name}",
                    mime=mime,
                    key=f"audit-download-{name}",
                    on_click="ignore",
                    icon=icon,
                    type="primary" if icon else "secondary",
                )
        if (run.folder / "report.html").exists():
            st.download_button(
                _("Evidence bundle"),
                partial(_bundle, run),
                file_name=f"{run.folder.name}-evidence.zip",
                mime="application/zip",
                key="audit-download-bundle",
                on_click="ignore",
                icon=":material/inventory_2:",
                help=_(
                    "Report, findings, rules, decisions, repairs, a model card and an index of "
                    "clauses in one zip; `camcore verify` tells whether it is whole."
                ),
            )


def warn_of_guess(run: Run) -> None:
    """Say that all that follows rests on a guess, where it does."""
    model = run.record["model"]
    if model["preprocessing_guessed"]:
        st.warning(
            _(
                "**How pixels are scaled was a guess: {scaling}.** The model's file does not tell. "
                "If the guess is wrong, so is every finding. Explore compares the answers under "
                "each scaling; choose the right one under Options and audit again.",
                scaling=plain(model["preprocessing"]),
            ),
            icon=":material/exposure:",
        )


def show_run(run: Run) -> None:
    """Everything that is needed to repeat it."""
    settings = launching.settings_of(run)
    if settings is not None:
        st.markdown(_("## The same on the command line"))
        st.code(shlex.join(command(settings, run.folder)), language="bash", wrap_lines=True)
    if run.record:
        st.markdown(_("## How it was made"))
        tables.show((_("what"), _("value")), _told(run))
        with st.expander(_("Everything that was written down when it began")):
            st.json(run.record, expanded=1)
    if text := _log(run):
        with st.expander(_("The log of its process")):
            st.code(text, language=None, wrap_lines=True)
    if run.record and run.record["classes"]["by"] == "label":
        with st.expander(_("The folder names mean something else?")):
            if st.button(_("Say what they stand for"), key="audit-map-anew"):
                st.session_state[f"audit-mapping-{run.folder}"] = True
            if st.session_state.get(f"audit-mapping-{run.folder}"):
                labelling.offer_mapping(run)


def _told(run: Run) -> list[tuple[str, str]]:
    record = run.record
    model, classes, source = record["model"], record["classes"], record["source"]
    height, width = model["grid"]
    preprocessing = model["preprocessing"]
    if model["preprocessing_guessed"]:
        preprocessing = _("{preprocessing}, a guess", preprocessing=preprocessing)
    number = len(classes["classes"])
    by_label = classes["by"] == "label"
    rows = [
        (_("Model"), f"{model['name']}, sha256 {model['sha256'][:16]}…"),
        (
            _("Layer"),
            _(
                "{layer}, maps of {height} × {width} cells",
                layer=model["layer"],
                height=height,
                width=width,
            ),
        ),
        (_("Preprocessing"), preprocessing),
        (
            _("Pictures"),
            _("{files} in {folder}", files=words.files(source["count"]), folder=source["root"]),
        ),
        (
            _("Classes"),
            _("{number}, by label", number=number)
            if by_label
            else _("{number}, by prediction", number=number),
        ),
        (_("Precision"), "bfloat16" if record["precision"]["bfloat16"] else "float32"),
        (_("Seed"), str(record["settings"]["seed"])),
        (_("Began"), words.when(record["started"])),
        (
            _("Versions"),
            ", ".join(f"{name} {version}" for name, version in record["versions"].items()),
        ),
    ]
    limits = (f"{name.replace('_', ' ')} {limit}" for name, limit in run.rules.items())
    rows.append((_("Rules"), ", ".join(limits)))
    return rows + [(_("Note"), reported(note)) for note in (*source["notes"], *classes["notes"])]


def _log(run: Run) -> str:
    try:
        return launching.own_file(run, LOG).read_text(errors="replace")[-_LAST:]
    except (OSError, InputError):
        return ""


def _bundle(run: Run) -> bytes:
    return make_bundle(run).data


def _read(file: Path) -> bytes:
    return file.read_bytes()
