"""Steps that compute: a drawn digit, a retrofit, a training, the cloud detector."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import camcore
from camcore.making.lesson import EpochView, LiveTraining
from pages.parts.learn import step_draw, step_retrofit, step_training
from tests.pages.app_page import assert_calm
from tests.pages.parts.learn.lesson_texts import texts

# Draw a digit


def test_drawing_begins_with_a_hint_and_needs_no_model(visit):
    app = visit(step="draw", model="tank-detector")
    assert "write one digit" in app.info[0].value
    assert not app.dataframe


def test_a_drawing_is_read_by_both_networks(visit, monkeypatch):
    png = camcore.sample("digit-7").file.read_bytes()
    monkeypatch.setattr(step_draw, "draw_digit", lambda key: png)
    app = visit(step="draw", model="tank-detector")
    table = app.dataframe[0].value
    assert table["digit"].to_list() == list("0123456789")
    for name in ("cam1", "cam2"):
        assert table[name].to_numpy().argmax() == 7
        assert table[name].sum() == pytest.approx(1, abs=1e-5)
    assert "cam1** reads **7" in texts(app)
    assert "of the evidence for 7 lies in" in texts(app)


# Retrofit


def test_the_retrofit_says_what_it_costs_and_whose_weights_it_takes(visit, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    app = visit(step="retrofit", model="cam1")
    assert app.button(key="learn-retrofit-start").label.endswith("60 scenes")
    assert "a minute on two processor cores" in texts(app)
    assert "its convolutions are random here" in texts(app)


def test_weights_count_only_when_they_are_all_there(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    file = tmp_path / "models" / "vgg16_weights_tf_dim_ordering_tf_kernels.h5"
    file.parent.mkdir()
    for size, name in ((1000, "VGG16:weights=random"), (553_467_096, "VGG16")):
        with open(file, "wb") as stream:
            stream.truncate(size)  # a hole in the file takes no room
        assert step_retrofit._backbone().name == name


@pytest.mark.slow
def test_the_retrofit_gives_cam_where_there_was_none(visit, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(step_retrofit, "_SCENES", 16)
    kept: dict[str, step_retrofit.Ready] = {}
    monkeypatch.setattr(step_retrofit, "_made", lambda: kept)
    app = visit(step="retrofit", model="cam1")
    app.button(key="learn-retrofit-start").click().run()
    said = texts(assert_calm(app))
    assert "Fitted to 16 scenes" in said
    assert "CAM needs global average pooling" in said
    [made] = kept.values()
    assert made.model.class_weights(made.model.default_layer).weights.shape == (512, 2)


# A training


def view(epoch: int, of: int = 2) -> EpochView:
    probabilities = np.full(10, 0.01, np.float32)
    probabilities[7] = 0.91
    raw = np.arange(9, dtype=np.float32).reshape(3, 3)
    return EpochView(epoch, of, 1 / epoch, 0.5, 0.25 * epoch, 7, raw, probabilities, probabilities)


def kept(app: AppTest) -> step_training.Kept | None:
    return app.session_state["learn-training-kept"]


def test_a_training_grows_and_its_result_stays(visit, monkeypatch, bundled_model):
    seeds = []

    def train(epochs, *, seed, digit, progress):
        seeds.append(seed)
        views = [view(1), view(2)]
        for own in views:
            progress(own)
        return LiveTraining(tuple(views), "drawn digits", digit.pixels, bundled_model("cam1"))

    monkeypatch.setattr(step_training, "train_live", train)
    app = visit(step="training", model="cam1", image="digit-7")
    assert "Epoch" not in texts(app)
    app.button(key="learn-training-start").click().run()
    said = texts(assert_calm(app))
    assert "Epoch 2 of 2" in said
    assert "on **50.0%** of those held out" in said
    assert "drawn by the program" in said
    app.run()
    assert "Epoch 2 of 2" in texts(app)
    app.button(key="learn-training-start").click().run()
    assert seeds == [0, 1]
    assert kept(assert_calm(app)).seed == 1


def test_a_stopped_training_keeps_what_it_has(visit, monkeypatch):
    def stopped(key, title, work, place, *, show):
        show((view(1),))

    monkeypatch.setattr(step_training, "run_with_progress", stopped)
    app = visit(step="training", model="cam1", image="digit-7")
    app.button(key="learn-training-start").click().run()
    assert "Epoch 1 of 2" in texts(assert_calm(app))
    assert app.button(key="learn-training-start").label.startswith("Train again")


def test_a_training_that_fails_is_one_sentence_and_can_be_tried_again(visit, monkeypatch):
    def fails(key, title, work, place, *, show):
        raise camcore.InputError("the digits are gone; fetch them.")

    monkeypatch.setattr(step_training, "run_with_progress", fails)
    app = visit(step="training", model="cam1", image="digit-7")
    app.button(key="learn-training-start").click().run()
    assert not app.exception
    assert [own.value for own in app.error] == ["The digits are gone; fetch them."]
    app.run()
    assert_calm(app)
    assert app.button(key="learn-training-start").label == "Train"


def test_a_scene_is_not_watched_by_a_network_of_digits(visit, monkeypatch):
    watched = []

    def once(key, title, work, place, *, show):
        watched.append(key[-1])

    monkeypatch.setattr(step_training, "run_with_progress", once)
    app = visit(step="training", model="tank-detector", image="tank-sunny")
    app.button(key="learn-training-start").click().run()
    assert watched == [camcore.read_image(camcore.sample("digit-2").file).sha256]


# The cloud detector


def test_the_story_is_told_by_the_networks_answers(visit):
    app = visit(step="cloud-detector", model="cam1")
    said = texts(app)
    answers = [line for line in said.split("\n") if line.endswith(("· right", "· **wrong**"))]
    assert len(answers) == 6
    assert [line.rsplit(" ", 1)[-1] for line in answers] == [
        "right", "right", "**wrong**", "**wrong**", "right", "right"
    ]  # fmt: skip
    assert "Right on 0.0% of the field's pictures" in said


def test_the_story_ends_on_the_audit_page_ready_to_start(visit):
    app = visit(step="cloud-detector", model="cam1")
    app.switch_page("pages/audit.py").run()
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.switch_page("pages/learn.py").run()
    app.selectbox(key="learn-step").set_value("cloud-detector").run()
    app.button(key="learn-to-audit").click().run()
    assert_calm(app)
    assert app.button(key="audit-start").label == "Start the audit"
    assert app.selectbox(key="model-bundled").value == "cloud-detector"
    assert "The legend's laboratory" in texts(app)
