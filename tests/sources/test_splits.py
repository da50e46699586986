"""Splits are told from classes, however people spell and nest them; classes are never splits."""

from __future__ import annotations

import pytest

from camcore.errors import InputError
from camcore.sources.splits import choose_splits, lay_out, role_of, splits_of


def files(*folders: str, each: int = 2) -> list[str]:
    return [f"{folder}/{k}.png" for folder in folders for k in range(each)]


def laid_out(paths: list[str]) -> set[tuple[str, str]]:
    """Every pair of split and label."""
    layout = lay_out(paths)
    return set(zip(layout.splits, layout.labels, strict=True))


def two(first: str, *others: str, classes: tuple[str, ...] = ("cats", "dogs")) -> list[str]:
    return files(*(f"{split}/{name}" for split in (first, *others) for name in classes))


@pytest.mark.parametrize(
    "names",
    [
        ("train", "val", "test"),
        ("Training", "Testing"),
        ("TRAIN", "VALID", "TEST"),
        ("train_set", "test_set"),
        ("training_set", "validation_set", "test_set"),
        ("TrainSet", "ValSet"),
        ("trainset", "testset"),
        ("train", "dev", "eval"),
        ("train", "validation"),
        ("train2017", "val2017"),
        ("train-images", "test-images"),
        ("data_train", "data_val"),
        ("seg_train", "seg_test"),
        ("1_train", "2_val", "3_test"),
        ("01. Training data", "02. Test data"),
        ("train", "test1"),
        ("train", "holdout"),
        ("val", "test"),
        ("fruits-360 Training", "fruits-360 Test"),
        ("entrenamiento", "validación", "prueba"),
        ("treino", "teste"),
        ("Entraînement", "Validation", "Test"),
        ("addestramento", "prova"),
        ("Trainingsdaten", "Validierungsdaten", "Testdaten"),
        ("eğitim", "doğrulama", "test"),
        ("обучение", "тест"),
        ("обучающая выборка", "тестовая выборка"),
        ("训练集", "验证集", "测试集"),
        ("学習データ", "検証データ", "テストデータ"),
        ("훈련", "테스트"),
    ],
)
def test_all_spellings(names):
    assert laid_out(two(*names)) == {
        (split, class_name) for split in names for class_name in ("cats", "dogs")
    }


@pytest.mark.parametrize(
    ("paths", "pairs"),
    [
        # nested twice, in a folder of one name or of another
        (two("train/train", "test/test"), "train:cats|train:dogs|test:cats|test:dogs"),
        (two("seg_train/seg_train", "seg_test/seg_test"),
         "seg_train:cats|seg_train:dogs|seg_test:cats|seg_test:dogs"),
        (two("train/images", "test/images"), "train:cats|train:dogs|test:cats|test:dogs"),
        (two("train/pets", "test/pets"), "train:cats|train:dogs|test:cats|test:dogs"),
        (two("a/b/train", "a/b/test"), "train:cats|train:dogs|test:cats|test:dogs"),
        # below a class, folders say nothing
        (files("train/cats/old", "train/dogs", "test/cats", "test/dogs/x/y"),
         "train:cats|train:dogs|test:cats|test:dogs"),
        # a class missing in one of them
        (files("train/cats", "train/dogs", "test/cats"), "train:cats|train:dogs|test:cats"),
        (files("train/cats", "train/dogs", "train/owls", "val/dogs", "val/owls", "val/eels"),
         "train:cats|train:dogs|train:owls|val:dogs|val:owls|val:eels"),
        # spelled otherwise in one of them
        (files("train/Cats", "train/hot dogs", "test/cats", "test/hot_dogs"),
         "train:Cats|train:hot dogs|test:cats|test:hot_dogs"),
        # without labels in one of them
        ([*two("train"), *files("test1")], "train:cats|train:dogs|test1:"),
        ([*two("seg_train/seg_train", "seg_test/seg_test"), *files("seg_pred/seg_pred")],
         "seg_train:cats|seg_train:dogs|seg_test:cats|seg_test:dogs|seg_pred:"),
        (files("train", "test"), "train:|test:"),
        # strays beside them
        ([*two("train", "val"), "readme.png", *files("docs")],
         "train:cats|train:dogs|val:cats|val:dogs|:"),
        ([*two("train", "test"), *two("pets/train", "pets/test")],
         "train:cats|train:dogs|test:cats|test:dogs|:"),
        # strays inside them
        ([*two("train", "val"), "train/x.png"], "train:cats|train:dogs|train:|val:cats|val:dogs"),
        # one split and no other picture
        (two("data/train"), "train:cats|train:dogs"),
        # classes first
        (two("cats", "dogs", classes=("train", "test")),
         "train:cats|train:dogs|test:cats|test:dogs"),
        (files("cats/train", "cats/val", "dogs/train"), "train:cats|val:cats|train:dogs"),
        (two("x/cats", "x/dogs", classes=("Training", "Validation")),
         "Training:cats|Training:dogs|Validation:cats|Validation:dogs"),
    ],
)  # fmt: skip
def test_all_layouts(paths, pairs):
    assert laid_out(paths) == {tuple(pair.split(":")) for pair in pairs.split("|")}


@pytest.mark.parametrize(
    "paths",
    [
        files("bus", "car", "train"),
        files("bus/a", "bus/b", "car/a", "car/b", "train/a", "train/b"),
        files("bus", "car", "train", "test"),
        files("cat", "dog", "test"),
        files("placebo", "test"),
        files("valid", "invalid"),
        files("steam train", "freight train", "tram"),
        files("latest", "training shoe", "boot"),
        files("train station", "bus station"),
        files("trained", "untested"),
        files("dev", "cat"),
        files("land/bus", "land/train", "sea/boat"),
        files("bus/train", "car/door"),
        files("prueba", "gato"),
        files("Testament", "Provence"),
    ],
)
def test_classes_are_no_splits(paths):
    layout = lay_out(paths)
    assert layout.splits == ("",) * len(paths)
    assert layout.labels == tuple(path.split("/")[0] for path in paths)


def test_pictures_without_folders():
    assert lay_out(["1.png", "train.png"]) == lay_out(["train.png", "test.png"])
    assert lay_out([]).labels == ()


@pytest.mark.parametrize("name", ["", "1", "trainer", "latest", "attest", "evaluated by", "cat"])
def test_other_names_have_no_role(name):
    assert role_of(name) is None


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (None, ["Test"]),
        ("all", ["Training", "dev", "Test", "test1"]),
        ("ALL", ["Training", "dev", "Test", "test1"]),
        ("Test", ["Test"]),
        ("TEST", ["Test"]),
        ("test1", ["test1"]),
        ("testing", ["Test", "test1"]),
        ("val", ["dev"]),
        ("train", ["Training"]),
    ],
)
def test_the_split_that_is_taken(wanted, taken):
    names = ["Training", "dev", "Test", "test1"]
    splits = splits_of(["cat", "cat", "cat", ""], names)
    assert [split.name for split in choose_splits(splits, wanted)] == taken


@pytest.mark.parametrize(
    ("names", "labels", "taken"),
    [
        (["train", "val"], ["a", "a"], ["val"]),
        (["train", "test"], ["a", ""], ["train"]),
        (["train", "val", "test"], ["a", "a", ""], ["val"]),
        (["train", "test"], ["", ""], ["test"]),
        (["train", "train2"], ["a", "a"], ["train", "train2"]),
    ],
)
def test_the_split_that_is_taken_unasked(names, labels, taken):
    assert [split.name for split in choose_splits(splits_of(labels, names), None)] == taken


@pytest.mark.parametrize("wanted", ["tset", "", "cat", "val"])
def test_a_split_that_is_not_there(wanted):
    with pytest.raises(InputError, match=f"no split '{wanted}'; the pictures lie in train, test"):
        choose_splits(splits_of(["a", "a"], ["train", "test"]), wanted)


def test_folds_of_a_cross_validation_are_no_classes():
    paths = [f"fold_{k}/{name}/1.png" for k in range(3) for name in ("benign", "malignant")]
    layout = lay_out(paths)
    assert set(layout.labels) == {"benign", "malignant"}
    assert set(layout.splits) == {"fold_0", "fold_1", "fold_2"}
    taken = choose_splits(splits_of(layout.labels, layout.splits), None)
    assert [split.name for split in taken] == ["fold_0", "fold_1", "fold_2"]
    assert lay_out(["fold/1.png", "crease/2.png"]).labels == ("fold", "crease")  # the control


def test_a_class_of_one_letter_that_a_split_has_alone_stays_a_class():
    layout = lay_out(["train/a/1.png", "train/b/1.png", "test/a/1.png"])
    assert layout.labels == ("a", "b", "a")
    assert lay_out(["train/a/x/1.png", "train/a/y/1.png", "test/a/x/1.png"]).labels == (
        "x", "y", "x",
    )  # fmt: skip
