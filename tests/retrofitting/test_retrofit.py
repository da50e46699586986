"""A retrofitted network: what it computes, how often it is right, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import camcore
from camcore.errors import InputError, ModelError
from camcore.making.digits import render_digit
from camcore.pictures.preprocessing import PREPROCESSINGS, preprocess
from camcore.retrofitting import retrofit
from camcore.retrofitting.head import fit_head

EACH = 15


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two classes of digits; a fifth of each is the other's, so nobody can be right always."""
    root = tmp_path_factory.mktemp("digits")
    for name, digit, other in (("round", 0, 1), ("straight", 1, 0)):
        (root / name).mkdir()
        for seed in range(EACH):
            drawn = other if seed < EACH // 5 else digit
            Image.fromarray(render_digit(drawn, 100 * digit + seed)).save(
                root / name / f"{seed}.png"
            )
    return root


@pytest.fixture(scope="module")
def made(folders, tmp_path_factory):
    return retrofit("cam1", folders, tmp_path_factory.mktemp("made") / "own.keras", seed=3)


@pytest.fixture(scope="module")
def reloaded(made, keras):
    model = keras.models.load_model(made.file, compile=False)
    return camcore.KerasClassifier(model, class_names=made.classes)


def classifier_of(keras, shape, *layers, **options):
    stack = [keras.Input(shape), *layers, keras.layers.Flatten(), keras.layers.Dense(2)]
    return camcore.KerasClassifier(keras.Sequential(stack), **options)


def test_the_answers_of_the_file_are_those_that_were_counted(made, reloaded, folders):
    assert (made.classes, made.images, made.layer) == (("round", "straight"), 2 * EACH, "conv4")
    assert made.labels.read_text() == "round\nstraight\n"
    right = 0
    for klass, name in enumerate(made.classes):
        for file in (folders / name).iterdir():
            pixels = np.asarray(Image.open(file), np.float32)[None, ..., None]
            right += int(reloaded.scores(pixels)[0].argmax() == klass)
    held = 2 * EACH // 5
    counted = made.validation_accuracy * held + made.train_accuracy * (2 * EACH - held)
    assert right == pytest.approx(counted)
    assert EACH < right < 2 * EACH


def test_cam_is_the_number_of_cells_times_grad_cam(reloaded):
    picture = camcore.read_image(render_digit(0, 7), name="zero")
    raw = {
        method: camcore.explain(reloaded, picture, method=method, target="round").heatmap.raw
        for method in ("cam", "grad-cam")
    }
    assert raw["cam"].shape == (3, 3)
    np.testing.assert_allclose(raw["cam"], 9 * raw["grad-cam"], rtol=1e-4, atol=1e-5)
    assert np.abs(raw["cam"]).max() > 0.1


def test_what_scales_pixels_already_is_not_scaled_again(reloaded):
    assert (reloaded.preprocessing, reloaded.preprocessing_guessed) == ("none", False)
    assert reloaded.layers[0].name == "invert"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", PREPROCESSINGS)
def test_the_preprocessing_is_inside(name, channels, keras):
    from camcore.models.keras.gap_retrofit import pooled_network, with_head

    layer = keras.layers.Conv2D(6, 3, name="conv")
    classifier = classifier_of(keras, (4, 5, channels), layer, preprocessing=name)
    network = pooled_network(classifier, "conv")
    pixels = np.random.default_rng(1).integers(0, 256, (2, 4, 5, channels)).astype(np.float32)
    activations = classifier.forward(preprocess(pixels, name), "conv").activations
    np.testing.assert_allclose(
        network.predict(pixels, verbose=0), activations.mean(axis=(1, 2)), rtol=1e-5, atol=1e-5
    )
    classifier_with_head = camcore.KerasClassifier(with_head(network, np.ones((6, 2)), np.zeros(2)))
    assert (classifier_with_head.preprocessing, classifier_with_head.preprocessing_guessed) == (
        "none",
        False,
    )


def test_caffe_turns_the_channels_and_subtracts_the_mean(keras):
    from camcore.models.keras.gap_retrofit import pooled_network

    same = keras.layers.Activation("linear", name="same")
    classifier = classifier_of(keras, (2, 2, 3), same, preprocessing="caffe")
    pixels = np.broadcast_to(np.float32([10, 20, 30]), (1, 2, 2, 3))
    features = pooled_network(classifier, "same").predict(pixels, verbose=0)
    np.testing.assert_allclose(features, [[30 - 103.939, 20 - 116.779, 10 - 123.68]], rtol=1e-6)


def test_a_nested_network_is_opened(keras, images):
    from camcore.models.keras.gap_retrofit import fast_function, pooled_network

    inside = keras.Input((6, 6, 3))
    first = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(inside)
    second = keras.layers.Conv2D(4, 3, padding="same", name="second")(first)
    inner = keras.Model(inside, keras.layers.Add(name="sum")([first, second]), name="inner")
    outer = keras.Sequential([
        keras.Input((6, 6, 3)),
        keras.layers.Rescaling(1 / 255, name="scale"),
        inner,
        keras.layers.Flatten(),
        keras.layers.Dense(2),
    ])  # fmt: skip
    classifier = camcore.KerasClassifier(outer)
    pixels = images(3, (6, 6, 3))
    expected = classifier.forward(pixels, "inner/sum").activations.mean(axis=(1, 2))
    network = pooled_network(classifier, "inner/sum")
    assert [operation.name for operation in network.operations[1:]] == [
        "scale", "first", "second", "sum", "gap",
    ]  # fmt: skip
    np.testing.assert_allclose(network.predict(pixels, verbose=0), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(fast_function(network)(pixels), expected, rtol=1e-5, atol=1e-6)


def test_two_layers_of_one_name_are_refused(keras):
    from camcore.models.keras.gap_retrofit import pooled_network

    inner = keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Conv2D(3, 1, name="conv")])
    outer = classifier_of(keras, (6, 6, 3), inner, keras.layers.Conv2D(2, 1, name="conv"))
    with pytest.raises(ModelError, match='name "conv" is used 2 times'):
        pooled_network(outer, "conv")


def test_an_earlier_layer_can_be_chosen(folders, tmp_path, keras):
    made = retrofit("cam1", folders, tmp_path / "own.keras", layer="conv3", validation=0.3)
    model = keras.models.load_model(made.file, compile=False)
    assert made.layer == "conv3"
    assert [layer.name for layer in model.layers[-3:]] == ["conv3", "gap", "scores"]
    assert model.get_layer("conv3").output.shape[1:] == (7, 7, 64)


def test_splits_are_no_classes(folders, tmp_path, keras):
    """Ten of each class in train, five in val: what is learnt is round and straight."""
    for name in ("round", "straight"):
        for number, file in enumerate(sorted((folders / name).iterdir())):
            place = tmp_path / "data" / ("train" if number < 10 else "val") / name
            place.mkdir(parents=True, exist_ok=True)
            (place / file.name).write_bytes(file.read_bytes())
    made = retrofit("cam1", tmp_path / "data", tmp_path / "own.keras")
    assert (made.classes, made.images) == (("round", "straight"), 30)
    assert made.validated_on == "val"
    assert any("train was learnt, accuracy was measured on val" in note for note in made.notes)
    model = keras.models.load_model(made.file, compile=False)
    reloaded = camcore.KerasClassifier(model, class_names=made.classes)
    right = [
        reloaded.scores(np.asarray(Image.open(file), np.float32)[None, ..., None])[0].argmax()
        == klass
        for klass, name in enumerate(made.classes)
        for file in (tmp_path / "data" / "val" / name).iterdir()
    ]
    assert np.mean(right) == made.validation_accuracy


def test_broken_pictures_are_counted_and_told(folders, tmp_path):
    for name in ("round", "straight"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for file in sorted((folders / name).iterdir())[:6]:
            (tmp_path / "data" / name / file.name).write_bytes(file.read_bytes())
    (tmp_path / "data" / "round" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n no picture")
    (tmp_path / "data" / "beside.png").write_bytes((folders / "round" / "0.png").read_bytes())
    steps = []
    made = retrofit(
        "cam1", tmp_path / "data", tmp_path / "own.keras", progress=lambda *now: steps.append(now)
    )
    assert made.images == 12
    assert steps == [(done, 13) for done in range(1, 14)]
    assert any("1 picture could not be read: broken.png" in note for note in made.notes)
    assert any("1 picture lies beside the class folders" in note for note in made.notes)


def test_the_same_seed_makes_the_same_head(made, folders, tmp_path, keras):
    def head(file):
        return keras.models.load_model(file, compile=False).layers[-1].get_weights()

    again = retrofit("cam1", folders, tmp_path / "again.keras", seed=3)
    for weights, other in zip(head(made.file), head(again.file), strict=True):
        np.testing.assert_allclose(weights, other, rtol=1e-4, atol=1e-5)
    assert again.validation_accuracy == made.validation_accuracy


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"out": "own.h5"}, "must end in .keras"),
        ({"out": "missing/own.keras"}, "does not exist"),
        ({"out": "folder.keras"}, "cannot be written"),
        ({"validation": 0.9}, "validation is 0.9"),
        ({"validation": float("nan")}, "validation is nan"),
        ({"seed": -1}, "seed is -1"),
        ({"layer": "conv9"}, "no layer 'conv9'.*'conv4'"),
        ({"data": "nowhere"}, "does not exist"),
        ({"data": "flat"}, "no class"),
        ({"data": "single"}, "has 0 of at least 5 .*5 pictures could not be read: 0.png"),
        ({"data": "gone"}, "'b' has 0 of at least 5 .*5 pictures could not be read"),
        ({"data": "few"}, "'b' has 4 of at least 5"),
        ({"data": "unreadable"}, "'b' has 4 of at least 5 .*2 pictures could not be read"),
        ({"backbone": "cam9"}, "cam9"),
        ({"preprocessing": "tf"}, "tf"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(options, said, tmp_path, folders):
    (tmp_path / "folder.keras").mkdir()
    picture = (folders / "round" / "0.png").read_bytes()
    for data, counts in (
        ("flat", {"": 6}),
        ("single", {"a": 6, "b": 5}),
        ("gone", {"a": 6, "b": 5, "c": 6}),
        ("few", {"a": 6, "b": 4}),
        ("unreadable", {"a": 6, "b": 6}),
    ):
        for name, count in counts.items():
            (tmp_path / data / name).mkdir(parents=True)
            for number in range(count):
                (tmp_path / data / name / f"{number}.png").write_bytes(picture)
    for data, broken in (("single", 5), ("gone", 5), ("unreadable", 2)):
        for number in range(broken):
            (tmp_path / data / "b" / f"{number}.png").write_bytes(b"")
    before = sorted(tmp_path.rglob("*"))
    named = {"backbone": "cam1", "data": "few", "out": "own.keras"} | options
    paths = {name: tmp_path / named.pop(name) for name in ("data", "out")}
    if "data" not in options:
        paths["data"] = folders
    with pytest.raises(camcore.CamcoreError, match=said):
        retrofit(named.pop("backbone"), **paths, **named)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_backbone_is_not_written_over(folders, tmp_path):
    (tmp_path / "own.keras").write_bytes(b"precious")
    with pytest.raises(InputError, match="the backbone itself"):
        retrofit(tmp_path / "own.keras", folders, tmp_path / "own.keras")
    assert (tmp_path / "own.keras").read_bytes() == b"precious"


def test_a_stopped_run_leaves_the_older_file(folders, tmp_path):
    (tmp_path / "own.keras").write_bytes(b"older")

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retrofit("cam1", folders, tmp_path / "own.keras", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["own.keras"]
    assert (tmp_path / "own.keras").read_bytes() == b"older"


def test_held_out_pictures_decide_nothing():
    """Every picture has a feature of its own, so nothing can be known of those never seen."""
    labels = np.repeat([0, 1], 20)
    head = fit_head(np.eye(40, dtype=np.float32), labels, 0.25, seed=0)
    assert head.train_accuracy == 1
    assert head.validation_accuracy == 0.5
    assert (np.abs(head.weights).max(axis=1) == 0).sum() == 10


@pytest.mark.parametrize("shift", [0, 100])
def test_the_border_of_two_symmetric_classes_lies_between_them(shift):
    features = np.tile([[-1.0], [1.0]], (20, 1)) + shift
    head = fit_head(features, np.tile([0, 1], 20), 0.2, seed=0)
    assert head.validation_accuracy == head.train_accuracy == 1
    np.testing.assert_allclose(head.weights[0, 0], -head.weights[0, 1])
    border = (head.bias[0] - head.bias[1]) / (head.weights[0, 1] - head.weights[0, 0])
    assert border == pytest.approx(shift, abs=1e-3)


def test_many_classes_of_unequal_size():
    labels = np.repeat([0, 1, 2], [5, 40, 11])
    features = np.eye(3, dtype=np.float32)[labels]
    head = fit_head(features, labels, 0.05, seed=1)
    assert head.weights.shape == (3, 3)
    assert head.bias.shape == (3,)
    assert ((features @ head.weights + head.bias).argmax(axis=1) == labels).all()


def test_features_that_never_vary_are_refused():
    with pytest.raises(ModelError, match="same features for every picture"):
        fit_head(np.full((10, 2), 3.0), np.repeat([0, 1], 5), 0.2, seed=0)


@pytest.mark.slow
def test_vgg16_gets_maps_and_the_file_is_admitted(tmp_path):
    """From a network that expects turned channels to a file that is inspected and loaded."""
    from camcore.making.scenes import write_scenes

    write_scenes("laboratory", 12, 0, tmp_path / "scenes")
    made = retrofit("VGG16:weights=random", tmp_path / "scenes", tmp_path / "vgg.keras")
    loaded = camcore.load_model(made.file, labels=made.labels)
    assert loaded.class_names == ("forest", "tank")
    assert (loaded.preprocessing, loaded.preprocessing_guessed) == ("none", False)
    assert loaded.default_layer == made.layer == "block5_conv3"
    assert loaded.class_weights("block5_conv3").weights.shape == (512, 2)
    picture = camcore.read_image(camcore.sample("tank-sunny").file)
    cam, grad = (
        camcore.explain(loaded, picture, method=method, target="tank").heatmap.raw
        for method in ("cam", "grad-cam")
    )
    np.testing.assert_allclose(cam, 14 * 14 * grad, rtol=1e-3, atol=1e-3 * np.abs(cam).max())
