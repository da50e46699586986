"""A picture edited by hand: which pixels change, and what they become."""

from __future__ import annotations

import numpy as np
import pytest

import camcore
from camcore.auditing.edits.by_hand import MOST_DABS, HandEdit, edited_by_hand, seen_by
from camcore.errors import InputError
from camcore.models.keras.classifier import KerasClassifier

BLACK, WHITE = (np.full((24, 48, 3), level, np.uint8) for level in (0, 255))


def white_at(edit: HandEdit) -> np.ndarray:
    return edit.apply(BLACK, WHITE)[..., 0] == 255


def test_a_part_brings_what_lies_in_its_place_wherever_it_is_moved():
    assert white_at(HandEdit("sky", "picture"))[:8].all()
    assert not white_at(HandEdit("sky", "picture"))[8:].any()
    donor = np.arange(24 * 48 * 3).reshape(24, 48, 3).astype(np.uint8)
    edited = HandEdit("tag", "picture", right=0.5, down=0.25).apply(BLACK, donor)
    assert (edited[6:12, 24:36] == donor[:6, :12]).all()
    edited[6:12, 24:36] = 0
    assert not edited.any()


@pytest.mark.parametrize("part", ["sky", "tag", "frame"])
@pytest.mark.parametrize("moves", [{"down": -1}, {"right": 1}])
def test_what_is_moved_out_of_the_picture_is_gone(part, moves):
    assert white_at(HandEdit(part, "picture")).any()
    assert not white_at(HandEdit(part, "picture", **moves)).any()


def test_the_brush_paints_ellipses_and_is_not_moved():
    edit = HandEdit("brush", "picture", right=0.5, dabs=((0.25, 0.5, 0.125, 0.25),))
    rows, columns = np.mgrid[:24, :48] + 0.5
    expected = ((columns - 12) / 6) ** 2 + ((rows - 12) / 6) ** 2 <= 1
    assert (white_at(edit) == expected).all()
    assert not white_at(HandEdit("brush", "picture")).any()


def test_each_fill_acts_in_the_part_alone():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (24, 48, 3), np.uint8)
    gray, blur, surroundings = (
        HandEdit("sky", fill).apply(pixels) for fill in ("gray", "blur", "surroundings")
    )
    for edited in (gray, blur, surroundings):
        assert (edited[8:] == pixels[8:]).all()
        assert (edited[:8] != pixels[:8]).any()
    assert (gray[:8] == 128).all()
    assert blur[:8].std() < pixels[:8].std() / 2
    step = np.where(np.arange(24)[:, None, None] < 8, 255, 60).astype(np.uint8)
    filled = HandEdit("sky", "surroundings").apply(np.broadcast_to(step, (24, 48, 3)).copy())
    assert abs(filled[:8].mean() - 60) < 2  # nothing of what was there is left


@pytest.mark.parametrize(
    "words",
    [
        {"part": "sun", "fill": "gray"},
        {"part": "sky", "fill": "magic"},
        {"part": "sky", "fill": "gray", "down": float("nan")},
        {"part": "brush", "fill": "gray", "dabs": ((0.5, 0.5, 0.1, 0.1),) * (MOST_DABS + 1)},
    ],
)
def test_what_is_no_edit_is_refused(words):
    with pytest.raises(InputError):
        HandEdit(**words)


def test_another_picture_must_be_there_and_as_large():
    for donor in (None, WHITE[:10]):
        with pytest.raises(InputError, match="another picture"):
            HandEdit("sky", "picture").apply(BLACK, donor)


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_what_a_model_sees_of_a_picture_gets_the_same_answer(tiny_model, picture, fit):
    engine, model = camcore.Engine(), KerasClassifier(tiny_model)
    whole = picture()
    seen = seen_by(model, whole, fit)
    assert (seen.height, seen.width) == model.input_shape[:2]
    before = engine.predict(model, whole, fit=fit, top=None)
    assert engine.predict(model, seen, top=None) == before
    edited = edited_by_hand(seen, HandEdit("sky", "gray"))
    assert engine.predict(model, edited, top=None) != before
