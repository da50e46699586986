"""Other inputs of a model take each picture's own values from the table that lists it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from camcore.auditing.held_columns import fixed_values, held_columns, with_values
from camcore.auditing.pipeline import audit
from camcore.errors import InputError, StoreError
from camcore.models.keras.classifier import KerasClassifier
from camcore.sources.source import read_source

SIDE = 12
DRAW = np.random.default_rng(8)


@pytest.fixture(scope="module", autouse=True)
def _no_report():
    """The report has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("camcore.auditing.pipeline.write_report", lambda run: None)
        yield


@pytest.fixture(scope="module")
def with_age(keras):
    """Scores: the left and the right half's brightness; age decides beside them."""
    layers = keras.layers
    picture = keras.Input((SIDE, SIDE, 3), name="picture")
    age = keras.Input((1,), name="age")
    x = layers.Conv2D(2, 4, strides=4, activation="relu", name="conv")(picture)
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), age])
    model = keras.Model([picture, age], layers.Dense(2, activation="softmax", name="head")(x))
    kernel = np.zeros((4, 4, 3, 2), np.float32)
    kernel[..., 0] = 1 / 48
    kernel[..., 1] = 1 / 96
    model.get_layer("conv").set_weights([kernel, np.zeros(2, np.float32)])
    model.get_layer("head").set_weights(
        [np.array([[6, 0], [0, 3], [-1, 1]], np.float32), np.zeros(2, np.float32)]
    )
    return model


@pytest.fixture(scope="module")
def pair(keras):
    """Looks at the difference of two pictures."""
    layers = keras.layers
    left = keras.Input((SIDE, SIDE, 3), name="left")
    right = keras.Input((SIDE, SIDE, 3), name="right")
    x = layers.Subtract()([left, right])
    x = layers.Conv2D(3, 3, activation="relu", name="conv")(x)
    x = layers.Dense(2)(layers.GlobalAveragePooling2D()(x))
    return keras.Model([left, right], x)


def table(place, rows: int = 24, **columns) -> np.ndarray:
    """Pictures of two classes and ``t.csv`` that lists them; gives their pixels, by path."""
    place.mkdir(parents=True, exist_ok=True)
    pixels = DRAW.integers(0, 256, (rows, SIDE, SIDE, 3), dtype=np.uint8)
    names = [f"{number:03d}.png" for number in range(rows)]
    for name, picture in zip(names, pixels, strict=True):
        Image.fromarray(picture).save(place / name)
    labels = ["a" if number % 2 else "b" for number in range(rows)]
    pd.DataFrame({"path": names, "label": labels, **columns}).to_csv(place / "t.csv", index=False)
    return pixels


def classifier(model, **options) -> KerasClassifier:
    return KerasClassifier(
        model, preprocessing="0-1", class_names=["a", "b"], output_kind="logits", **options
    )


@pytest.fixture(scope="module")
def aged(with_age):
    return KerasClassifier(with_age, preprocessing="0-1", class_names=["a", "b"])


AGES = [round(float(age), 3) for age in np.linspace(-2, 2, 24)]


@pytest.mark.parametrize("method", ["hirescam", "cam"])
def test_each_row_of_the_scan_has_its_own_value(with_age, aged, tmp_path, method):
    pixels = table(tmp_path / "d", years=AGES)
    run = audit(
        tmp_path / "d" / "t.csv", aged, out=tmp_path / "run", budget=0, method=method,
        others={"age": "column:years"},
    )  # fmt: skip
    expected = np.asarray(with_age([pixels / np.float32(255), np.array(AGES, np.float32)[:, None]]))
    top = np.stack(run.store.read_table("images/00000.parquet")["top_probabilities"])
    np.testing.assert_allclose(top[:, 0], expected.max(axis=1), rtol=1e-4)
    assert (run.images["predicted"] == expected.argmax(axis=1)).all()
    zeros = np.asarray(with_age([pixels / np.float32(255), np.zeros((24, 1), np.float32)]))
    assert (zeros.argmax(axis=1) != expected.argmax(axis=1)).any()  # else nothing is shown
    assert "input 'age' (1) takes the values of the column 'years'" in run.summary["notes"]
    assert not any("held at 0" in note for note in run.summary["notes"])


def test_a_column_of_the_inputs_name_is_taken_and_a_given_value_comes_first(aged, tmp_path):
    table(tmp_path / "d", Age=AGES)
    source = tmp_path / "d" / "t.csv"
    by_name = audit(source, aged, out=tmp_path / "one", budget=0)
    named = audit(source, aged, out=tmp_path / "two", budget=0, others={"age": "column:Age"})
    fixed = audit(source, aged, out=tmp_path / "three", budget=0, others={"age": 0})
    margins = [run.images["margin"].to_numpy() for run in (by_name, named, fixed)]
    np.testing.assert_array_equal(margins[0], margins[1])
    assert np.abs(margins[0] - margins[2]).max() > 1
    assert fixed.record["model"]["held"] == []


def test_interventions_leave_each_recipient_its_own_value(with_age, aged, tmp_path):
    """The margin before an edit is that of the scan, and the edited pictures keep the value."""
    table(tmp_path / "d", rows=120, age=np.linspace(-2, 2, 120).round(3).tolist())
    run = audit(tmp_path / "d" / "t.csv", aged, out=tmp_path / "run", budget=12000)
    rows = run.trials("discovery")
    assert len(rows) > 100
    scanned = run.images["margin"].to_numpy()
    klass = run.images["klass"].to_numpy()
    # The scan's margin is for the image's own class: of two classes, minus that of the other.
    sign = np.where(klass[rows["recipient"]] == rows["klass"], 1, -1)
    np.testing.assert_allclose(rows["margin_before"], sign * scanned[rows["recipient"]], atol=2e-3)
    # Log-odds of a are 4.5 times the mean brightness, 0 to 1, minus twice the age.
    towards = np.where(rows["klass"] == run.class_names.index("a"), 1, -1)
    age = np.linspace(-2, 2, 120)
    for column in ("margin_edited", "margin_controlled"):
        brightness = (towards * rows[column] + 2 * age[rows["recipient"]]) / 4.5
        assert brightness.between(0, 1).all()
    donors = (towards * rows["margin_edited"] + 2 * age[rows["donor"]]) / 4.5
    assert not donors.between(0, 1).all()


def test_a_second_picture_comes_from_its_column(pair, tmp_path):
    names = [f"{(7 * number) % 24:03d}.png" for number in range(24)]
    pixels = table(tmp_path / "d", other=names)
    model = classifier(pair)
    run = audit(
        tmp_path / "d" / "t.csv", model, out=tmp_path / "run", budget=0,
        others={"right": "column:other"},
    )  # fmt: skip
    second = pixels[[int(name[:3]) for name in names]]
    expected = np.asarray(pair([pixels / np.float32(255), second / np.float32(255)]))
    assert (run.images["predicted"] == expected.argmax(axis=1)).all()
    margin = np.abs(expected[:, 0] - expected[:, 1])
    np.testing.assert_allclose(np.abs(run.images["margin"]), margin, rtol=1e-3, atol=1e-4)


def test_rows_without_a_value_are_rows_that_say_so(aged, tmp_path):
    ages = [*AGES[:3], "", "NA", *AGES[5:]]
    table(tmp_path / "d", age=ages)
    run = audit(tmp_path / "d" / "t.csv", aged, out=tmp_path / "run", budget=0)
    assert run.bad["path"].tolist() == ["003.png", "004.png"]
    assert run.bad["error"].str.contains("no value for input 'age'").all()


@pytest.mark.parametrize(
    ("columns", "others", "words"),
    [
        ({"years": AGES}, {"age": "column:age of patient"}, "t.csv does not have.*'years'"),
        ({}, {"age": "column:age"}, "does not have; its further columns are none"),
        ({"age": ["old", *AGES[1:]]}, None, "line 2: 'old' in the column 'age' does not fit"),
        ({"age": ["1 2", *AGES[1:]]}, None, "which takes one number"),
        ({"age": [""] * 24}, None, "holds no value for input 'age'"),
        ({"age": AGES}, {"sex": "column:age"}, "no other input 'sex'; it has 'age'"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(aged, tmp_path, columns, others, words):
    table(tmp_path / "d", **columns)
    with pytest.raises(InputError, match=words) as refused:
        audit(tmp_path / "d" / "t.csv", aged, out=tmp_path / "run", budget=0, others=others)
    assert "\n" not in str(refused.value)


def test_a_picture_that_is_none_and_a_folder_without_a_table_are_refused(pair, aged, tmp_path):
    table(tmp_path / "d", right=["nothing here"] * 24)
    with pytest.raises(InputError, match="holds no picture that can be found"):
        audit(tmp_path / "d" / "t.csv", classifier(pair), out=tmp_path / "run", budget=0)
    folder = tmp_path / "folder"
    for label in ("a", "b"):
        (folder / label).mkdir(parents=True)
        Image.new("RGB", (SIDE, SIDE)).save(folder / label / "1.png")
    with pytest.raises(InputError, match="listed in no table"):
        audit(folder, aged, out=tmp_path / "two", budget=0, others={"age": "column:age"})


def test_an_audit_goes_on_with_the_same_values(aged, tmp_path):
    table(tmp_path / "d", age=AGES)
    data = tmp_path / "d" / "t.csv"
    first = audit(data, aged, out=tmp_path / "run", budget=0)
    before = first.images["margin"].to_numpy()
    (tmp_path / "run" / "images" / "00000.parquet").unlink()
    (tmp_path / "run" / "files.parquet").unlink()
    again = audit(data, aged, out=tmp_path / "run", budget=0)
    np.testing.assert_array_equal(before, again.images["margin"].to_numpy())
    listed = pd.read_csv(data)
    listed.loc[3, "age"] = 9
    listed.to_csv(data, index=False)
    (tmp_path / "run" / "files.parquet").unlink()
    with pytest.raises(StoreError, match="changed since"):
        audit(data, aged, out=tmp_path / "run", budget=0)


def test_splits_of_a_table_keep_rows_and_values_together(aged, tmp_path):
    splits = ["train", "test", "test"] * 8
    table(tmp_path / "d", age=AGES, split=splits)
    source = read_source(tmp_path / "d" / "t.csv", unpack_to=tmp_path / "x", split="test")
    held = held_columns(source, aged, None)
    files = with_values(source, held, "0-1").files
    expected = [
        [np.float32(age)] for age, split in zip(AGES, splits, strict=True) if split == "test"
    ]
    assert [list(map(np.float32, value)) for value in files["other:age"]] == expected


def test_values_and_columns_are_told_apart():
    given = {"age": "column:years", "sex": "1", "map": 2}
    assert fixed_values(given) == {"sex": "1", "map": 2}


def test_the_command_line_takes_a_column(with_age, tmp_path, command_line):
    pixels = table(tmp_path / "d", years=AGES)
    with_age.save(tmp_path / "age.keras")
    words = [
        "audit", tmp_path / "d" / "t.csv", "--model", tmp_path / "age.keras", "--budget", 0,
        "--labels", tmp_path / "map.json", "--preprocess", "0-1",
    ]  # fmt: skip
    (tmp_path / "map.json").write_text(json.dumps({"a": "class 0", "b": "class 1"}))
    result = command_line(*words, "--other", "age=column:years", "--out", tmp_path / "run")
    assert result[0] == 0, result
    assert "input 'age' (1) takes the values of the column 'years'" in result[1]
    status, _, error = command_line(*words, "--other", "age=column:ages", "--out", tmp_path / "two")
    assert (status, error.count("camcore:")) == (2, 1)
    assert "t.csv does not have" in error
    assert len(pixels) == 24
