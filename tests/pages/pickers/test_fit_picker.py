"""The fit: a model's own where it has one, and what a link asks for."""

from streamlit.testing.v1 import AppTest

OWN = "resize=40 filter=bicubic crop=32x32"


def picking(fit, asked="nothing"):
    """A page with the picker alone."""

    def script(fit, asked):
        from types import SimpleNamespace

        import streamlit as st

        from pages.pickers.map_picker import address_of, pick_fit

        model = SimpleNamespace(
            fit=fit, preprocessing="0-1", sha256="0" * 64, input_shape=(32, 32, 3)
        )
        if asked != "nothing" and "begun" not in st.session_state:
            st.session_state["begun"] = True
            st.session_state["map-fit-asked"] = asked
        chosen = pick_fit(model)
        st.session_state["chosen"] = chosen, address_of(model, chosen, None)["fit"]

    return AppTest.from_function(script, kwargs={"fit": fit, "asked": asked}).run(timeout=60)


def test_a_model_with_a_fit_of_its_own_begins_with_it():
    app = picking(OWN)
    assert app.session_state["chosen"] == (OWN, None)
    app.segmented_control[0].set_value("crop").run()
    assert app.session_state["chosen"] == ("crop", "crop")


def test_other_models_begin_with_stretch():
    assert picking("stretch").session_state["chosen"] == ("stretch", None)


def test_a_link_asks_for_a_fit_or_for_the_models_own():
    assert picking(OWN, "pad").session_state["chosen"] == ("pad", "pad")
    assert picking(OWN, None).session_state["chosen"] == (OWN, None)
