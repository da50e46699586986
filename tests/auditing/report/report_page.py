"""A report as its reader meets it, and runs with something changed."""

from __future__ import annotations

from html.parser import HTMLParser

from camcore.auditing.report import write_report
from camcore.auditing.runs.run import Run


class Page(HTMLParser):
    """What a reader of the page meets: tags, text, and whether tags are closed in order."""

    VOID = ("img", "meta", "br", "link", "input")

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def charts(self) -> list[dict]:
        return [attrs for _, attrs in self.tags if attrs.get("role") == "img"]

    def all(self, tag: str) -> list[dict]:
        return [attrs for name, attrs in self.tags if name == tag]


def page_of(run: Run) -> Page:
    return Page(write_report(run).read_text(encoding="utf-8"))


def change(run: Run, name: str, edit) -> Run:
    value = run.store.read_json(name)
    edit(value)
    run.store.write_json(name, value)
    return Run(run.folder)


def only(run: Run, *levels: str) -> Run:
    def edit(summary):
        summary["findings"] = [one for one in summary["findings"] if one["level"] in levels]

    return change(run, "findings.json", edit)
