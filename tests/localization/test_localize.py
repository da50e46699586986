"""Localisation of coloured boxes, whose maps and figures are known on paper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from camcore.engine.engine import Engine
from camcore.errors import InputError, MethodError
from camcore.localization.boxes import Box, TrueBox
from camcore.localization.localize import localize
from camcore.localization.reading import Boxes
from camcore.localization.result import Localization
from tests.localization.coloured import colours, paint

SMALL, LARGE = (20, 20, 28, 28), (4, 8, 16, 24)  # on whole cells, away from the edges
WIDER = (3, 7, 17, 25)  # LARGE as it comes back at 20 % of the maximum


def run(folder: Path, *boxes: TrueBox, threshold: float = 0.5, **options) -> Localization:
    return localize(Engine(), colours(), folder, Boxes(boxes, ()), threshold=threshold, **options)


def true(picture: str, label: str, box: Box, size: tuple[int, int] | None = None) -> TrueBox:
    return TrueBox(picture, label, tuple(map(float, box)), size)


def test_top1_accuracy_and_iou(tmp_path):
    paint(tmp_path / "a.png", red=LARGE)
    paint(tmp_path / "b.png", red=LARGE, green=SMALL)  # more red than green
    paint(tmp_path / "c.png", green=LARGE)
    half = (4, 8, 16, 34)  # 12 x 24 of it on the picture
    result = run(
        tmp_path, true("a.png", "red", LARGE), true("b.png", "green", SMALL),
        true("c.png", "green", SMALL), true("c.png", "Green", half),
    )  # fmt: skip
    a, b, c = result.rows
    assert (a.predicted, a.right, a.box, a.iou, a.known_iou) == ("red", True, LARGE, 1, 1)
    assert (b.predicted, b.right, b.box, b.iou, b.known_iou) == ("red", False, LARGE, 0, 1)
    assert (b.label, b.true) == ("green", SMALL)
    assert (c.right, c.box, c.iou, c.true) == (True, LARGE, 16 / 24, (4, 8, 16, 32))
    assert result.top1 == result.accuracy == 2 / 3
    assert result.known == 1
    assert result.mean_iou == pytest.approx((1 + 0 + 16 / 24) / 3, abs=1e-15)
    assert (result.judged, result.without_evidence, result.notes) == (3, 0, ())


def test_right_but_not_localised_is_wrong(tmp_path):
    paint(tmp_path / "a.png", red=LARGE)
    result = run(tmp_path, true("a.png", "red", SMALL))
    assert (result.top1, result.accuracy, result.known, result.mean_iou) == (1, 0, 0, 0)


def test_half_is_enough(tmp_path):
    paint(tmp_path / "a.png", red=LARGE)
    result = run(tmp_path, true("a.png", "red", (4, 8, 16, 16)))
    assert (result.mean_iou, result.accuracy) == (0.5, 1)


def test_the_threshold_is_a_share_of_the_maximum(tmp_path):
    paint(tmp_path / "a.png", red=LARGE)
    box = true("a.png", "red", LARGE)
    result = localize(Engine(), colours(), tmp_path, Boxes((box,), ()))
    assert result.threshold == 0.2
    assert result.rows[0].box == WIDER
    assert result.mean_iou == (12 * 16) / (14 * 18)


def test_a_label_may_stand_for_several_classes(tmp_path):
    paint(tmp_path / "a.png", red=LARGE, blue=SMALL)
    paint(tmp_path / "b.png", green=LARGE, blue=SMALL)
    boxes = true("a.png", "warm", SMALL), true("b.png", "warm", SMALL)
    result = run(tmp_path, *boxes, mapping={"Warm": (0, 2)})
    a, b = result.rows
    assert (a.predicted, a.right, a.known_iou) == ("red", True, 0)
    assert (b.predicted, b.right, b.known_iou) == ("green", False, 1)  # blue is the truer class


def test_of_several_labels_the_one_scored_highest_is_judged(tmp_path):
    paint(tmp_path / "a.png", red=LARGE, green=SMALL, blue=(0, 0, 4, 4))
    paint(tmp_path / "b.png", red=LARGE, green=SMALL)
    boxes = [
        true("a.png", "green", LARGE), true("a.png", "red", SMALL), true("a.png", "fox", LARGE),
        true("b.png", "blue", LARGE), true("b.png", "green", SMALL), true("b.png", "fox", LARGE),
    ]  # fmt: skip
    result = run(tmp_path, *boxes)
    a, b = result.rows
    assert (a.label, a.right, a.iou) == ("red", True, 0)  # not the green box, which would fit
    assert (b.label, b.right, b.iou, b.known_iou) == ("green", False, 0, 1)
    assert result.notes == (
        "1 label stands for no class of linear, and such boxes are left out: 'fox'",
    )


def test_pictures_of_other_labels_are_left_out(tmp_path):
    paint(tmp_path / "a.png", red=LARGE)
    paint(tmp_path / "b.png", green=LARGE)
    result = run(tmp_path, true("a.png", "red", LARGE), true("b.png", "fox", LARGE))
    assert [row.path for row in result.rows] == ["a.png"]


def test_the_class_folder_is_the_label_of_boxes_without_one(tmp_path):
    paint(tmp_path / "red" / "1.png", red=LARGE)
    paint(tmp_path / "green" / "1.png", red=LARGE)
    boxes = true("green/1.png", "", LARGE), true("red/1.png", "", LARGE)
    result = run(tmp_path, *boxes)
    assert [(row.path, row.label, row.right) for row in result.rows] == [
        ("green/1.png", "green", False),
        ("red/1.png", "red", True),
    ]


def test_of_several_splits_the_one_with_boxes_is_judged(tmp_path):
    places = [
        f"{split}/{name}/{split}.png" for split in ("train", "val") for name in ("red", "green")
    ]
    for place in places:
        paint(tmp_path / place, **{place.split("/")[1]: LARGE})
    boxes = [true(place, "", LARGE) for place in places]
    result = run(tmp_path, *boxes)
    assert [(row.path, row.label) for row in result.rows] == [
        ("val/green/val.png", "green"),
        ("val/red/val.png", "red"),
    ]
    assert result.notes[0] == (
        "of the splits train (2 pictures) and val (2 pictures), val was taken and train left out"
    )
    assert [row.label for row in run(tmp_path, *boxes, split="train").rows] == ["green", "red"]
    assert len(run(tmp_path, *boxes, split="all").rows) == 4
    only = run(tmp_path, *boxes[:2])
    assert [row.path for row in only.rows] == ["train/green/train.png", "train/red/train.png"]
    with pytest.raises(InputError, match="no split 'dev'"):
        run(tmp_path, *boxes[:2], split="dev")


def test_without_labels_nothing_is_said_of_classes(tmp_path):
    paint(tmp_path / "a.png", red=LARGE)
    for label, note in (
        ("", "the boxes have no labels, so Top-1 is not known"),
        (
            "fox",
            "no label stands for a class of linear: 'fox', so Top-1 is not known; say with "
            "--labels which classes they stand for",
        ),
    ):
        result = run(tmp_path, true("a.png", label, LARGE), true("a.png", label, SMALL))
        assert (result.top1, result.accuracy, result.known, result.mean_iou) == (
            None,
            None,
            None,
            1,
        )
        assert (result.rows[0].label, result.rows[0].right) == ("", None)
        assert result.notes == (note,)


def test_what_has_no_counterpart_is_counted(tmp_path):
    for name in ("a.png", "b.png", "x/c.png", "y/c.png"):
        paint(tmp_path / name, red=LARGE)
    boxes = [true(name, "red", LARGE) for name in ("a.png", "z.png", "c.png")]
    assert run(tmp_path, *boxes).notes == (
        "3 pictures have no true box: left out",
        "1 picture with boxes not in the folder: 'z.png'",
        "1 name of the box file fit several pictures or share one: left out: 'c.png'",
    )


def test_no_evidence_overlaps_nothing(tmp_path):
    paint(tmp_path / "a.png")
    result = run(tmp_path, true("a.png", "red", LARGE))
    (row,) = result.rows
    assert (row.box, row.iou, row.true) == (None, 0, LARGE)
    assert row.note == "no positive evidence for red"
    assert (result.judged, result.without_evidence, result.top1, result.accuracy) == (1, 1, 1, 0)


def test_what_cannot_be_judged_is_a_row(tmp_path):
    paint(tmp_path / "a.png", red=LARGE)
    (tmp_path / "b.png").write_bytes(b"")
    paint(tmp_path / "c.png", red=LARGE)
    paint(tmp_path / "d.png", red=LARGE)
    boxes = [
        true("a.png", "red", LARGE), true("a.png", "red", (40, 40, 50, 50)),
        true("b.png", "red", LARGE), true("c.png", "red", LARGE, size=(64, 32)),
        true("d.png", "red", (-9, 0, 0, 9)),
    ]  # fmt: skip
    result = run(tmp_path, *boxes)
    assert [(row.path, row.iou, row.note) for row in result.rows] == [
        ("a.png", 1, "the box 40 40 50 50 lies outside of the picture, which is 32 x 32"),
        ("b.png", None, "b.png is empty (0 bytes); copy or download it again."),
        (
            "c.png",
            None,
            "a box was drawn on a picture of 64 x 32 pixels, and this one has 32 x 32 upright",
        ),
        ("d.png", None, "the box -9 0 0 9 lies outside of the picture, which is 32 x 32"),
    ]
    assert (result.judged, result.top1) == (1, 1)


def test_boxes_are_in_upright_pixels(tmp_path):
    stored = Image.open(paint(tmp_path / "a.png", red=LARGE)).crop((0, 0, 32, 28))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    stored.save(tmp_path / "a.png", exif=exif)
    # Clockwise, the stored y runs from right to left: x = 28 - y, y = x.
    upright = (28 - 24, 4, 28 - 8, 16)
    result = run(tmp_path, true("a.png", "red", upright, size=(28, 32)))
    assert result.mean_iou == 1
    aside = run(tmp_path, true("a.png", "red", LARGE, size=(32, 28)))
    assert "has 28 x 32 upright" in aside.rows[0].note


def test_progress_counts_and_may_stop(tmp_path):
    boxes = [true(f"{n}.png", "red", LARGE) for n in range(3)]
    for true_box in boxes:
        paint(tmp_path / true_box.picture, red=LARGE)
    seen: list[tuple[int, int]] = []
    run(tmp_path, *boxes, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, *boxes, progress=stop)


def test_the_table_has_empty_cells_for_what_is_not_known(tmp_path):
    paint(tmp_path / "a.png", red=LARGE)
    (tmp_path / "b.png").write_bytes(b"")
    result = run(tmp_path, true("a.png", "red", (4.5, 8, 16, 24)), true("b.png", "red", LARGE))
    header, first, second = result.csv().splitlines()
    assert header == (
        "path,label,predicted,probability,right,x0,y0,x1,y1,iou,"
        "true_x0,true_y0,true_x1,true_y1,known_iou,note"
    )
    cells = first.split(",")
    del cells[3]  # the probability of a softmax over block means
    iou = f"{11.5 * 16 / (12 * 16):.6g}"
    assert ",".join(cells) == f"a.png,red,red,True,4,8,16,24,{iou},4.5,8,16,24,{iou},"
    assert second == "b.png,,,,,,,,,,,,,,,b.png is empty (0 bytes); copy or download it again."


def test_refusals(tmp_path):
    paint(tmp_path / "a.png", red=LARGE)
    box = true("a.png", "red", LARGE)
    for threshold in (0, -0.1, 1.1, float("nan")):
        with pytest.raises(InputError, match="threshold"):
            run(tmp_path, box, threshold=threshold)
    with pytest.raises(InputError, match="is no folder"):
        run(tmp_path / "a.png", box)
    with pytest.raises(InputError, match=r"the boxes name 'b.png', and .* holds 'a.png'"):
        run(tmp_path, replace(box, picture="b.png"))
    with pytest.raises(InputError, match="mapping names 'fox', and none of the labels 'red'"):
        run(tmp_path, box, mapping={"fox": (1,)})
    with pytest.raises(InputError, match="has no layer 'top'"):
        run(tmp_path, box, layer="top")
    with pytest.raises(InputError, match="nonsense"):
        run(tmp_path, box, method="nonsense")
    with pytest.raises(MethodError):
        run(tmp_path, box, method="cam")
    regression = colours()
    regression.output_kind = "regression"
    with pytest.raises(InputError, match="predicts numbers"):
        localize(Engine(), regression, tmp_path, Boxes((box,), ()))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="it is empty"):
        run(empty, box)
