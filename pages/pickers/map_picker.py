"""Which map: the layer that it is read from, and the method."""

from __future__ import annotations

import streamlit as st

import camcore
from camcore.pictures.preprocessing import preprocessing_named
from pages.components.wording import plain, share
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked, ngettext
from pages.languages.numbers import whole
from pages.session.address import asked, asked_one, refuse

EXPLAINED = {"score": marked("Class score"), "probability": marked("Probability")}
FITS = {"stretch": marked("Stretch"), "crop": marked("Crop"), "pad": marked("Pad")}
_DEFAULT_METHOD = "grad-cam"


def follow_link() -> None:
    """Set the widgets below to what a link asks for; the layer waits for the model."""
    st.session_state["map-method"] = (
        asked_one("method", camcore.METHODS, marked("the method")) or _DEFAULT_METHOD
    )
    st.session_state["map-fit-asked"] = asked_one("fit", camcore.FITS, marked("the fit"))
    st.session_state["map-of"] = asked_one("of", EXPLAINED, marked("the explanation of")) or "score"
    st.session_state["map-preprocessing-asked"] = asked_one(
        "preprocessing", camcore.PREPROCESSINGS, marked("the preprocessing")
    )
    st.session_state["map-layer-asked"] = next(iter(asked("layer")), None)
    st.session_state["map-layer"] = None


def pick_layer(model: camcore.Classifier) -> camcore.Layer:
    """The layer; the model's default until another is chosen."""
    layers = {layer.name: layer for layer in model.layers}
    wanted = st.session_state.pop("map-layer-asked", None)
    if wanted in layers:
        st.session_state["map-layer"] = wanted
    elif wanted is not None:
        refuse(
            _(
                "The link asks for the layer “{layer}”, which {model} does not have.",
                layer=wanted,
                model=model.name,
            )
        )
    if st.session_state.get("map-layer") not in layers:
        st.session_state["map-layer"] = model.default_layer
    name = st.selectbox(
        _("Layer"),
        list(layers),
        key="map-layer",
        persist_state="session",
        format_func=lambda name: str(layers[name]),
        help=_(
            "Where the maps are read: name · height × width of the map · number of feature maps."
        ),
    )
    last = layers[model.default_layer]
    finer = finer_layer(model.layers, last)
    if finer is not None:
        quick = st.container(horizontal=True)
        for place, label, to, why in (
            ("last", _("Last"), last, _("The last map before the answer: knows classes best.")),
            (
                "finer",
                _("Finer"),
                finer,
                _("The last one on a finer grid: more detail, surer of places than of classes."),
            ),
        ):
            quick.button(
                f"{label} · {to.height}×{to.width}",
                key=f"map-layer-{place}",
                help=why,
                on_click=_choose_layer,
                args=(to.name,),
                disabled=to.name == name,
                width="stretch",
            )
    return layers[name]


def _choose_layer(name: str) -> None:
    st.session_state["map-layer"] = name


def finer_layer(layers: tuple[camcore.Layer, ...], last: camcore.Layer) -> camcore.Layer | None:
    """The last layer whose grid is at least half again as fine as that of the last one.

    Deep layers know classes and early ones know places, so of all finer grids this is the one
    that still knows most about classes.
    """
    finer = [layer for layer in layers if layer.height >= 1.5 * last.height]
    convolutions = [
        layer for layer in finer if not layer.kind.endswith("2D") or "Conv" in layer.kind
    ]
    candidates = convolutions or finer
    return candidates[-1] if candidates else None


def pick_method(model: camcore.Classifier, layer: camcore.Layer) -> str:
    """The method; those that this layer does not allow are marked, and say why when chosen."""
    st.session_state.setdefault("map-method", _DEFAULT_METHOD)
    method = st.selectbox(
        _("Method"),
        list(camcore.METHODS),
        key="map-method",
        persist_state="session",
        format_func=lambda name: method_label(camcore.METHODS[name], model, layer),
        help="  \n".join(
            f"**{cam_method.title}**: {_(cam_method.about)}"
            for cam_method in camcore.METHODS.values()
        ),
    )
    st.caption(_(camcore.METHODS[method].about))
    return method


def method_label(method: camcore.Method, model: camcore.Classifier, layer: camcore.Layer) -> str:
    """A method with what it costs, and a mark where this layer does not allow it."""
    if not method.possible(layer):
        return _("{method} ✕ not at this layer", method=method.title)
    passes = method.passes(layer, model.input_shape)
    if not passes:
        return method.title
    return ngettext(
        "{method} · {count} pass",
        "{method} · {count} passes",
        passes,
        count=whole(passes),
        method=method.title,
    )


def pick_explained(model: camcore.Classifier, method: str) -> camcore.Explained:
    """The class score or the class probability, where the method can explain either."""
    if camcore.METHODS[method].needs != "gradients" or model.output_kind == "regression":
        return "score"
    st.session_state.setdefault("map-of", "score")
    of = st.segmented_control(
        _("Explain the"),
        list(EXPLAINED),
        key="map-of",
        persist_state="session",
        format_func=lambda of: _(EXPLAINED[of]),
        required=True,
        width="stretch",
        help=_(
            "**Class score**: the number before softmax, which speaks of this class alone.  \n"
            "**Probability**: after softmax. Its gradient vanishes where the model is sure, and it "
            "also rises where another class falls."
        ),
    )
    return "probability" if of == "probability" else "score"


def pick_fit(model: camcore.Classifier) -> str:
    """How the picture becomes the model's input."""
    fits, abouts, key = FITS, camcore.FITS, "map-fit"
    if model.fit not in FITS:
        fits, abouts = (
            {model.fit: marked("Its own"), **FITS},
            {model.fit: model.fit, **camcore.FITS},
        )
        key = f"map-fit-{model.sha256[:12]}"
    if "map-fit-asked" in st.session_state:  # a link that names none asks for the model's own
        st.session_state[key] = st.session_state.pop("map-fit-asked") or model.fit
    st.session_state.setdefault(key, model.fit)
    height, width, channels = model.input_shape
    size = {"width": width, "height": height}
    takes = (
        _("The model takes {width} × {height} pixels in gray.", **size)
        if channels == 1
        else _("The model takes {width} × {height} pixels in colour.", **size)
    )
    fit = st.segmented_control(
        _("Fit"),
        list(fits),
        key=key,
        persist_state="session",
        format_func=lambda name: _(fits[name]),
        required=True,
        width="stretch",
        help=f"{takes}  \n"
        + "  \n".join(f"**{_(fits[name])}**: {_(about)}." for name, about in abouts.items()),
    )
    return fit or model.fit


def pick_preprocessing(model: camcore.Classifier) -> str:
    """The preprocessing of somebody's own file."""
    key = _preprocessing_key(model)
    st.session_state.setdefault(key, model.preprocessing)
    if "map-preprocessing-asked" in st.session_state:  # a link that names none asks for the guess
        wanted = st.session_state.pop("map-preprocessing-asked")
        st.session_state[key] = wanted or model.preprocessing
    return st.selectbox(
        _("Pixels as"),
        list(dict.fromkeys([*camcore.PREPROCESSINGS, model.preprocessing])),
        key=key,
        persist_state="session",
        format_func=lambda name: _(preprocessing_named(name).title),
        help=_(
            "The preprocessing that the network was trained with. The file does not tell: this is "
            "a guess."
        )
        if model.preprocessing_guessed
        else _(
            "The preprocessing that the network was trained with. The model itself tells what it "
            "takes."
        ),
    )


def address_of(
    model: camcore.Classifier, fit: str, preprocessing: str | None
) -> dict[str, str | None]:
    """What an address says of how a picture becomes the model's input."""
    scaled = preprocessing not in (None, model.preprocessing)
    return {
        "preprocessing": preprocessing if scaled else None,
        "fit": fit if fit != model.fit else None,
    }


def _preprocessing_key(model: camcore.Classifier) -> str:
    return f"map-preprocessing-{model.sha256[:12]}"


def compare_preprocessings(
    engine: camcore.Engine, model: camcore.Classifier, picture: camcore.Picture, fit: str
) -> None:
    """Help to choose: what the model answers under each preprocessing.

    Opens by itself the first time that it is there, while the preprocessing is still the guess.
    """
    rows = []
    for name, preprocessing in camcore.PREPROCESSINGS.items():
        best = engine.predict(model, picture, preprocessing=name, fit=fit, top=1)[0]
        regression = model.output_kind == "regression"
        answer = f"{best.score:.3g}" if regression else share(best.probability)
        rows.append(f"| {plain(_(preprocessing.title))} | {plain(best.name)} | {answer} |")
    choice = _preprocessing_key(model)
    opened, seen = f"{choice}-compare", f"{choice}-compare-seen"
    if opened not in st.session_state:  # from here on it is the person who opens and closes it
        guessed = st.session_state[choice] == model.preprocessing
        st.session_state[opened] = guessed and not st.session_state.get(seen, False)
    st.session_state[seen] = True
    chosen = st.session_state[choice]
    title = _(preprocessing_named(chosen).title)
    if chosen == model.preprocessing:
        st.caption(_("Pixel scaling is a guess ({title}): the file does not tell.", title=title))
    else:
        st.caption(_("Pixel scaling was chosen: {title}.", title=title))
    # The label stays as it is: another one would make another, closed, expander.
    with st.expander(_("Compare the answers under each scaling"), key=opened, on_change="rerun"):
        st.markdown("\n".join([_("| Pixels as | Answer | |"), "|---|---|---|", *rows]))
        st.caption(
            _(
                "The file does not say how its pixels were scaled. "
                "The right choice is usually the one that is sure and right on a picture you know."
            )
        )
        with st.container(horizontal=True):
            for name in camcore.PREPROCESSINGS:
                st.button(
                    _("Take {name}", name=name),
                    key=f"{choice}-take-{name}",
                    disabled=name == chosen,
                    on_click=_take_preprocessing,
                    args=(name,),
                )


def _take_preprocessing(name: str) -> None:
    st.session_state["map-preprocessing-asked"] = name
