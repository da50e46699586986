"""Explore, driven through its widgets."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.models.onnx.onnx_networks import pooled
from tests.pages.app_page import DASHBOARD, address, assert_calm


@pytest.fixture
def visit(monkeypatch) -> Callable[..., AppTest]:
    """Open the dashboard at an address; values that are lists repeat their name."""
    monkeypatch.chdir(DASHBOARD.parent)

    def open_page(**query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(DASHBOARD), default_timeout=180)
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return open_page


def texts(app: AppTest) -> str:
    """All markdown of the page, escapes taken out."""
    return "\n".join(own.value for own in app.markdown).replace("\\", "")


def explained(app: AppTest) -> bool:
    """Whether the page says what a map says, whatever that is."""
    return any(
        words in texts(app)
        for words in ("of the evidence for", "No positive evidence for", "spread evenly over")
    )


def png(height: int = 40, width: int = 60) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_first_visit_explains_a_sample(visit):
    app = visit()
    assert_calm(app)
    assert "of the evidence for tank lies in" in texts(app)
    assert address(app)["model"] == "cloud-detector"
    assert app.selectbox(key="map-layer").value == "conv5"


def test_the_front_door_is_there_until_somebody_has_come_in(visit):
    app = visit()
    assert "See where an image classifier looks" in texts(app)
    app.button(key="door-own").click().run()
    assert_calm(app)
    assert app.segmented_control(key="model-group").value == "Your file"
    assert app.pills(key="picture-source").value == "Upload"
    assert "See where an image classifier looks" not in texts(app)


def test_widgets_change_the_view_and_its_address(visit):
    app = visit()
    app.selectbox(key="model-bundled").set_value("tank-detector").run()
    app.selectbox(key="map-layer").set_value("conv3").run()
    app.selectbox(key="map-method").set_value("layer-cam").run()
    app.segmented_control(key="map-fit").set_value("pad").run()
    other = 1 - app.pills(key="target-chips").value[0]
    app.pills(key="target-chips").set_value([other]).run()
    assert_calm(app)
    assert address(app) == {
        "model": "tank-detector",
        "image": "tank-sunny",
        "layer": "conv3",
        "class": ["forest", "tank"][other],
        "method": "layer-cam",
        "fit": "pad",
    }


def test_quick_picks_choose_layers(visit):
    app = visit(model="tank-detector")
    app.button(key="map-layer-finer").click().run()
    assert app.selectbox(key="map-layer").value == "conv3"
    app.button(key="map-layer-last").click().run()
    assert app.selectbox(key="map-layer").value == "conv5"


def test_two_classes_and_never_three(visit):
    app = visit(model="cam1", image="digit-7")
    first = app.pills(key="target-chips").value
    offered = [int(label.split()[0]) for label in app.pills(key="target-chips").options]
    others = [digit for digit in offered if digit not in first]
    app.toggle(key="target-two").set_value(True).run()
    app.pills(key="target-chips").set_value([*first, others[0]]).run()
    assert address(app)["class"] == [str(first[0]), str(others[0])]
    app.pills(key="target-chips").set_value([*first, *others[:2]]).run()
    assert len(app.pills(key="target-chips").value) == 2
    assert others[1] in app.pills(key="target-chips").value
    app.toggle(key="target-two").set_value(False).run()
    assert len(app.pills(key="target-chips").value) == 1
    assert_calm(app)


def test_a_chip_takes_the_place_of_the_last_one(visit):
    app = visit(model="cam1", image="digit-7")
    app.pills(key="target-chips").set_value([7, 2]).run()
    assert app.pills(key="target-chips").value == [2]
    assert address(app)["class"] == "2"
    app.pills(key="target-chips").set_value([]).run()
    assert app.pills(key="target-chips").value == [2], "the only one is not switched off"
    assert_calm(app)


def test_one_click_lays_the_predicted_class_beside_the_expected_one(visit):
    app = visit(model="cam1", image="digit-7")
    (predicted,) = app.pills(key="target-chips").value
    offered = [int(label.split()[0]) for label in app.pills(key="target-chips").options]
    expected = [digit for digit in offered if digit != predicted][1]
    app.pills(key="target-chips").set_value([predicted, expected]).run()
    assert app.pills(key="target-chips").value == [expected]
    app.button(key="target-pair").click().run()
    assert address(app)["class"] == [str(predicted), str(expected)]
    assert app.toggle(key="target-two").value
    assert app.button(key="target-pair").disabled
    assert_calm(app)


def test_the_expected_class_is_the_runner_up_where_none_is_chosen(visit):
    app = visit(model="cam1", image="digit-7")
    offered = [int(label.split()[0]) for label in app.pills(key="target-chips").options]
    app.button(key="target-pair").click().run()
    assert address(app)["class"] == [str(digit) for digit in offered[:2]]
    assert_calm(app)


def test_any_class_by_search(visit):
    app = visit(model="cam1", image="digit-7")
    app.selectbox(key="target-search").set_value(0).run()
    assert app.pills(key="target-chips").value == [0]
    assert_calm(app)


def test_a_change_of_model_resets_what_it_does_not_have(visit):
    app = visit(model="tank-detector", layer="conv3", **{"class": "forest"})
    app.selectbox(key="model-bundled").set_value("cam1").run()
    assert_calm(app)
    assert not app.warning
    assert address(app)["image"] == "digit-2"
    assert "class" not in address(app)


def test_a_link_restores_the_view(visit):
    app = visit(
        model="tank-detector", image="tank-hidden", layer="conv4", method="hirescam", fit="crop",
        **{"class": ["tank", "forest"]},
    )  # fmt: skip
    assert_calm(app)
    assert not app.warning
    assert app.selectbox(key="map-layer").value == "conv4"
    assert app.selectbox(key="map-method").value == "hirescam"
    assert app.segmented_control(key="map-fit").value == "crop"
    assert app.pills(key="target-chips").value == [1, 0]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("model", "no-such-model", "the model “no-such-model”"),
        ("image", "../../etc/passwd", "the sample picture “../../etc/passwd”"),
        ("layer", "dense", "the layer “dense”"),
        ("method", "magic", "the method “magic”"),
        ("fit", "squeeze", "the fit “squeeze”"),
        ("class", "![x](http://a.b/c) <b> $x$", "No class is called"),
        ("class", "99999", "There is no class 99999"),
    ],
)
def test_a_link_that_asks_for_what_there_is_not(visit, name, value, sentence):
    app = visit(**{name: value})
    assert_calm(app)
    (warning,) = app.warning
    assert sentence in warning.value.replace("\\", "")
    assert "![" not in warning.value
    assert "<b" not in warning.value.replace("\\<b", "")
    assert explained(app)
    app.selectbox(key="map-method").set_value("layer-cam").run()
    assert not app.warning


def test_cam_where_it_is_impossible_says_why_and_what_can_be_done(visit):
    app = visit(model="tank-detector", layer="conv3", method="cam")
    assert_calm(app)
    (warning,) = app.warning
    assert "global average pooling" in warning.value
    assert "Grad-CAM" in warning.value
    app.selectbox(key="map-method").set_value("grad-cam").run()
    assert not app.warning
    assert explained(app)


def test_a_catalogue_model_with_random_weights(visit):
    app = visit(model="MobileNet:weights=random", method="cam")
    assert_calm(app)
    assert app.toggle(key="model-random").value
    assert address(app)["model"] == "MobileNet:weights=random"


def test_an_uploaded_picture(visit):
    app = visit()
    app.pills(key="picture-source").set_value("Upload").run()
    assert_calm(app)
    assert "Choose a picture" in app.info[0].value
    app.file_uploader(key="picture-upload").upload("holiday *1*.png", png(), "image/png").run()
    assert_calm(app)
    assert explained(app)
    assert "image" not in address(app)
    assert re.fullmatch("upload-[0-9a-f]{32}", address(app)["path"])


def test_what_was_brought_opens_from_its_address(visit, keras, tmp_path):
    """Another session, as after a reload; and a server that never had the file says so."""
    x = keras.layers.Conv2D(4, 3, name="conv")(images := keras.Input((20, 20, 3)))
    answer = keras.layers.Dense(3, activation="softmax")(keras.layers.GlobalAveragePooling2D()(x))
    keras.Model(images, answer).save(tmp_path / "own.keras")
    app = visit()
    app.segmented_control(key="model-group").set_value("Your file").run()
    app.file_uploader(key="model-upload").upload(
        "own.keras", (tmp_path / "own.keras").read_bytes(), "x/y"
    ).run()
    app.file_uploader(key="model-labels").upload("names.txt", b"ant\nbee\ncat\n", "x/y").run()
    app.pills(key="picture-source").set_value("Upload").run()
    app.file_uploader(key="picture-upload").upload("mine.png", png(), "image/png").run()
    app.selectbox(key="map-layer").set_value("conv").run()
    assert_calm(app)
    link = address(app)
    assert {"model", "labels", "path"} == {name for name in link if "upload-" in link[name]}

    again = visit(**link)
    assert_calm(again)
    assert not again.warning
    assert explained(again)
    assert address(again) == link
    assert "mine.png, uploaded before" in "\n".join(own.value for own in again.caption)
    assert any("ant" in label or "bee" in label or "cat" in label
               for label in again.pills(key="target-chips").options)  # fmt: skip

    gone = visit(**link | {"path": "upload-" + 32 * "0"})
    assert not gone.exception
    assert "choose the file again" in gone.warning[0].value


def test_an_onnx_file_is_explained(visit):
    app = visit()
    app.segmented_control(key="model-group").set_value("Your file").run()
    network = pooled(shape=("N", 3, 32, 32)).model.SerializeToString()
    app.file_uploader(key="model-upload").upload("net.onnx", network, "x/y").run()
    assert_calm(app)
    assert explained(app)
    assert app.selectbox(key="map-layer").value == "late_relu"
    app.selectbox(key="map-method").set_value("recipro-cam").run()
    assert_calm(app)


def test_a_typed_path_is_in_the_address(visit, tmp_path):
    (tmp_path / "mine.png").write_bytes(png())
    app = visit()
    app.pills(key="picture-source").set_value("Path").run()
    app.text_input(key="picture-path").set_value(str(tmp_path / "mine.png")).run()
    assert_calm(app)
    assert address(app)["path"] == str(tmp_path / "mine.png")
    again = visit(**address(app))
    assert_calm(again)
    assert address(again) == address(app)


@pytest.mark.parametrize("content", [b"", b"no picture at all", png()[:200]])
def test_a_broken_picture_costs_one_sentence(visit, content):
    app = visit()
    app.pills(key="picture-source").set_value("Upload").run()
    app.file_uploader(key="picture-upload").upload("holiday.png", content, "image/png").run()
    assert not app.exception
    (error,) = app.error
    assert "oliday.png" in error.value
    app.pills(key="picture-source").set_value("Sample").run()
    assert_calm(app)


def test_a_path_that_is_not_there(visit):
    app = visit()
    app.pills(key="picture-source").set_value("Path").run()
    app.text_input(key="picture-path").set_value("/no/such/picture.png").run()
    assert not app.exception
    assert "no such file" in app.error[0].value


def test_a_data_root_bounds_every_typed_path(visit, monkeypatch, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(png())
    (tmp_path / "out.png").write_bytes(png())
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "out.png")
    monkeypatch.setenv("CAMCORE_DATA_ROOT", str(tmp_path / "in"))
    app = visit()
    app.pills(key="picture-source").set_value("Path").run()
    app.text_input(key="picture-path").set_value(str(tmp_path / "in" / "a.png")).run()
    assert_calm(app)
    for outside in ("out.png", "in/../out.png", "in/link.png"):
        app.text_input(key="picture-path").set_value(str(tmp_path / outside)).run()
        assert "outside the folder" in app.error[0].value


def test_a_model_file_that_is_none(visit):
    app = visit()
    app.segmented_control(key="model-group").set_value("Your file").run()
    assert_calm(app)
    app.file_uploader(key="model-upload").upload("evil.keras", b"PK nothing", "x/y").run()
    assert not app.exception
    assert len(app.error) == 1
    assert "evil.keras" in app.error[0].value


def test_an_own_model_shows_the_answer_under_each_preprocessing(visit, keras, tmp_path):
    images = keras.Input((20, 20, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu")(images)
    x = keras.layers.GlobalAveragePooling2D()(x)
    first = keras.initializers.Constant([9.0, 0.0, 0.0])  # whatever the rest is, class 0 wins
    answer = keras.layers.Dense(
        3, activation="softmax", kernel_initializer="zeros", bias_initializer=first
    )
    model = keras.Model(images, answer(x))
    model.save(tmp_path / "own.keras")
    (tmp_path / "names.txt").write_text("a *star*\nb\nc\n")
    app = visit()
    app.segmented_control(key="model-group").set_value("Your file").run()
    app.text_input(key="model-path").set_value(str(tmp_path / "own.keras")).run()
    app.file_uploader(key="model-labels").upload(
        "names.txt", (tmp_path / "names.txt").read_bytes(), "text/plain"
    ).run()
    assert_calm(app)
    assert "caffe" in texts(app)
    assert "a *star*" in texts(app)
    assert address(app)["model"] == str(tmp_path / "own.keras")
    assert "labels" in address(app)


def test_a_thousand_unnamed_classes_are_called_by_imagenets_names(visit, keras, tmp_path):
    images = keras.Input((20, 20, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu")(images)
    x = keras.layers.GlobalAveragePooling2D()(x)
    answer = keras.layers.Dense(1000, activation="softmax")
    model = keras.Model(images, answer(x))
    kernel, koala = answer.get_weights()
    koala[105] = 9.0  # whatever the rest is, class 105 wins
    answer.set_weights([0.01 * kernel, koala])
    model.save(tmp_path / "own.keras")
    app = visit(model=str(tmp_path / "own.keras"))
    assert_calm(app)
    assert "of the evidence for koala" in texts(app) or "No positive evidence for koala" in texts(
        app
    )
    assert address(app)["labels"] == "imagenet"
    app.checkbox(key="model-imagenet").set_value(False).run()
    assert_calm(app)
    assert "koala" not in texts(app)
    assert address(app)["labels"] == "numbers"
    app = visit(model=str(tmp_path / "own.keras"), labels="numbers")
    assert not app.checkbox(key="model-imagenet").value
    assert "koala" not in texts(app)


def test_everything_unexpected_becomes_one_sentence(visit, monkeypatch):
    import camcore

    def fail(*_args, **_options):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(camcore.Engine, "predict", fail)
    app = visit()
    assert not app.exception
    (error,) = app.error
    assert "secret" not in error.value


def test_two_outputs_one_of_them_a_regression(visit, keras, tmp_path):
    images = keras.Input((24, 24, 3))
    x = keras.layers.Rescaling(1 / 255)(images)
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    kind = keras.layers.Dense(3, activation="softmax", name="kind")(x)
    age = keras.layers.Dense(1, name="age")(x)
    keras.Model(images, [kind, age]).save(tmp_path / "two.keras")
    app = visit()
    app.segmented_control(key="model-group").set_value("Your file").run()
    app.text_input(key="model-path").set_value(str(tmp_path / "two.keras")).run()
    assert_calm(app)
    assert app.selectbox(key="model-output").value == "kind"
    app.selectbox(key="model-output").set_value("age").run()
    assert_calm(app)
    assert "age, higher" in texts(app)
    app.pills(key="target-chips").set_value([0, 1]).run()
    assert_calm(app)
    assert "age, lower" in texts(app)


def test_the_lines_of_code_redo_the_view(visit, tmp_path, monkeypatch):
    app = visit(model="tank-detector", image="tank-hidden", layer="conv4", fit="crop",
                **{"class": ["tank", "forest"]})  # fmt: skip
    python, command = (own.value for own in app.code)
    assert "camcore explain camcore/bundled/samples/tank-hidden.jpg" in command
    assert "--layer conv4 --class tank --method grad-cam --fit crop" in command
    monkeypatch.chdir(tmp_path)
    exec(compile(python, "page", "exec"), {})
    assert (tmp_path / "explained-1" / "explanation.json").exists()
    assert (tmp_path / "explained-0" / "overlay.png").exists()


def test_what_takes_long_says_its_cost_and_waits_to_be_asked(visit, monkeypatch):
    from pages.session import slow_maps as costly

    monkeypatch.setattr(costly, "UNASKED", -1.0)
    app = visit(model="tank-detector", method="score-cam")
    assert_calm(app)
    (info,) = app.info
    assert "Score-CAM makes 64 forward passes of the whole model" in info.value
    assert not explained(app)
    app.button(key="costly-start").click().run()
    assert_calm(app)
    assert not app.info
    assert "of the evidence for" in texts(app)


def test_a_quick_method_of_many_passes_runs_at_once(visit):
    app = visit(model="cam1", image="digit-7", method="recipro-cam")
    assert_calm(app)
    assert not app.info
    assert explained(app)


def test_a_vanished_gradient_is_said(visit):
    """cloud-detector is sure of its sunny tank to the last digit."""
    app = visit(model="cloud-detector", image="tank-sunny", of="probability")
    assert_calm(app)
    assert any("its gradient has vanished" in own.value for own in app.warning)
    app = visit(model="cloud-detector", image="tank-sunny")
    assert not app.warning


def test_the_probability_can_be_explained_where_gradients_are(visit):
    app = visit(model="tank-detector", image="tank-sunny", of="probability")
    assert_calm(app)
    assert "of the evidence for the probability of tank lies in" in texts(app)
    assert address(app)["of"] == "probability"
    assert any("--of probability" in own.value for own in app.code)
    app.selectbox(key="map-method").set_value("cam").run()
    assert_calm(app)
    assert "of the evidence for tank lies in" in texts(app)
    assert "of" not in address(app)


def test_a_picture_of_12_bits_in_16_is_stretched_by_one_click(visit, tmp_path):
    """Kept in the address and in the lines to copy; a link brings it back, another click undoes."""
    path = tmp_path / "scan.png"
    values = np.linspace(0, 4095, 28 * 28).astype(np.uint16).reshape(28, 28)
    Image.fromarray(values).save(path)
    app = visit(model="cam1", path=str(path))
    assert "stretch" not in address(app)
    app.button(key="picture-stretch").click().run()
    assert_calm(app)
    assert address(app)["stretch"] == "12-bit"
    assert 'stretch="12-bit"' in app.code[0].value
    assert "--stretch 12-bit" in app.code[1].value
    again = visit(**address(app))
    assert_calm(again)
    assert address(again)["stretch"] == "12-bit"
    again.button(key="picture-stretch-back").click().run()
    assert "stretch" not in address(again)
    assert "picture-stretch" in {own.key for own in again.button}


def test_a_link_that_names_no_scaling_asks_for_the_guess(visit, keras, tmp_path):
    """Come to from another page, where the same file was looked at before."""
    images = keras.Input((20, 20, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(images))
    keras.Model(images, keras.layers.Dense(3, activation="softmax")(x)).save(tmp_path / "own.keras")
    app = visit(model=str(tmp_path / "own.keras"), image="tank-sunny", preprocessing="caffe")
    assert address(app)["preprocessing"] == "caffe"
    app.switch_page("pages/compare.py").run()
    app.switch_page("pages/explore.py")
    app.query_params.clear()
    app.query_params["model"] = str(tmp_path / "own.keras")
    app.query_params["image"] = "tank-sunny"
    assert_calm(app.run())
    assert "preprocessing" not in address(app)
