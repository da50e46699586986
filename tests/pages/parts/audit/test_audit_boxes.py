"""Boxes around the object, asked for where a verdict is in doubt: drawn, kept, and judged by."""

from __future__ import annotations

import pytest

from camcore.auditing.runs.drawn_boxes import drawn_boxes
from camcore.auditing.runs.run import Run
from pages.parts.audit.object_boxes import TITLE
from tests.pages.app_page import assert_calm
from tests.pages.parts.audit.reading import SKY, the_error, words

PICTURES = (21, 3, 23)


@pytest.fixture
def in_doubt(run) -> Run:
    """The run, in doubt whether the sky is the object."""
    asked = {"class": "tank", "findings": [SKY], "pictures": list(PICTURES)}
    run.store.write_json("findings.json", run.summary | {"asked": [asked]})
    return Run(run.folder)


def type_box(app, image: int, *box: int):
    for edge, value in zip(("x0", "y0", "x1", "y1"), box, strict=True):
        app.number_input(key=f"audit-box-{edge}-{image}").set_value(value)
    (button,) = (own for own in app.button if own.label == "Keep this box")
    return button.click().run()


def judge(app):
    return app.button(key="audit-box-judge")


def test_nothing_is_asked_where_nothing_is_in_doubt(visit, run):
    assert TITLE not in words(assert_calm(visit(run="planted", finding=SKY)))


def test_boxes_by_numbers_are_kept_and_judged_by(visit, in_doubt, launched):
    assert "Boxes around the object in 3 pictures would tell." in words(visit(run="planted"))
    app = assert_calm(visit(run="planted", finding=SKY))
    assert "Picture 1 of 3: tank" in words(app)
    assert judge(app).disabled
    type_box(app, 21, 9, 5, 2, 8)
    assert "the box 9 5 2 8 is empty" in the_error(app).lower()
    assert drawn_boxes(in_doubt) == {}
    app.run()
    assert_calm(type_box(app, 21, 2, 5, 9, 8))
    assert "Picture 2 of 3: forest" in words(app)
    assert "1 of 3 pictures have boxes" in words(app)
    # Several objects: the picture stays.
    app.toggle(key="audit-box-goes-on").set_value(False).run()
    type_box(app, 3, 0, 0, 4, 4)
    type_box(app, 3, 6, 6, 8, 8)
    assert "Picture 2 of 3: forest" in words(app)
    assert drawn_boxes(in_doubt) == {21: ((2, 5, 9, 8),), 3: ((0, 0, 4, 4), (6, 6, 8, 8))}
    assert judge(app).disabled
    app.button(key="audit-box-next").click().run()
    type_box(app, 23, 1, 1, 2, 2)
    assert not launched
    judge(app).click().run()
    ((settings, folder),) = launched
    assert (folder, settings.model) == (in_doubt.folder, "cloud-detector")


def test_another_visit_goes_on_where_boxes_end(visit, in_doubt):
    type_box(visit(run="planted", finding=SKY), 21, 2, 5, 9, 8)
    assert "Picture 2 of 3" in words(visit(run="planted", finding=SKY))
