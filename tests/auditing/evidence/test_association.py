"""Associations: planted cues come out on top, noise does not, whatever the classes' sizes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from camcore.auditing.evidence import association as module
from camcore.auditing.evidence.association import association
from camcore.auditing.rules import Rules
from camcore.errors import InputError

NAMES = [f"class {number}" for number in range(10)]


@pytest.fixture(autouse=True)
def _fewer_shuffles(monkeypatch):
    monkeypatch.setattr(module, "RULES", Rules(shuffles=99))


def noise(classes, columns=6, seed=0):
    values = np.random.default_rng(seed).normal(size=(len(classes), columns))
    return pd.DataFrame(values, columns=[f"noise {column}" for column in range(columns)])


def associated(table, classes, groups=None, seed=0):
    groups = np.arange(len(classes)) if groups is None else groups
    return association(table, classes, NAMES, groups=groups, seed=seed)


def row(result, klass, name):
    rows = result[(result["class"] == klass) & (result["property"] == name)]
    return rows.iloc[0]


def test_a_perfect_cue_of_one_class_in_ten_is_on_top():
    classes = np.arange(400) % 10
    table = noise(classes)
    table["cue"] = np.where(classes == 7, 9.0, 0.0) + noise(classes, 1, seed=1)["noise 0"]
    result = associated(table, classes)
    first = result.iloc[0]
    assert (first["class"], first["name"], first["property"]) == (7, "class 7", "cue")
    assert first["auc"] > 0.97
    assert first["direction"] == 1
    assert first["p"] == first["q"] == 0.01
    assert (result.loc[result["property"] != "cue", "q"] > 0.05).all()
    assert len(result) == 10 * 7


@pytest.mark.parametrize("sizes", [(120, 40), (180, 60), (40, 40, 40)])
def test_noise_is_not_flagged(sizes):
    classes = np.repeat(np.arange(len(sizes)), sizes)
    alarms = 0
    for seed in range(40):
        table = noise(classes, 4, seed)
        table["flag"] = (table["noise 0"] > 1.2).astype(float)
        table.loc[table["noise 1"] > 0.5, "noise 1"] = np.nan
        alarms += (associated(table, classes, seed=seed)["q"] <= 0.05).any()
    assert alarms <= 5  # at 5 %: 2 expected, 5 is the 99 % quantile


def test_both_extremes_are_a_cue_without_direction():
    classes = np.repeat([0, 1], 100)
    table = noise(classes)
    side = np.random.default_rng(2).choice([-1, 1], 100)
    table.loc[classes == 0, "noise 3"] = 4 * side + table.loc[classes == 0, "noise 3"] / 4
    first = associated(table, classes).iloc[0]
    assert (first["property"], first["direction"], first["q"]) == ("noise 3", 0, 0.01)
    assert first["auc"] > 0.95


def test_less_of_a_property_has_a_direction_too():
    classes = np.repeat([0, 1], 60)
    table = noise(classes)
    table["noise 2"] -= 5 * classes
    result = associated(table, classes)
    assert row(result, 0, "noise 2")["direction"] == 1
    assert row(result, 1, "noise 2")["direction"] == -1


@pytest.mark.parametrize("gone", [np.nan, np.inf])
def test_what_is_missing_may_be_the_cue(gone):
    classes = np.repeat([0, 1, 2], 50)
    table = noise(classes)
    table["jpeg_quality"] = np.where(classes == 1, gone, 90.0)
    first = associated(table, classes).iloc[0]
    assert (first["class"], first["property"], first["direction"]) == (1, "jpeg_quality", 0)
    assert first["auc"] == 1


def test_a_rare_value_among_equal_ones_is_a_cue():
    classes = np.repeat([0, 1], [40, 760])
    for rare, common in ((1.0, 0.0), (0.0, 1.0)):
        table = noise(classes)
        table["width"] = np.where(classes == 0, rare, common)
        first = associated(table, classes).iloc[0]
        assert (first["property"], first["auc"], first["q"]) == ("width", 1, 0.01)


def test_what_never_changes_tells_nothing():
    classes = np.repeat([0, 1], 50)
    table = noise(classes).assign(constant=3.0, missing=np.nan)
    result = associated(table, classes)
    for name in ("constant", "missing"):
        entry = row(result, 0, name)
        assert (entry["auc"], entry["direction"], entry["p"], entry["q"]) == (0.5, 0, 1, 1)


def test_areas_are_those_of_a_slow_calculation():
    rng = np.random.default_rng(3)
    target, fold = rng.integers(0, 2, 3000), rng.permutation(np.arange(3000) % 5)
    values = rng.normal(size=3000) + 0.8 * (target == 0)
    values[rng.random(3000) < 0.1] = np.nan
    known = np.isfinite(values)
    ranks = pd.Series(values).rank().to_numpy()
    bins = np.full(3000, 16)
    bins[known] = np.floor((ranks[known] - 0.5) / known.sum() * 16)
    areas = []
    for part in range(5):
        taught, of_class = fold != part, target == 0
        base = of_class[taught].mean()
        rates = []
        for number in range(17):
            weights = np.where(bins == number, 1.0, 0.0)
            if number < 16:
                weights += np.where((np.abs(bins - number) == 1) & (bins < 16), 0.5, 0.0)
            weights *= taught
            rates.append(((weights * of_class).sum() + 2 * base) / (weights.sum() + 2))
        assert len(set(rates)) == 17  # no ties, whose order would be free
        areas.append(roc_auc_score(of_class[~taught], np.array(rates)[bins[~taught]]))
    quick = module._Areas(pd.DataFrame({"x": values}).rank(), fold, 1).of(target)
    np.testing.assert_allclose(quick, [[np.mean(areas)]], rtol=1e-6)


def test_any_growing_scale_gives_the_same():
    classes = np.arange(150) % 3
    table = noise(classes)
    pd.testing.assert_frame_equal(associated(table, classes), associated(np.exp(table), classes))


def test_the_order_of_the_properties_does_not_matter():
    classes = np.arange(150) % 3
    table = noise(classes)
    order = ["class", "property"]
    pd.testing.assert_frame_equal(
        associated(table, classes).sort_values(order, ignore_index=True),
        associated(table[table.columns[::-1]], classes).sort_values(order, ignore_index=True),
    )


def test_the_same_seed_gives_the_same_bits():
    classes = np.arange(120) % 2
    table = noise(classes).set_index(np.arange(120) * 7)  # ids are no places
    pd.testing.assert_frame_equal(associated(table, classes), associated(table, classes))
    assert (associated(table, classes, seed=1)["auc"] != associated(table, classes)["auc"]).any()


def test_copies_are_no_evidence():
    classes = np.repeat([0, 1], 40)
    table = noise(classes, 3)
    copies = np.repeat(np.arange(80), 12)
    result = associated(table.iloc[copies], classes[copies], groups=copies)
    pd.testing.assert_frame_equal(result, associated(table, classes))
    assert result["q"].min() > 0.05


def test_images_without_a_class_are_left_out():
    classes = np.repeat([0, 1, -1], [40, 40, 100])
    table = noise(classes)
    pd.testing.assert_frame_equal(
        associated(table, classes), associated(table[classes >= 0], classes[classes >= 0])
    )


@pytest.mark.parametrize(
    ("sizes", "classes"), [((60,), []), ((60, 29), []), ((60, 20, 15), [0]), ((30, 30), [0, 1])]
)
def test_a_class_and_its_rest_need_thirty_images(sizes, classes):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    result = associated(noise(labels, 2), labels)
    assert sorted(set(result["class"])) == classes
    assert list(result.columns) == ["class", "name", "property", "auc", "direction", "p", "q"]


def test_no_images_and_no_properties():
    assert associated(noise(np.zeros(0)), np.zeros(0, int)).empty
    assert associated(noise(np.zeros(90), 0), np.repeat([0, 1], 45)).empty


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="3 rows of properties, 2 classes and 2 groups"):
        associated(noise(np.zeros(3)), np.zeros(2, int))
    with pytest.raises(InputError, match="Class 10 has no name"):
        associated(noise(np.zeros(3)), np.array([0, 1, 10]))
