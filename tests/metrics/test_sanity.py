"""The sanity check: on a classifier whose randomised maps are known, and on trained ones."""

import numpy as np
import pytest
from cell_classifiers import CellClassifier

import camcore
from camcore.errors import InputError, MethodError
from camcore.metrics import sanity_check
from camcore.models.keras.classifier import KerasClassifier

PIXELS = np.array([[255, 51, 0], [51, 102, 51], [0, 51, 153]], np.uint8)


@pytest.fixture
def engine():
    return camcore.Engine()


@pytest.fixture
def cells():
    """Class ``bright`` reads x alone; turned round, its head reads 1 - x."""
    return CellClassifier(np.ones((3, 3))), camcore.read_image(PIXELS, name="cells.png")


@pytest.fixture
def seven():
    return camcore.read_image(camcore.sample("digit-7").file)


def test_a_map_of_the_head_turns_with_the_head(engine, cells):
    sanity = sanity_check(engine, *cells, target="bright")
    head, everything = sanity.stages
    assert (head.layers, head.name, head.behind) == (1, "head", True)
    assert (everything.layers, everything.name, everything.behind) == (2, "early", True)
    # x becomes 1 - x, for the class asked about, whatever the broken model predicts.
    assert head.pearson == pytest.approx(-1)
    assert head.spearman == pytest.approx(-1)
    np.testing.assert_allclose(head.heatmap.values, 1 - PIXELS / 255, atol=1e-6)
    assert head.evidence == "positive"
    assert not sanity.insensitive
    assert sanity.statement == (
        "The Grad-CAM map depends on what was learned: correlation -1.00 with all weights behind "
        "maps shuffled, correlation -1.00 with all weights of the model shuffled."
    )


def test_a_map_of_features_does_not_feel_the_head(engine, cells):
    sanity = sanity_check(engine, *cells, target="bright", method="eigen-cam")
    assert sanity.stages[0].pearson == pytest.approx(1)
    assert sanity.stages[0].spearman == pytest.approx(1)
    assert sanity.insensitive
    assert sanity.statement == (
        "The Eigen-CAM map does not change with all weights behind maps shuffled (correlation "
        "1.00): it does not show what was learned there."
    )


def test_a_map_that_no_weight_changes_is_insensitive_to_the_model(engine, cells):
    # Both columns of the head alike: whatever is turned round, each class reads x + (1 - x)
    # times the same; its map follows `where` alone.
    where = np.arange(9.0).reshape(3, 3)
    model = CellClassifier(where, head=((1, 1), (1, 1)))
    model.parts = lambda layer: ((), ())  # nothing with weights behind the maps
    sanity = sanity_check(engine, model, cells[1], method="hirescam")
    assert sanity.stages[-1].pearson == pytest.approx(1)
    assert sanity.insensitive
    assert "does not change with all weights of the model shuffled" in sanity.statement


def test_a_map_that_hardly_changes_is_said_to(engine):
    where = np.array([[1.0, 0.0], [0.0, 0.2]])
    model = CellClassifier(where, head=((2, 0), (1, 0)))
    picture = camcore.read_image(np.array([[255, 0], [0, 0]], np.uint8))
    sanity = sanity_check(engine, model, picture, target="bright", method="hirescam")
    # The corners are 2 and 0.2; with the head turned round they are 1 and 0.4.
    before, other = np.array([2, 0, 0, 0.2]) - 0.55, np.array([1, 0, 0, 0.4]) - 0.35
    r = (before * other).sum() / np.sqrt((before**2).sum() * (other**2).sum())
    assert sanity.stages[0].pearson == pytest.approx(r)
    assert not sanity.insensitive
    assert sanity.statement == (
        "The HiResCAM map hardly changes with all weights behind maps shuffled (correlation "
        f"{r:.2f}): little of it comes from what was learned there."
    )


def test_evidence_that_goes_has_changed(engine, cells):
    model = CellClassifier(np.ones((3, 3)), head=((1, 0), (-1, 0)))
    sanity = sanity_check(engine, model, camcore.read_image(PIXELS // 3), method="grad-cam",
                         target="bright", stages=2)  # fmt: skip
    # x - (1 - x) < 0 everywhere: no evidence to begin with.
    assert sanity.original.evidence == "none"
    assert not sanity.insensitive
    assert "There is no map to check." in sanity.statement

    turned = CellClassifier(np.ones((3, 3)), head=((-1, 0), (1, 0)))
    sanity = sanity_check(engine, turned, camcore.read_image(PIXELS // 3), target="bright")
    assert sanity.stages[0].evidence == "none"
    assert np.isnan(sanity.stages[0].pearson)
    assert not sanity.insensitive
    assert "no evidence any more with all weights behind maps" in sanity.statement


@pytest.mark.parametrize(
    ("layer", "stages", "expected"),
    [
        ("conv4", 5, [(1, True), (2, True), (3, True), (4, True), (5, True)]),
        ("conv4", 2, [(1, True), (5, True)]),
        ("conv2", 2, [(1, False), (3, True), (5, True)]),
        ("conv1", 3, [(1, False), (3, False), (4, True), (5, True)]),
        ("pool1", 2, [(1, False), (4, True), (5, True)]),
        ("invert", 2, [(1, False), (5, True)]),
    ],
)
def test_stages_begin_with_the_scores_and_end_with_all(
    engine, bundled_model, seven, layer, stages, expected
):
    sanity = sanity_check(
        engine, bundled_model("cam1"), seven, layer=layer, method="eigen-cam", stages=stages
    )
    assert [(stage.layers, stage.behind) for stage in sanity.stages] == expected
    names = ["scores", "conv4", "conv3", "conv2", "conv1"]
    assert [stage.name for stage in sanity.stages] == [names[n - 1] for n, _ in expected]


def test_trained_models(engine, bundled_model, gap_model, seven, picture):
    for model, image in ((bundled_model("cam1"), seven), (KerasClassifier(gap_model), picture())):
        grad = sanity_check(engine, model, image, stages=3)
        assert not grad.insensitive
        assert not any(stage.pearson >= 0.99 for stage in grad.stages)
        eigen = sanity_check(engine, model, image, method="eigen-cam", stages=3)
        assert eigen.insensitive
        assert eigen.stages[0].pearson == pytest.approx(1)
        # It knows the layers that its features come from.
        assert not eigen.stages[-1].pearson >= 0.99


def test_the_model_stays_as_it_was_and_the_seed_decides(engine, bundled_model, seven):
    model = bundled_model("cam1")
    before = model.scores(engine.seen(model, seven)[None])[0]
    first, same, other = (
        sanity_check(engine, model, seven, target="7", stages=2, seed=seed) for seed in (0, 0, 1)
    )
    for a, b in zip(first.stages, same.stages, strict=True):
        np.testing.assert_array_equal(a.heatmap.raw, b.heatmap.raw)
    assert np.abs(first.stages[0].heatmap.raw - other.stages[0].heatmap.raw).max() > 0
    np.testing.assert_array_equal(model.scores(engine.seen(model, seven)[None])[0], before)


def test_several_shuffles_are_those_of_the_seeds_and_told_as_a_range(engine, bundled_model, seven):
    model, passes = bundled_model("cam1"), []
    options = {"target": "7", "stages": 2}
    alone = [sanity_check(engine, model, seven, seed=seed, **options) for seed in (4, 5, 6)]
    sanity = sanity_check(
        engine, model, seven, seed=4, shuffles=3,
        progress=lambda done, total: passes.append((done, total)), **options,
    )  # fmt: skip
    for place, stage in enumerate(sanity.stages):
        each = [single.stages[place].pearson for single in alone]
        assert stage.pearsons == pytest.approx(each, nan_ok=True)
        assert stage.pearson == pytest.approx(float(np.median(each)), nan_ok=True)
        assert len(stage.heatmaps) == 3
    assert "over 3 shuffles" in sanity.statement
    assert passes[-1] == (1 + 3 * len(sanity.stages),) * 2


@pytest.mark.parametrize("method", ["grad-cam", "recipro-cam"])
def test_progress_rises_to_its_end(engine, cells, method):
    steps = []
    sanity_check(engine, *cells, method=method, progress=lambda *step: steps.append(step))
    done, totals = zip(*steps, strict=True)
    assert list(done) == sorted(done)
    # The trained model's map and two stages; Recipro-CAM makes a pass for each cell and one more.
    assert set(totals) == {done[-1]} == {3 * {"grad-cam": 1, "recipro-cam": 10}[method]}


def test_an_unknown_layer_is_refused(engine, bundled_model, seven):
    with pytest.raises(InputError, match="nowhere"):
        sanity_check(engine, bundled_model("cam1"), seven, layer="nowhere")


def test_a_model_without_weights_is_refused(engine, cells):
    model, picture = cells
    model.weighted_layers = ()
    with pytest.raises(MethodError, match="no weights"):
        sanity_check(engine, model, picture)
