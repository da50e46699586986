"""Labels find their columns or say why not; margins and predictions equal exact arithmetic."""

from __future__ import annotations

import decimal
from decimal import Decimal

import numpy as np
import pytest

from camcore.auditing.audited_classes import (
    AuditClass,
    Classes,
    class_margins,
    match_classes,
    predicted_classes,
    require_classes,
)
from camcore.errors import InputError

PETS = ("tabby", "tiger_cat", "beagle", "crane", "pug", "crane")


def columns(matched: Classes) -> dict[str, tuple[int, ...]]:
    return {audit_class.label: audit_class.columns for audit_class in matched.classes}


def test_by_name_and_by_index():
    matched = match_classes({"pug": 3, "Tiger Cat": 5, "0": 4}, PETS)
    assert matched == Classes(
        (
            AuditClass("tabby", (0,), "0"),
            AuditClass("tiger_cat", (1,), "Tiger Cat"),
            AuditClass("pug", (4,), "pug"),
        ),
        "label",
    )


def test_digits_by_index_and_never_by_order():
    names = [f"class {index}" for index in range(10)]
    matched = match_classes({"9": 1, "3": 1, "00": 1}, names)
    assert columns(matched) == {"00": (0,), "3": (3,), "9": (9,)}
    with pytest.raises(InputError, match=r"--class-names FILE.*or --labels MAP") as caught:
        match_classes(dict.fromkeys("abcdefghij", 1), names)
    assert "'a', 'b', 'c', 'd', 'e', ..." in str(caught.value)
    assert "numbers from 0 to 9" in str(caught.value)


def test_numbers_that_count_from_one():
    ten = [f"class {index}" for index in range(10)]
    labels = {str(number): 5 for number in range(1, 11)}
    with pytest.raises(InputError, match="count from 1 to 10, but the model's classes from 0 to 9"):
        match_classes(labels, ten)
    named = match_classes(labels, [str(number) for number in range(1, 11)])
    assert columns(named)["1"] == (0,)
    assert columns(named)["10"] == (9,)
    with_zero = match_classes(labels | {"0": 1}, ten)
    assert columns(with_zero)["9"] == (9,)
    assert "There is no class 10" in with_zero.notes[0]


def test_unmatched_labels_are_named():
    matched = match_classes({"pug": 3, "beagles": 20, "zebra": 1000}, PETS)
    assert columns(matched) == {"pug": (4,)}
    assert matched.notes == (
        "2 of 3 labels left out (1,020 images): No class is called 'beagles'; did you mean "
        "'beagle'? No class is called 'zebra'; give a name or an index, 0 to 5.",
        "one class only, 'pug': nothing can be swapped between classes",
    )


def test_of_many_unmatched_labels_five_are_named():
    matched = match_classes({"pug": 1, "tabby": 1} | {f"zz{i}": 1 for i in range(7)}, PETS)
    assert matched.notes[0].startswith("7 of 9 labels left out (7 images): ")
    assert matched.notes[0].count("No class is called") == 5
    assert matched.notes[0].endswith("'zz4'; give a name or an index, 0 to 5. ...")


def test_a_name_of_several_classes_needs_its_index():
    matched = match_classes({"crane": 4, "pug": 1, "3": 2, "5": 2}, PETS)
    assert "Several classes are called 'crane': give the index, 3 and 5." in matched.notes[0]
    assert [audit_class.name for audit_class in matched.classes] == [
        "crane (3)",
        "crane (5)",
        "pug",
    ]


def test_none_matched():
    with pytest.raises(InputError) as caught:
        match_classes({"tabbies": 3, "cat": 5}, PETS)
    assert str(caught.value) == (
        "None of the labels 'cat', 'tabbies' is a class of the model (close: 'tiger_cat', "
        "'tabby'); give --labels MAP, a file that says which classes each label stands for, or "
        "--labels none to audit by predicted class."
    )


def test_two_labels_of_one_column():
    for labels in ({"Pug": 1, "pug": 1}, {"4": 1, "pug": 1}):
        with pytest.raises(InputError, match=r"both stand for class 4, 'pug'; give each"):
            match_classes(labels, PETS)


def test_by_mapping():
    mapping = {"cat": (0, 1), "DOG": (2, 4), "Fish": (3,)}
    matched = match_classes({"Cat": 9, "dog": 8, "bird": 7}, PETS, mapping)
    assert matched == Classes(
        (AuditClass("Cat", (0, 1), "Cat"), AuditClass("dog", (2, 4), "dog")),
        "label",
        ("1 of 3 labels left out (7 images): The mapping does not name 'bird'.",),
    )


@pytest.mark.parametrize(
    ("labels", "mapping", "words"),
    [
        ({"cat": 1}, {"dog": (2,)}, "names 'dog', and none of the labels 'cat'"),
        ({"cat": 1, "dog": 1}, {"cat": (0, 2), "dog": (2,)}, "'cat' and 'dog' both stand for clas"),
        ({"cat": 1, "Cat": 1}, {"cat": (0,)}, "'Cat' and 'cat' both stand for class 0"),
        ({"pet": 1}, {"pet": tuple(range(6))}, "'pet' stands for all classes of the model"),
    ],
)
def test_mappings_that_cannot_be(labels, mapping, words):
    with pytest.raises(InputError, match=words):
        match_classes(labels, PETS, mapping)


def test_without_labels():
    matched = match_classes({}, PETS)
    assert matched.by == "prediction"
    assert matched.notes == ("there are no labels: audited by predicted class",)
    assert [audit_class.columns for audit_class in matched.classes] == [
        (0,),
        (1,),
        (2,),
        (3,),
        (4,),
        (5,),
    ]
    assert [audit_class.name for audit_class in matched.classes] == [
        *("tabby", "tiger_cat", "beagle", "crane (3)", "pug", "crane (5)"),
    ]
    assert {audit_class.label for audit_class in matched.classes} == {""}
    assert match_classes({"": 50}, PETS) == matched


def test_labels_set_aside():
    matched = match_classes({"zebra": 5}, PETS, by_prediction=True)
    assert matched.by == "prediction"
    assert len(matched.classes) == 6
    assert matched.notes == ("the labels are set aside: audited by predicted class",)
    mapped = match_classes({}, PETS, {"cat": (0, 1), "dog": (2, 4)})
    assert mapped.by == "prediction"
    assert mapped.classes == (AuditClass("cat", (0, 1), ""), AuditClass("dog", (2, 4), ""))


def test_one_column_leaves_nothing_to_compare():
    with pytest.raises(InputError, match="stands for all classes"):
        match_classes({}, ["only"])


def test_regression_is_refused():
    with pytest.raises(InputError, match=r"age predicts numbers.*the audit is for classifiers"):
        require_classes("regression", "age")
    for kind in ("softmax", "logits", "log-probability", "sigmoid", "multi-label"):
        require_classes(kind, "any")


# Scores


def classes(*groups: tuple[int, ...]) -> Classes:
    return Classes(tuple(AuditClass(str(group), group, "") for group in groups), "label")


def exact_margin(row: np.ndarray, group: tuple[int, ...]) -> float:
    """log sum exp inside minus log sum exp outside, in arithmetic of 60 digits."""
    with decimal.localcontext() as context:
        context.prec = 60
        powers = [Decimal(float(score)).exp() for score in row]
        inside = sum(powers[column] for column in group)
        outside = sum(power for column, power in enumerate(powers) if column not in group)
        return float(inside.ln() - outside.ln())


RANDOM = np.random.default_rng(3).normal(0, 4, (5, 7)).astype(np.float32)
EXTREME = np.array(
    [
        [0, 0, 0, 0, 0, 0, 0],
        [1000, -1000, 0, 0, 0, 0, 0],
        [5000, 100, -3000, 99, 98, 1, 0],
        [-4000, -4000, -4000, -4001, -9000, -9000, -9000],
        [40, 40, 39.5, -40, -40, -40, -40],
        [17, 0, 0, 0, 0, 0, -5],
        [-100, -100, -100, -100, 700, 30, 31],
    ],
    np.float32,
)


@pytest.mark.parametrize("scores", [RANDOM, EXTREME], ids=["random", "extreme"])
@pytest.mark.parametrize(
    "groups",
    [
        tuple((column,) for column in range(7)),
        ((0,), (1,)),
        ((6, 2, 0), (1,), (3, 5)),
        ((0, 1, 2), (3, 4, 5, 6)),
        ((4,),),
        ((0, 1, 2, 3, 5, 6),),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["softmax", "logits", "log-probability"])
def test_margins_are_exact(scores, groups, kind):
    margins = class_margins(scores, classes(*groups), kind)
    exact = [[exact_margin(row, group) for group in groups] for row in scores]
    assert margins.dtype == np.float32
    # One rounding to float32, of values that float64 holds to far more digits.
    np.testing.assert_allclose(margins, exact, rtol=1.2e-7, atol=1e-11)


def test_a_thousand_classes_are_exact():
    scores = np.random.default_rng(0).normal(0, 3, (2, 1000)).astype(np.float32)
    scores[1, 17] = 60  # a probability that rounds to 1
    margins = class_margins(scores, classes(*((column,) for column in range(1000))), "softmax")
    for row, column in ((0, 0), (0, int(scores[0].argmax())), (1, 17), (1, 18)):
        exact = exact_margin(scores[row], (column,))
        assert margins[row, column] == pytest.approx(exact, rel=1.2e-7)


def test_probabilities_and_scores_give_the_same_margins():
    probabilities = np.array([[0.5, 0.25, 0.125, 0.125]])
    margins = class_margins(np.log(probabilities), classes((0,), (1, 2), (3,)), "log-probability")
    expected = np.log([[0.5 / 0.5, 0.375 / 0.625, 0.125 / 0.875]])
    np.testing.assert_allclose(margins, expected, rtol=1e-6, atol=1e-7)


def test_sigmoid_margins_are_the_scores():
    scores = np.array([[-2.5, 2.5], [0.75, -0.75]], np.float32)
    assert class_margins(scores, classes((1,)), "sigmoid").tolist() == [[2.5], [-0.75]]
    assert class_margins(scores, classes((0,), (1,)), "sigmoid").tolist() == scores.tolist()


def test_multi_label_margins_are_the_largest_score():
    scores = np.array([[1, -2, 3, 0.5], [-1, -2, -3, -0.5]], np.float32)
    margins = class_margins(scores, classes((0, 1), (3,), (2, 1)), "multi-label")
    assert margins.dtype == np.float32
    assert margins.tolist() == [[1, 0.5, 3], [-1, -0.5, -2]]


def test_predictions_by_softmax():
    log = np.log(
        [
            [0.40, 0.10, 0.30, 0.20],  # one column beats the pair
            [0.30, 0.05, 0.35, 0.30],  # the pair beats the largest column
            [0.10, 0.60, 0.20, 0.10],  # a column of no class
            [0.35, 0.36, 0.20, 0.09],  # a column of no class, just
        ]
    )
    predicted = predicted_classes(log, classes((2, 3), (0,)), "softmax")
    assert predicted.dtype == np.int32
    assert predicted.tolist() == [0, 0, -1, -1]
    assert predicted_classes(log, classes((2, 3), (0,)), "logits").tolist() == [0, 0, -1, -1]
    single = classes((0,), (1,), (2,), (3,))
    assert predicted_classes(log, single, "log-probability").tolist() == [0, 2, 1, 1]
    assert predicted_classes(log[:1], classes((3,), (0,)), "softmax").tolist() == [1]


def test_columns_of_no_class_do_not_join():
    """Single columns compete: three others of 0.2 do not beat a class of 0.4."""
    log = np.log([[0.4, 0.2, 0.2, 0.2]])
    assert predicted_classes(log, classes((0,)), "softmax").tolist() == [0]
    assert class_margins(log, classes((0,)), "softmax")[0, 0] < 0


def test_predictions_by_sigmoid():
    scores = np.array([[-2, 2], [2, -2]], np.float32)
    assert predicted_classes(scores, classes((0,), (1,)), "sigmoid").tolist() == [1, 0]
    assert predicted_classes(scores, classes((1,)), "sigmoid").tolist() == [0, -1]


def test_predictions_of_many_labels():
    scores = np.array([[1, -2, 3, 9], [-1, -2, -3, 9], [0, -1, -1, 9], [2, 1, -3, 9]], np.float32)
    predicted = predicted_classes(scores, classes((1, 2), (0,)), "multi-label")
    assert predicted.dtype == np.int32
    assert predicted.tolist() == [0, -1, -1, 1]


@pytest.mark.parametrize("kind", ["softmax", "sigmoid", "multi-label"])
def test_no_images(kind):
    none = np.zeros((0, 2), np.float32)
    assert class_margins(none, classes((0,), (1,)), kind).shape == (0, 2)
    assert predicted_classes(none, classes((0,), (1,)), kind).shape == (0,)


def test_scores_are_left_as_they_are():
    scores = RANDOM.copy()
    for kind in ("softmax", "multi-label"):
        class_margins(scores, classes((0, 1), (2,)), kind)
        predicted_classes(scores, classes((0, 1), (2,)), kind)
    assert np.array_equal(scores, RANDOM)
