"""Tags and notes of the image board: kept with the run, found again, and in the list."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from camcore.auditing.runs.image_remarks import ImageRemarks, remark, remarks_of, take_off
from camcore.auditing.runs.run import Run
from camcore.errors import InputError
from pages.parts.audit import flagged
from pages.parts.audit.image_board import ticked_csv
from tests.pages.app_page import assert_calm


def test_tags_add_up_a_note_is_replaced_and_both_are_taken_off(run):
    remark(run, [3, 5], tag="  odd  light ", note="look again")
    remark(run, [5], tag="blurred")
    remark(run, [5], note="=1+1")
    kept = {3: ImageRemarks(("odd light",), "look again")}
    assert remarks_of(Run(run.folder)) == kept | {5: ImageRemarks(("blurred", "odd light"), "=1+1")}
    rows = pd.read_csv(
        io.BytesIO(ticked_csv(run, [5, 6], flagged.select(run, flagged.ALL).assign(leaning="")))
    )
    assert rows["tags"].fillna("").tolist() == ["blurred; odd light", ""]
    assert rows["note"].fillna("").tolist() == ["'=1+1", ""]
    assert all(link.startswith("explore?") for link in rows["link"])
    take_off(run, [5])
    assert remarks_of(run) == kept


@pytest.mark.parametrize(
    ("images", "words"),
    [([3], {}), ([], {"tag": "a"}), ([10_000], {"tag": "a"}), ([3], {"tag": "a" * 61})],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_lost(run, images, words):
    remark(run, [3], tag="kept")
    with pytest.raises(InputError):
        remark(run, images, **words)
    assert remarks_of(run) == {3: ImageRemarks(("kept",))}


def test_ticked_images_are_tagged_on_the_board_and_found_by_the_tag(visit, run):
    app = visit(run="planted", view="images")
    app.selectbox(key="audit-images-by").set_value(flagged.ALL).run()
    app.session_state[f"audit-ticked-{run.folder}"] = {1, 2}
    app.run()
    app.text_input(key="audit-board-tag").set_value("*odd*")
    next(own for own in app.button if own.label == "Keep for 2 ticked images").click().run()
    assert_calm(app)
    assert remarks_of(run) == {image: ImageRemarks(("*odd*",)) for image in (1, 2)}
    app.button_group(key="audit-images-tags").set_value(["*odd*"]).run()
    assert_calm(app)
    assert any(note.value.startswith("2 images;") for note in app.caption)
