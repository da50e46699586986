"""Addresses of the Audit page: a run, a view of it, one finding; and the way into Explore."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

import camcore
from camcore.auditing.runs.repairs import told_of
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings
from camcore.auditing.runs.store import runs_folder
from camcore.storage.bounds import check_bounds
from pages.components.wording import PageError
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.pickers.model_picker import ModelChoice, is_place
from pages.session.uploads import typed_path

_PAGE = "pages/audit.py"
_SHOWN = "audit-shown"
VIEWS = {
    "findings": marked("Findings"),
    "images": marked("Images"),
    "compare": marked("Compare"),
    "run": marked("This run"),
}


@dataclass(frozen=True)
class Place:
    """What an address asks for.

    Attributes
    ----------
    run, finding, other : str
        Names of a run, of a finding in it, and of a run to compare it with; "" for none.
    view : str
        One of `VIEWS`.
    """

    run: str = ""
    view: str = "findings"
    finding: str = ""
    other: str = ""

    def query(self) -> dict[str, str]:
        """The address's own words."""
        named = {"run": self.run, "view": self.view, "finding": self.finding, "other": self.other}
        default = vars(Place())
        return {name: value for name, value in named.items() if value != default[name]}


def here() -> Place:
    """The place that the address asks for."""
    asked = {name: st.query_params.get(name, "") for name in ("run", "view", "finding", "other")}
    if asked["view"] not in VIEWS:
        asked["view"] = Place().view
    place = Place(**asked)
    if place != st.session_state.get(_SHOWN, place):
        go(place)  # a link within a page leaves the browser's address as it was
    st.session_state[_SHOWN] = place
    return place


def go(place: Place) -> None:
    """Write a place into the address; the page that runs next is there."""
    st.query_params.from_dict(place.query())


def link(label: str, place: Place, **options: str) -> None:
    """A link to another place of this page."""
    st.page_link(_PAGE, label=label, query_params=place.query(), **options)  # type: ignore[arg-type]


def name_of(run: Run) -> str:
    """What addresses call a run: its name where runs lie, else its path."""
    here_too = run.folder.parent.absolute() == runs_folder().absolute()
    return run.folder.name if here_too else str(run.folder)


def run_named(name: str) -> Run:
    """The run that an address names.

    Runs lie in the folder of runs, each with all that it was given; whatever looks like a run
    inside another one came with an upload, and is none; but for the proof of a repair.

    Raises
    ------
    camcore.InputError
        If it leads out of what this server may read, or into another run.
    camcore.errors.StoreError
        If there is no run.
    """
    if Path(name).name == name and name not in ("", ".", ".."):
        return Run(runs_folder() / name)
    folder = Path(typed_path(name)).resolve()
    outer = told_of(folder)  # the proof of a repair lies inside the run that it is of
    if any(_marks_a_run(above) for above in outer.parents):
        raise PageError(_("{name} lies inside another run, so it is none of its own.", name=name))
    if outer.parent != runs_folder().resolve():
        check_bounds(folder)
    return Run(folder)


def _marks_a_run(folder: Path) -> bool:
    """Whether a folder is a run's; ``/var`` holds a folder called ``lock`` and is none."""
    return any((folder / name).is_file() for name in ("run.json", "lock"))


@st.cache_resource(max_entries=3, show_spinner=False)
def _results(folder: str, stamp: int) -> Run:
    return Run(folder)


def results_of(run: Run) -> Run:
    """The same run with its tables kept between clicks, until its findings are made anew."""
    try:
        stamp = (run.folder / "findings.json").stat().st_mtime_ns
    except OSError:
        return run
    return _results(str(run.folder), stamp)


def model_of(settings: Settings) -> ModelChoice:
    """A run's model as the pages choose one."""
    file = is_place(settings.model)
    return ModelChoice(
        settings.model,
        Path(settings.model).name if file else settings.model,
        file=file,
        labels=settings.class_names,
        output=settings.output,
        output_kind=settings.output_kind,
        input_size=settings.input_size,
    )


def explore_query(run: Run, image: int, class_name: str | None) -> dict[str, str]:
    """The words of an address that opens an image in Explore as the audit saw it.

    Parameters
    ----------
    run : Run
    image : int
    class_name : str or None
        An audited class; None leaves the class to the prediction.
    """
    settings = Settings.from_json(run.record["settings"])
    named = {
        **model_of(settings).link(),
        "path": str(run.path_of(image)),
        "layer": run.record["model"]["layer"],
        "class": None if class_name is None else _column(run, image, class_name),
        "method": settings.method,
        "output": settings.output,
        "fit": settings.fit if settings.fit in camcore.FITS else None,
        "preprocessing": settings.preprocessing,
    }
    return {name: value for name, value in named.items() if value is not None}


def explore_address(run: Run, image: int, class_name: str | None) -> str:
    """The same as an address relative to this page's."""
    return f"explore?{urlencode(explore_query(run, image, class_name))}"


def _column(run: Run, image: int, class_name: str) -> str:
    """Of the model's columns that an audited class stands for, the likeliest for an image."""
    for klass in run.record["classes"]["classes"]:
        if klass["name"] == class_name:
            likely = run.images.at[image, "top_columns"]
            likely = [] if likely is None or pd.api.types.is_scalar(likely) else list(likely)
            best = [column for column in likely if column in klass["columns"]]
            return str((best or klass["columns"])[0])
    raise PageError(_("the run audits no class called {class_name}.", class_name=repr(class_name)))
