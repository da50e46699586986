"""Compare, driven through its widgets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.app_page import DASHBOARD, address, assert_calm

COMPARE = DASHBOARD.parent / "pages" / "compare.py"


@pytest.fixture
def visit(monkeypatch) -> Callable[..., AppTest]:
    """Open the page at an address, after Explore at another; lists repeat their name."""
    monkeypatch.chdir(DASHBOARD.parent)

    def open_page(begin: dict[str, str] | None = None, **query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(DASHBOARD), default_timeout=180)
        for name, value in (begin or {}).items():
            app.query_params[name] = value
        app.run()
        app.query_params.clear()
        for name, value in query.items():
            app.query_params[name] = value
        return app.switch_page(str(COMPARE)).run()

    return open_page


def texts(app: AppTest) -> str:
    """All words of the page, escapes taken out."""
    parts = [own.value for own in (*app.markdown, *app.caption, *app.warning, *app.info)]
    return "\n".join(parts).replace("\\", "")


def table(app: AppTest):
    return app.dataframe[0].value


def test_first_visit_compares_five_methods_at_two_layers(visit):
    app = visit()
    assert_calm(app)
    shown = table(app)
    assert shown["method"].nunique() == 5
    assert set(shown["layer"]) == {"conv3", "conv5"}
    assert len(shown) == 9, "CAM is not possible at conv3"
    assert shown["adcc"].between(0, 1).all(), "a small model's faithfulness is measured unasked"
    assert "share" not in shown, "nobody has said where the object is"
    assert address(app) == {"model": "cloud-detector", "image": "tank-sunny"}


def test_model_and_picture_come_along_from_explore(visit):
    app = visit(begin={"model": "tank-detector", "image": "tank-hidden", "fit": "pad"})
    assert_calm(app)
    assert address(app) == {"model": "tank-detector", "image": "tank-hidden", "fit": "pad"}
    app.selectbox(key="model-bundled").set_value("cloud-detector").run()
    assert address(app)["model"] == "cloud-detector"


def test_a_link_restores_the_view(visit):
    wanted = {
        "model": "tank-detector", "image": "tank-hidden", "class": ["tank", "forest"],
        "methods": ["grad-cam", "occlusion"], "layers": ["conv4", "conv5"], "fit": "crop",
        "box": "10,20,60,70",
    }  # fmt: skip
    app = visit(**wanted)
    assert_calm(app)
    assert address(app) == wanted
    assert app.number_input(key="compare-box-x1").value == 60
    assert table(app)["class"].tolist() == ["tank", "forest"] * 2


def test_a_link_that_asks_for_what_there_is_not(visit):
    app = visit(methods=["magic", "cam"], layers="nowhere", box="9,9,1,1")
    assert_calm(app)
    for word in ("magic", "nowhere", "9,9,1,1"):
        assert word in texts(app)
    assert app.pills(key="compare-methods").value == ["cam"]


def test_nothing_costly_runs_unasked(visit):
    app = visit(methods=["grad-cam", "occlusion", "ablation-cam"], layers=["conv4"])
    assert_calm(app)
    assert table(app)["method"].tolist() == ["Grad-CAM"]


class EachOnce(set):
    """As if the button of every tile had been pressed once."""

    def __init__(self) -> None:
        super().__init__()
        self.given: set = set()

    def __contains__(self, pair: object) -> bool:
        return pair not in self.given

    def discard(self, pair: object) -> None:
        self.given.add(pair)


def test_a_costly_method_runs_when_asked_and_stays(visit):
    app = visit(methods=["grad-cam", "ablation-cam"], layers=["conv4"])
    app.session_state["compare-wanted"] = EachOnce()
    app.run()
    assert_calm(app)
    shown = table(app)
    assert shown["method"].tolist() == ["Grad-CAM", "Ablation-CAM"]
    assert shown["passes"].tolist() == [0, 64]
    app.session_state["compare-wanted"] = set()
    app.toggle(key="target-two").set_value(True).run()
    app.pills(key="target-chips").set_value([0, 1]).run()
    assert_calm(app)
    assert len(table(app)) == 4, "another class of the same map is free"
    app.session_state["picture-sample"] = "forest-sunny"
    app.run()
    assert_calm(app)
    assert table(app)["method"].tolist() == ["Grad-CAM"] * 2, "another picture is not"


def test_two_classes_stand_side_by_side(visit):
    app = visit(methods=["cam"], layers=["conv5"], **{"class": ["tank", "forest"]})
    assert_calm(app)
    assert table(app)["class"].tolist() == ["tank", "forest"]


def test_a_typed_box_fills_its_columns_and_goes_with_its_picture(visit):
    app = visit(model="tank-detector", image="tank-sunny", methods=["cam"], layers=["conv5"])
    for edge, value in zip(("x0", "y0", "x1"), (140, 128, 216), strict=True):
        app.number_input(key=f"compare-box-{edge}").set_value(value).run()
    assert "x0 < x1" in texts(app)
    assert "share" not in table(app)
    app.number_input(key="compare-box-y1").set_value(166).run()
    assert_calm(app)
    row = table(app).iloc[0]
    assert row["lift"] > 1, "the tank detector looks at the tank"
    assert row["area"] == pytest.approx(76 * 38 / 256**2)
    assert address(app)["box"] == "140,128,216,166"
    app.session_state["picture-sample"] = "tank-cloudy"
    app.run()
    assert_calm(app)
    assert "share" not in table(app)
    assert app.number_input(key="compare-box-x0").value is None


def test_an_uploaded_file_of_boxes_is_taken(visit):
    app = visit(model="tank-detector", image="tank-sunny", methods=["cam"], layers=["conv5"])
    rows = b"path,x0,y0,x1,y1\ntank-sunny.jpg,0,0,128,256\nother.jpg,0,0,9,9\n"
    app.file_uploader(key="compare-boxes-file").set_value(("b.csv", rows, "text/csv")).run()
    assert_calm(app)
    assert table(app)["area"].tolist() == [0.5]
    assert "1 box for tank-sunny.jpg" in texts(app)


def test_a_broken_file_of_boxes_is_one_sentence(visit):
    app = visit(methods=["cam"], layers=["conv5"])
    app.file_uploader(key="compare-boxes-file").set_value(("b.json", b"{", "text/plain")).run()
    assert not app.exception
    assert len(app.error) == 1
    assert len(table(app)) == 1, "the rest of the page goes on"


def test_the_identity_is_shown_with_numbers_and_with_the_reason_where_it_does_not_hold(visit):
    app = visit(layers=["conv4", "conv5"])
    equations = "\n".join(own.value for own in app.latex)
    assert "16 \\cdot 16" in equations
    assert "b_c" in equations
    assert "Not the same here. CAM needs global average pooling" in texts(app)


def test_the_sanity_check_runs_on_demand(visit):
    app = visit(methods=["eigen-cam"], layers=["conv5"])
    assert len(app.dataframe) == 1
    app.button(key="compare-sanity-run").click().run()
    assert_calm(app)
    stages = app.dataframe[1].value
    assert stages["layers"].is_monotonic_increasing
    assert stages["pearson"][0] == pytest.approx(1), "Eigen-CAM does not see the head"
    assert "does not change" in texts(app)


def test_no_method_is_asked_for_in_words(visit):
    app = visit()
    app.pills(key="compare-methods").set_value([]).run()
    assert_calm(app)
    assert "at least one method" in texts(app)


def test_another_model_begins_with_its_own_layers(visit):
    app = visit(layers=["conv4"])
    app.selectbox(key="model-bundled").set_value("cam1").run()
    assert_calm(app)
    assert len(app.multiselect(key="compare-layers").value) == 2
    assert "r" not in table(app)
    assert table(app)["layer"].nunique() == 2
