"""What a page says, and a run that stopped: shared by the tests of the Audit page."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs

from streamlit.testing.v1 import AppTest

from camcore.auditing.runs.progress import Watch
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings
from camcore.auditing.runs.store import Store

AUDIT, EXPLORE = "pages/audit.py", "pages/explore.py"
SKY = "tank--sky-top-band"


def stopped_run(folder: Path, state: str, *, message: str = "", **settings: str) -> Run:
    """A run that was started from the page and stopped in its scan, or failed before it."""
    (folder / "given").mkdir(parents=True)
    (folder / "lock").touch()
    asked = Settings(settings.pop("source", "/no/pictures"), "cloud-detector", **settings)
    note = {"settings": asked.as_json(), "time": 0.0}
    (folder / "given" / "asked.json").write_text(json.dumps(note))
    with Store(folder).locked():
        watch = Watch(folder)
        watch.begin("model" if message else "scan", total=0 if message else 400)
        if not message:
            watch.begin("scan", total=400, done=100, bad=3)
        if state != "interrupted":
            watch.end(state, message)
    return Run(folder)


def words(app: AppTest) -> str:
    """Everything that the page says, escapes taken out."""
    kinds = (app.title, app.header, app.markdown, app.caption, app.info, app.progress)
    texts = [getattr(own, "text", None) or str(own.value) for kind in kinds for own in kind]
    return "\n".join(texts).replace("\\", "")


def links(app: AppTest) -> dict[str, dict[str, str]]:
    """The page's links by their words, with the query that they lead to."""
    return {
        own.value.replace("\\", ""): {
            name: values[0] for name, values in parse_qs(own.proto.query_string).items()
        }
        for own in app.page_link
    }


def the_error(app: AppTest) -> str:
    """The one sentence that says what is wrong."""
    assert not app.exception
    (error,) = app.error
    return error.value.replace("\\", "")
