"""Predict first: the question stands until it is answered, and the notes say what is true."""

from __future__ import annotations

import re

import numpy as np
import pytest

import camcore
from pages.parts.learn import teachers_note
from pages.parts.learn.contributions import Contributions
from pages.parts.learn.notes import NOTES
from pages.parts.learn.showing import agreement
from pages.parts.learn.steps import STEPS
from tests.pages.app_page import address, assert_calm
from tests.pages.parts.learn.lesson_texts import equations, texts


def numbers(text: str) -> set[str]:
    return set(re.findall(r"-?\d+(?:,\d{3})*(?:\.\d+)?", text))


def said(app) -> str:
    """What everybody reads: the page without the teacher's note."""
    return "\n".join(
        own.value.replace("\\", "") for own in app.markdown if not own.value.startswith("**Aim**")
    )


def test_a_step_is_shown_after_its_question(visit):
    app = visit(step="softmax", predict=None)
    assert NOTES["softmax"].question in said(app)
    assert NOTES["softmax"].answer not in said(app)
    assert not equations(app)
    app.button(key="learn-reveal").click().run()
    assert NOTES["softmax"].answer in said(app)
    assert r"\frac{\partial p_c}{\partial y_c}" in equations(app)
    assert "predict" not in address(app)
    app.button(key="learn-head-next").click().run()
    assert not equations(app), "the next step asks anew"
    app.button(key="learn-head-previous").click().run()
    assert equations(app), "what was shown stays so"
    assert_calm(app)


def test_the_question_can_be_switched_off(visit):
    app = visit(step="softmax", predict="off")
    assert equations(app)
    assert address(app)["predict"] == "off"
    assert NOTES["softmax"].question not in said(app)
    app.toggle(key="learn-predicting").set_value(True).run()
    assert not equations(app)
    assert "predict" not in address(app)
    assert_calm(app)


def test_in_a_hall_next_answers_first(visit):
    app = visit(step="relu", view="presenter", predict=None)
    assert not equations(app)
    app.button(key="learn-head-next").click().run()
    assert equations(app)
    assert address(app)["step"] == "relu"
    app.button(key="learn-head-next").click().run()
    assert address(app)["step"] == "upsampling"
    assert_calm(app)


def test_every_step_has_a_note_and_no_note_is_left_over():
    assert [step.slug for step in STEPS] == list(NOTES)
    for note in NOTES.values():
        assert note.question.endswith("?")
        assert all(len(text.split()) > 8 for text in (note.answer, note.pitfall))
    assert sum(note.minutes for note in NOTES.values()) == 90


def test_the_sheet_holds_every_note_and_needs_nothing_else():
    sheet = teachers_note.sheet("en")
    for note in NOTES.values():
        for text in (note.aim, note.question, note.answer, note.pitfall):
            assert text in sheet
    assert not re.search(r"https?:|src=|<script|<link", sheet)
    assert "90 minutes" in sheet


@pytest.fixture(scope="module")
def two(bundled_model):
    """The lesson's example: model, picture, what is behind the maps, and the maps."""
    model, engine = bundled_model("cam1"), camcore.Engine()
    picture = camcore.read_image(camcore.sample("digit-2").file)
    return engine, model, picture, engine.features(model, picture, layer="conv4")


def test_numbers_of_the_feature_maps(two):
    _, model, _, features = two
    before, behind = (sum(row.parameters for row in rows) for rows in model.parts("conv4"))
    assert {f"{before + behind:,}"} <= numbers(NOTES["two-networks"].question)
    assert {f"{behind:,}", f"{behind / (before + behind):.1%}"[:-1]} <= numbers(
        NOTES["two-networks"].answer
    )
    head = model.class_weights("conv4")
    parts = Contributions(features.activations, head.weights[:, 2])
    told = numbers(NOTES["channels"].answer)
    counts = [int((parts.added > 0).sum()), int((parts.added < 0).sum())]
    assert {*map(str, counts), str(128 - sum(counts))} <= told
    first = parts.added[parts.largest_first[:3]].sum()
    assert {f"{first:.1f}", f"{parts.added.sum():.1f}"} <= told
    assert first / parts.added.sum() == pytest.approx(1 / 3, abs=0.01)
    told = numbers(NOTES["weighted-sum"].answer)
    score = float(features.scores[2])
    assert {f"{parts.added.sum():.2f}", f"{head.bias[2]:.3f}", f"{score:.2f}"} <= told


def test_numbers_of_the_map_with_the_lowest_score(two):
    _, model, _, features = two
    low = int(features.scores.argmin())
    raw = Contributions(features.activations, model.class_weights("conv4").weights[:, low]).total
    told = numbers(NOTES["relu"].answer)
    assert {str(low), str(int((raw < 0).sum())), f"{raw.min():.1f}", f"{raw.max():.1f}"} <= told
    zero = -raw.min() / (raw.max() - raw.min())
    assert f"{zero:.2f}" in numbers(NOTES["relu"].pitfall)


def test_numbers_of_cells_and_windows(two):
    _, model, _, _ = two
    frame = model.layers[-1].frame
    side = (frame.x1 - frame.x0) / 3
    told = numbers(NOTES["upsampling"].answer)
    assert {f"{frame.x0 + (k + 0.5) * side - 0.5:.1f}" for k in range(3)} <= told
    assert {f"{(k + 0.5) * 28 / 3 - 0.5:.1f}" for k in range(3)} <= told


@pytest.mark.parametrize("name", ["cam1", "cam2"])
def test_windows_that_a_cell_sees(bundled_model, name):
    """From the shapes and the numbers of weights: a kernel of k × k on C maps has k·k·C + 1."""
    window = step = 1
    channels = 1
    for row in bundled_model(name).parts("conv4")[0]:
        if row.kind == "Conv2D":
            kernel = ((row.parameters / row.shape[-1] - 1) / channels) ** 0.5
            window += round(kernel - 1) * step
        elif row.kind == "MaxPooling2D":
            window, step = window + step, 2 * step
        channels = row.shape[-1]
    assert f"{window} × {window}" in NOTES["resolution"].pitfall


def test_numbers_of_resolution_and_depth(visit):
    assert "= -0.03" in equations(visit(step="resolution", image="digit-2"))
    assert "-0.03" in numbers(NOTES["resolution"].answer)
    told = texts(visit(step="depth", model="cam1", image="digit-2"))
    shares = re.findall(r"\*\*(\d+)%\*\*", told)
    assert len(shares) == 4
    assert set(shares) <= numbers(NOTES["depth"].answer)


def test_numbers_of_softmax(two):
    engine, model, picture, features = two
    powers = np.exp(features.scores.astype(float) - features.scores.max())
    rest = np.delete(powers, 2).sum() / powers.sum()
    assert round(rest * 1e15) == 8
    maps = [
        engine.explain(
            model, picture, target=2, layer="conv4", method="grad-cam", of=of
        ).heatmap.raw
        for of in ("score", "probability")
    ]
    assert f"{agreement(*maps):.2f}" in numbers(NOTES["softmax"].answer)


def test_numbers_of_the_cloud_detector():
    accuracy = dict(
        next(own.accuracy for own in camcore.BUNDLED_MODELS if own.name == "cloud-detector")
    )
    assert f"{accuracy['laboratory']:.1%}"[:-1] in numbers(NOTES["cloud-detector"].question)
    assert f"{accuracy['field']:.1%}"[:-1] in numbers(NOTES["cloud-detector"].answer)


def test_numbers_of_the_retrofit():
    """Of the architecture: Simonyan and Zisserman 2014, configuration D."""
    assert f"{7 * 7 * 512 * 4096 + 4096:,}" in numbers(NOTES["retrofit"].question)
    assert f"{512 * 2 + 2:,}" in numbers(NOTES["retrofit"].answer)
