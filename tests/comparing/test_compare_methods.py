"""`compare`: every number of a case that is known on paper."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from pooled_classifier import PooledClassifier, one_bright_corner

from camcore import Engine
from camcore.comparing import COLUMNS, compare
from camcore.engine.cache import BoundedCache
from camcore.errors import InputError

CORNER = (0, 0, 1, 1)


def compared(model=None, **options):
    settings = {"methods": ["cam", "grad-cam"], "layers": ["last"], "targets": [0]} | options
    return compare(Engine(), model or PooledClassifier(), one_bright_corner(), **settings)


def test_every_number_on_paper():
    """CAM is 4 in the bright corner; the picture is its own mask, so nothing is lost by it."""
    made = compared(boxes=[CORNER])
    cam = made.row("cam", "last", 0)
    np.testing.assert_array_equal(cam.explanation.heatmap.raw, [[4, 0], [0, 0]])
    expected = {
        "pearson_cam": 1, "spearman_cam": 1, "iou_cam": 1,
        "pearson_grad_cam": 1, "spearman_grad_cam": 1, "iou_grad_cam": 1,
        "drop": 0, "increase": 0, "coherency": 1, "complexity": 0.25, "adcc": 0.9,
        "share": 1, "area": 0.25, "lift": 4, "pointing": 1, "box_iou": 1, "passes": 0,
    }  # fmt: skip
    assert {name: cam.numbers[name] for name in expected} == pytest.approx(expected)
    assert cam.numbers["seconds"] > 0
    assert set(cam.numbers) == set(COLUMNS)


def test_a_box_beside_the_evidence_has_none_of_it():
    numbers = compared(boxes=[(1, 1, 2, 2)], faithfulness=False).rows[0].numbers
    assert numbers["share"] == numbers["lift"] == numbers["pointing"] == numbers["box_iou"] == 0
    assert numbers["area"] == 0.25


def test_several_boxes_count_as_one_region_and_the_best_overlap():
    numbers = compared(boxes=[(0, 1, 2, 2), CORNER], faithfulness=False).rows[0].numbers
    assert numbers["share"] == 1
    assert numbers["area"] == 0.75
    assert numbers["box_iou"] == 1


def test_rows_run_method_by_method_layer_by_layer_class_by_class():
    made = compared(layers=["first", "last"], targets=["dark", 0], faithfulness=False)
    assert [(row.method, row.layer.name, row.target.index) for row in made.rows] == [
        (method, layer, target)
        for method in ("cam", "grad-cam")
        for layer in ("first", "last")
        for target in (1, 0)
    ]


def test_a_class_that_is_named_twice_is_one():
    made = compared(targets=["dark", 1, 0], faithfulness=False)
    assert [target.index for target in made.targets] == [1, 0]
    assert len(made.rows) == 2 * 2


def test_an_impossible_method_says_why_and_the_others_go_on():
    made = compared(layers=["first"], faithfulness=False)
    cam, grad = made.rows
    assert cam.explanation is None
    assert "global average pooling" in cam.note
    assert not any(name.endswith("_cam") and "grad" not in name for name in grad.numbers)
    assert grad.numbers["pearson_grad_cam"] == pytest.approx(1)


def test_what_is_left_out_says_what_it_would_cost():
    options = {"methods": ["ablation-cam"], "layers": ["first"], "faithfulness": False}
    out = compared(**options, left_out=[("ablation-cam", "first")]).rows[0]
    assert out.explanation is None
    assert "2 forward passes" in out.note
    run = compared(**options).rows[0]
    # Without the first map the score 2 falls to 1, without the second it stays: weights 1/2, 0.
    np.testing.assert_allclose(run.explanation.heatmap.raw, [[0.5, 0], [0, 0]])
    assert run.numbers["passes"] == 2
    assert run.numbers["seconds"] == run.explanation.cost.seconds


def test_progress_rises_to_the_total():
    seen = []
    compared(methods=["cam", "ablation-cam"], layers=["first", "last"],
             progress=lambda done, total: seen.append((done, total)))  # fmt: skip
    done = [count for count, _ in seen]
    assert done == sorted(done)
    assert seen[-1][0] == seen[-1][1]
    assert len({total for _, total in seen}) == 1


def test_progress_may_stop_it():
    def stop(done, total):
        raise KeyError("stopped")

    with pytest.raises(KeyError):
        compared(progress=stop)


def test_measuring_the_same_maps_again_is_free():
    model, engine, kept = PooledClassifier(), Engine(), BoundedCache(2**20)
    options = {"methods": ["cam", "hirescam"], "layers": ["last"], "targets": [0], "kept": kept}
    first = compare(engine, model, one_bright_corner(), **options)
    predicted = model.images
    again = compare(engine, model, one_bright_corner(), **options, boxes=[CORNER])
    assert model.images == predicted > 0
    assert again.rows[0].numbers["seconds"] == first.rows[0].numbers["seconds"]
    assert again.rows[0].numbers["share"] == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"methods": ["magic"]}, "magic"),
        ({"layers": ["nowhere"]}, "first, last"),
        ({"targets": ["cow"]}, "cow"),
        ({"methods": []}, "at least one"),
        ({"boxes": [(1, 1, 1, 2)]}, "empty"),
        ({"boxes": [(5, 5, 7, 7)]}, "outside"),
    ],
)
def test_bad_input_is_refused_in_words(options, words):
    with pytest.raises(InputError, match=words):
        compared(**options)


def test_the_table_has_what_was_measured_and_the_file_reads_back():
    made = compared(layers=["first", "last"], faithfulness=False)
    table = made.table()
    assert table["method"].tolist() == ["CAM", "CAM", "Grad-CAM", "Grad-CAM"]
    assert table["evidence"].tolist() == ["", "positive", "positive", "positive"]
    assert "adcc" not in table
    assert "share" not in table
    assert np.isnan(table["pearson_cam"][[0, 2]]).all()
    back = pd.read_csv(io.StringIO(made.csv()))
    assert back.columns.tolist() == table.columns.tolist()
    assert back["class"].tolist() == ["bright $x$"] * 4
    assert back["seconds"][1] == pytest.approx(table["seconds"][1])


def test_no_evidence_is_said():
    black = np.zeros((2, 2, 3), np.uint8)
    from camcore import read_image

    made = compare(
        Engine(), PooledClassifier(), read_image(black, name="black.png"),
        methods=["grad-cam"], layers=["last"], targets=[0],
    )  # fmt: skip
    row = made.rows[0]
    assert row.explanation.evidence == "none"
    assert row.note.startswith("No positive evidence")
    assert row.numbers["drop"] == 1
    assert np.isnan(row.numbers["deletion"])
