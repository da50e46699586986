"""What is learnt of a data set in splits, and what accuracy is measured on."""

from __future__ import annotations

from pathlib import Path

import pytest

from camcore.errors import InputError
from camcore.retrofitting.parts import Parts, parts_of
from camcore.sources.source import list_source


def parts(folder: Path, counts: dict[str, int], split: str | None = None) -> Parts:
    for place, count in counts.items():
        (folder / place).mkdir(parents=True)
        for number in range(count):
            (folder / place / f"{number}.png").write_bytes(b"...")
    return parts_of(list_source(folder, unpack_to=folder / "unused"), split)


def counted(taken: Parts) -> dict[tuple[str, str], int]:
    """Pictures by part and label."""
    counts: dict[tuple[str, str], int] = {}
    for label, held in zip(taken.files["label"], taken.held, strict=True):
        key = ("held" if held else "learnt", label)
        counts[key] = counts.get(key, 0) + 1
    return counts


TRAIN = {"train/cat": 3, "train/dog": 4}
LEARNT = {("learnt", "cat"): 3, ("learnt", "dog"): 4}


def test_train_is_learnt_and_val_is_measured_on(tmp_path):
    taken = parts(tmp_path, TRAIN | {"val/cat": 1, "val/dog": 2, "test/cat": 5, "test/dog": 5})
    assert counted(taken) == LEARNT | {("held", "cat"): 1, ("held", "dog"): 2}
    assert taken.validated_on == "val"
    assert taken.notes == (
        "of the splits train (7 pictures), val (3 pictures) and test (10 pictures), train was "
        "learnt, accuracy was measured on val, and test left out",
    )


def test_without_val_test_is_measured_on(tmp_path):
    taken = parts(tmp_path, TRAIN | {"Testing/cat": 1, "Testing/dog": 2})
    assert counted(taken) == LEARNT | {("held", "cat"): 1, ("held", "dog"): 2}
    assert taken.validated_on == "Testing"


@pytest.mark.parametrize("others", [{}, {"test": 5}])
def test_without_another_split_with_labels_nothing_is_held_yet(tmp_path, others):
    taken = parts(tmp_path, TRAIN | others)
    assert counted(taken) == LEARNT
    assert (taken.validated_on, taken.held.any()) == ("", False)


def test_classes_that_are_not_learnt_are_not_measured_on(tmp_path):
    taken = parts(tmp_path, TRAIN | {"val/cat": 1, "val/dog": 1, "val/owl": 6})
    assert counted(taken) == LEARNT | {("held", "cat"): 1, ("held", "dog"): 1}
    assert taken.notes[-1] == "6 pictures are of a class that is not learnt: left out of val"


@pytest.mark.parametrize(
    ("wanted", "learnt", "held"),
    [("val", 3, 10), ("test", 10, 3), ("all", 20, 0), ("train", 7, 3)],
)
def test_another_split_can_be_learnt(tmp_path, wanted, learnt, held):
    counts = TRAIN | {"val/cat": 1, "val/dog": 2, "test/cat": 5, "test/dog": 5}
    taken = parts(tmp_path, counts, wanted)
    assert (int((~taken.held).sum()), int(taken.held.sum())) == (learnt, held)


def test_classes_called_like_splits_are_learnt(tmp_path):
    taken = parts(tmp_path, {"bus": 2, "car": 2, "train": 2})
    assert counted(taken) == {("learnt", name): 2 for name in ("bus", "car", "train")}


def test_a_split_of_a_data_set_without_splits(tmp_path):
    with pytest.raises(InputError, match="There is no split 'train'"):
        parts(tmp_path, {"cat": 2, "dog": 2}, "train")
