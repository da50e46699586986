"""Whole audits whose cue lies in the middle: boxes on thirty pictures tell whether it is the
object."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from camcore.auditing.pipeline import audit
from camcore.auditing.report import words
from camcore.auditing.report.tables import asked_table
from camcore.auditing.runs.drawn_boxes import boxes_notes, drawn_boxes, keep_boxes
from camcore.auditing.runs.run import Run
from camcore.errors import InputError
from tests.auditing.folders import _folder
from tests.auditing.linear_classifier import looks_at

MIDDLE = ((3, 3), (3, 4), (4, 3), (4, 4))  # the 8 x 8 pixels of the cue on the 8 x 8 grid
AROUND_IT, ELSEWHERE = (11, 11, 21, 21), (0, 20, 10, 32)


@pytest.fixture(scope="module", autouse=True)
def _no_report():
    """The report has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("camcore.auditing.pipeline.write_report", lambda run: None)
        yield


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """The middle is brighter than its picture in a and darker in b, in another way each time."""
    levels = np.random.default_rng(5)

    def shade(picture: np.ndarray, label: str) -> None:
        sign = 1 if label == "a" else -1
        picture[12:20, 12:20] += sign * levels.uniform(40, 100, (8, 1, 3))

    return _folder(tmp_path_factory.mktemp("middle"), 36, 0, shade)


def audited(pictures: Path, out: Path, **options) -> Run:
    return audit(pictures, looks_at(*MIDDLE), out=out, method="hirescam", budget=9000, **options)


@pytest.fixture(scope="module")
def unmarked(pictures, tmp_path_factory):
    return audited(pictures, tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture
def judged(unmarked, pictures, tmp_path):
    """A copy of the run, judged by one box in each of the first `count` pictures asked for."""
    shutil.copytree(unmarked.folder, tmp_path / "run")

    def judge(box: tuple[int, ...], count: int | None = None) -> Run:
        rows = asked_table(unmarked).iloc[:count]
        file = tmp_path / "boxes.csv"
        file.write_text(
            "path,box\n" + "".join(f"{p},{' '.join(map(str, box))}\n" for p in rows.path)
        )
        return audited(pictures, tmp_path / "run", boxes=file)

    return judge


def told(run: Run) -> dict:
    summary = json.loads((run.folder / "findings.json").read_text())
    return {name: summary[name] for name in ("findings", "score", "scores", "lead")}


def region(run: Run):
    return run.finding("a--region")


def test_what_is_in_doubt_asks_for_boxes(unmarked):
    assert region(unmarked).may_be_object
    assert region(unmarked).boxed is None
    (asked,) = unmarked.summary["asked"]
    assert (asked["class"], asked["findings"]) == ("a", ["a--region"])
    klass = unmarked.images.loc[asked["pictures"], "klass"].tolist()
    assert klass == [0, 1] * 15
    assert len(set(asked["pictures"])) == 30
    tested = unmarked.trials("test")
    assert set(asked["pictures"]) <= set(tested["donor"]) | set(tested["recipient"])
    assert any("Boxes around the object in 30 pictures" in line for line in words.verdict(unmarked))
    table = asked_table(unmarked)
    assert table.columns.tolist() == ["path", "decides", "x0", "y0", "x1", "y1"]
    assert (table["x0"] == "").all()


def test_boxes_around_the_cue_prove_the_object(judged):
    run = judged(AROUND_IT)
    finding = region(run)
    assert (finding.on_object, finding.kind, finding.may_be_object) == (True, "object", False)
    assert finding.boxed["around"]["interval"] == [0.0, 0.0]
    assert finding.boxed["own"]["interval"] == [1.0, 1.0]
    assert run.summary["asked"] == []
    assert words.verdict(run)[0] == "No reliance was proven on anything but the object."
    assert run.summary["score"] == 0


def test_boxes_elsewhere_prove_that_it_is_not(judged, unmarked):
    run = judged(ELSEWHERE)
    finding = region(run)
    assert (finding.on_object, finding.kind, finding.may_be_object) == (False, "context", False)
    assert finding.boxed["around"]["interval"] == [1.0, 1.0]
    assert words.verdict(run)[0].startswith("The model relies on context, ")
    assert run.summary["score"] > 0.5 > unmarked.summary["score"]


def test_too_few_boxes_change_nothing(judged, unmarked):
    run = judged(ELSEWHERE, 20)
    assert told(run) == told(unmarked)
    (asked,) = run.summary["asked"]
    assert asked["pictures"] == unmarked.summary["asked"][0]["pictures"][20:]


@pytest.mark.slow
def test_boxes_that_are_taken_back_lead_back(judged, unmarked, pictures):
    run = judged(ELSEWHERE)
    assert region(run).on_object is False
    keep_boxes(run, dict.fromkeys(drawn_boxes(run), ()))
    again = audited(pictures, run.folder)
    assert (told(again), again.summary["asked"]) == (told(unmarked), unmarked.summary["asked"])


def test_boxes_that_do_not_fit_are_told(unmarked, pictures, tmp_path):
    shutil.copytree(unmarked.folder, tmp_path / "run")
    run = Run(tmp_path / "run")
    file = tmp_path / "boxes.csv"
    file.write_text(
        "path,x0,y0,x1,y1\nz/0001.png,1,1,5,5\n0002.png,1,1,5,5\na/0003.png,40,1,50,5\n"
    )
    with pytest.raises(InputError, match=r"no box of boxes\.csv lies on a picture"):
        audited(pictures, run.folder, boxes=file)
    with file.open("a") as stream:
        stream.write("a/0004.png,1,1,5,99\na/0004.png,6,6,8,8\na/0005.png,,,,\n")
    made = audited(pictures, run.folder, boxes=file)
    assert drawn_boxes(made) == {4: ((1, 1, 5, 32), (6, 6, 8, 8))}
    assert list(boxes_notes(made)) == [
        "boxes left out: no picture of this audit goes by z/0001.png",
        "boxes left out: several pictures go by 0002.png",
        "boxes left out: not within the picture are those of a/0003.png",
    ]
    assert set(boxes_notes(made)) <= set(made.summary["notes"])
    for boxes, why in (
        ({999: [(0, 0, 1, 1)]}, "no image 999"),
        ({4: [(5, 5, 5, 9)]}, "is empty"),
        ({4: [(0, 0, float("nan"), 1)]}, "is not four numbers"),
    ):
        with pytest.raises(InputError, match=why):
            keep_boxes(run, boxes)
    assert list(drawn_boxes(run)) == [4]
