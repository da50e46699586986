"""Faithfulness on classifiers whose answers are known on paper."""

import math

import numpy as np
import pytest
from cell_classifiers import CellClassifier

import camcore
from camcore.errors import InputError
from camcore.metrics import faithfulness
from camcore.metrics.faithfulness import _map_of
from camcore.models.keras.classifier import KerasClassifier

NAMES = ("drop", "increase", "coherency", "complexity", "adcc", "deletion", "insertion")


def gray(pixels):
    return camcore.read_image(np.asarray(pixels, np.uint8), name="gray.png")


@pytest.fixture
def engine():
    return camcore.Engine()


@pytest.fixture
def small():
    """Sums the pixels 0.4, 0.2 / 0.2, 0.2: Grad-CAM is the picture, in 0-1 1, 0.5 / 0.5, 0.5."""
    return CellClassifier(np.ones((2, 2))), gray([[102, 51], [51, 51]])


def test_every_number_by_hand(engine, small):
    model, picture = small
    explanation = engine.explain(model, picture, target="bright")
    np.testing.assert_allclose(explanation.heatmap.values, [[1, 0.5], [0.5, 0.5]], rtol=1e-6)
    scores = faithfulness(engine, model, explanation)
    # Kept: 0.4 + 3 * 0.1 of 1. The map of that is 1, 0.25 / 0.25, 0.25.
    assert scores.drop == pytest.approx(0.3, rel=1e-6)
    assert scores.increase == 0
    assert scores.coherency == pytest.approx(1)
    assert scores.complexity == pytest.approx(0.625)
    assert scores.adcc == pytest.approx(3 / (1 + 1 / 0.375 + 1 / 0.7))
    # Left after each pixel: 1, 0.6, 0.4, 0.2, 0.
    assert scores.steps == 4
    assert scores.deletion == pytest.approx(0.25 * (0.8 + 0.5 + 0.3 + 0.1))
    # A blur of an eighth of a pixel takes nothing away.
    assert scores.insertion == pytest.approx(1)


def test_increase_where_what_the_map_hides_speaks_against(engine):
    # Only the bright cell counts for the class, the others against it.
    where = np.array([[1.0, -1.0], [-1.0, -1.0]])
    model = CellClassifier(where)
    picture = gray([[255, 51], [51, 51]])
    explanation = engine.explain(model, picture, method="hirescam", target="bright")
    np.testing.assert_allclose(explanation.heatmap.values, [[1, 0], [0, 0]], atol=1e-7)
    scores = faithfulness(engine, model, explanation)
    # 1 - 3 * 0.2 = 0.4 becomes 1.
    assert (scores.drop, scores.increase) == (0, 1)
    assert scores.complexity == 0.25
    assert scores.adcc == pytest.approx(3 / (1 + 1 / 0.75 + 1))


def test_insertion_begins_with_a_blurred_copy(engine):
    where = np.zeros((32, 32))
    where[16, 16] = 1
    pixels = np.zeros((32, 32))
    pixels[16, 16] = 255
    model = CellClassifier(where)
    scores = faithfulness(engine, model, engine.explain(model, gray(pixels), target="bright"))
    # One bright pixel under a Gaussian of two pixels, cut at four of its spreads.
    centre = 1 / sum(math.exp(-(k**2) / 8) for k in range(-8, 9))
    assert scores.steps == 32
    assert scores.insertion == pytest.approx((centre**2 + 1) / 2 / 32 + 31 / 32)
    assert scores.deletion == pytest.approx(1 / 2 / 32)


def test_coherency_is_that_of_the_map_of_what_is_kept(engine):
    # Recipro-CAM of the dark class: 1 - x, in 0-1 0, 1 / 0.5, 1; kept is x times that.
    model = CellClassifier(np.ones((2, 2)))
    picture = gray([[204, 0], [102, 0]])
    explanation = engine.explain(model, picture, target="dark", method="recipro-cam")
    np.testing.assert_allclose(explanation.heatmap.values, [[0, 1], [0.5, 1]], atol=1e-6)
    scores = faithfulness(engine, model, explanation)
    # Kept: 0, 0 / 0.2, 0; its map is 1, 1 / 0.8, 1, in 0-1 1, 1 / 0, 1.
    kept, other = np.array([0, 1, 0.5, 1]) - 0.625, np.array([1, 1, 0, 1]) - 0.75
    r = (kept * other).sum() / math.sqrt((kept**2).sum() * (other**2).sum())
    assert scores.coherency == pytest.approx((1 + r) / 2, abs=1e-6)


def test_a_map_without_evidence_keeps_nothing(engine, small):
    _, picture = small
    model = CellClassifier(-np.ones((2, 2)))
    explanation = engine.explain(model, picture, target="bright")
    scores = faithfulness(engine, model, explanation)
    assert explanation.evidence == "none"
    assert [getattr(scores, name) for name in NAMES[:5]] == [1, 0, 0, 0, 0]
    assert np.isnan([scores.deletion, scores.insertion]).all()


def test_a_regression_has_no_probability(engine, small):
    _, picture = small
    model = CellClassifier(np.ones((2, 2)), output_kind="regression")
    scores = faithfulness(engine, model, engine.explain(model, picture, target="bright"))
    assert scores.coherency == pytest.approx(1)
    assert scores.complexity == pytest.approx(0.625)
    known = {"coherency", "complexity"}
    assert all(np.isnan(getattr(scores, name)) for name in NAMES if name not in known)


def test_without_the_map_of_what_is_kept(engine, small):
    model, picture = small
    explanation = engine.explain(model, picture, target="bright")
    scores = faithfulness(engine, model, explanation, explain_masked=False)
    assert np.isnan([scores.coherency, scores.adcc]).all()
    assert scores.drop == pytest.approx(0.3, rel=1e-6)
    assert scores.deletion == pytest.approx(0.425)


def test_the_model_must_be_the_one_that_was_explained(engine, small):
    model, picture = small
    other = CellClassifier(2 * np.ones((2, 2)))
    with pytest.raises(InputError, match="the model that made it"):
        faithfulness(engine, other, engine.explain(model, picture))


@pytest.mark.parametrize("method", ["grad-cam", "ablation-cam", "recipro-cam"])
def test_progress_rises_to_its_end(engine, small, method):
    model, picture = small
    steps = []
    explanation = engine.explain(model, picture, method=method, target="bright")
    faithfulness(engine, model, explanation, progress=lambda *step: steps.append(step))
    done, totals = zip(*steps, strict=True)
    assert list(done) == sorted(done)
    assert set(totals) == {done[-1]}
    assert done[-1] == 1 + 2 * 5 + {"grad-cam": 0, "ablation-cam": 2, "recipro-cam": 5}[method]


def test_progress_may_stop_it(engine, small):
    class Stop(Exception):
        pass

    def stop(done, total):
        raise Stop

    model, picture = small
    explanation = engine.explain(model, picture, target="bright")
    with pytest.raises(Stop):
        faithfulness(engine, model, explanation, progress=stop)


@pytest.mark.parametrize("of", ["score", "probability"])
def test_an_input_is_mapped_as_its_picture_is(engine, gap_model, picture, of):
    """Every method, on the unchanged input: the engine's own map."""
    model = KerasClassifier(gap_model)
    for method in camcore.METHODS.values():
        if of == "probability" and method.needs != "gradients":
            continue
        explanation = engine.explain(model, picture(), method=method.name, target=2, of=of)
        image = engine.seen(model, picture())
        forward = model.forward(image[None], explanation.layer.name)
        again = _map_of(model, image, forward, explanation, lambda done, count: None)
        np.testing.assert_allclose(
            again.raw, explanation.heatmap.raw, rtol=1e-4, atol=1e-6, err_msg=method.name
        )
        assert again.scaling == explanation.heatmap.scaling


def test_the_tank_is_enough_for_the_tank_detector(engine, bundled_model):
    """A few pixels of the tank in a blurred picture are a tank, so the area is nearly all."""
    model = bundled_model("tank-detector")
    picture = camcore.read_image(camcore.sample("tank-sunny").file)
    explanation = engine.explain(model, picture, target="tank")
    scores = faithfulness(engine, model, explanation)
    assert scores.insertion > 0.8
    assert all(0 <= getattr(scores, name) <= 1 for name in NAMES)


@pytest.fixture(scope="module")
def lower_half(keras):
    """Cuts the upper half off and sums four cells of two by two pixels of what is left."""
    layers = keras.layers
    images = keras.Input((8, 8, 1))
    x = layers.Cropping2D(((4, 0), (0, 0)))(images)
    x = layers.Conv2D(1, 2, strides=2, use_bias=False, name="conv")(x)
    x = layers.Dense(2, use_bias=False, name="head")(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(images, layers.Softmax()(x))
    model.get_layer("conv").set_weights([np.full((2, 2, 1, 1), 0.25, np.float32)])
    model.get_layer("head").set_weights([np.array([[8.0, 0.0]], np.float32)])
    return KerasClassifier(model, preprocessing="0-1", class_names=["bright", "dark"])


def test_what_a_cropped_network_is_shown_lies_where_its_map_does(engine, lower_half):
    """Cell (0, 0) of the map is the picture's row 4; there is all that the score has."""
    pixels = np.zeros((8, 8), np.uint8)
    pixels[4:6, :2] = 255
    explanation = engine.explain(lower_half, gray(pixels), target="bright", method="hirescam")
    np.testing.assert_allclose(explanation.heatmap.values, [[1, 0, 0, 0], [0, 0, 0, 0]], atol=1e-6)
    scores = faithfulness(engine, lower_half, explanation, explain_masked=False)
    # The bilinear mask is 1 and .75 along each side of the cell.
    before, after = (1 / (1 + math.exp(-mean)) for mean in (1.0, (1.75 / 2) ** 2))
    assert scores.drop == pytest.approx((before - after) / before, rel=1e-4)
    control = 1 / (1 + math.exp(0.0))  # the mask over all of the picture would show nothing
    assert abs(scores.drop - (before - control) / before) > 0.1


def test_occlusion_of_a_cropped_network_lies_over_all_of_the_picture(engine, lower_half):
    pixels = np.zeros((8, 8), np.uint8)
    pixels[6:, 6:] = 255
    explanation = engine.explain(lower_half, gray(pixels), target="bright", method="occlusion")
    rows, columns = np.nonzero(explanation.heatmap.upsampled("nearest") == 1)
    assert rows.min() >= 6 - 1
    assert columns.min() >= 6 - 1
