"""The steps of the lesson, in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from pages.languages.catalogues import marked
from pages.parts.learn.lesson import Lesson
from pages.parts.learn.notes import NOTES, Note


@dataclass(frozen=True)
class Step:
    """One step of the lesson.

    Attributes
    ----------
    slug : str
        Its name in an address.
    title : str
        In English, to be translated where it is shown, as the note is.
    show : callable
        Draws it.
    note : Note
        For the teacher; its question is asked before the step is shown.
    apart : bool
        Whether it brings its own models and pictures instead of the chosen ones.
    link : callable
        What an address says of it beside the step; takes in first what a link asks for.
    """

    slug: str
    title: str
    show: Callable[[Lesson], None]
    note: Note
    apart: bool = False
    link: Callable[[], dict[str, str | None]] = dict


def _step(slug: str, title: str, *, apart: bool = False, linked: bool = False) -> Step:
    # Only the step that is looked at is read: some bring figures and tables with them.
    def module() -> ModuleType:
        return import_module(f"pages.parts.learn.step_{slug.replace('-', '_')}")

    def show(lesson: Lesson) -> None:
        module().show(lesson)

    def link() -> dict[str, str | None]:
        values: dict[str, str | None] = module().link() if linked else {}
        return values

    return Step(slug, title, show, NOTES[slug], apart, link)


STEPS: tuple[Step, ...] = (
    _step("two-networks", marked("The network as two networks")),
    _step("channels", marked("Feature maps and their weights")),
    _step("weighted-sum", marked("The weighted sum grows")),
    _step("relu", marked("ReLU: what is cut")),
    _step("upsampling", marked("From cells to pixels")),
    _step("resolution", marked("Which resolution is real")),
    _step("needs-gap", marked("Why CAM needs a pooled head")),
    _step("pooling", marked("Mean or maximum: two ways to pool")),
    _step("softmax", marked("Before and after softmax")),
    _step("depth", marked("Early and late layers")),
    _step("draw", marked("Draw a digit"), apart=True),
    _step("retrofit", marked("Make any network CAM-ready"), apart=True),
    _step("training", marked("Watch a map being learnt"), apart=True),
    _step("cloud-detector", marked("The cloud detector"), apart=True),
    _step("fool-it", marked("Fool it, prove it, mend it"), apart=True, linked=True),
)
