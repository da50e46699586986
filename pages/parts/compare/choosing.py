"""What is compared: methods and layers."""

from __future__ import annotations

import streamlit as st

import camcore
from pages.languages.catalogues import gettext as _
from pages.pickers.map_picker import finer_layer
from pages.session.address import asked, refuse

FIRST_METHODS = ("cam", "grad-cam", "hirescam", "layer-cam", "eigen-cam")
MOST_LAYERS = 4
_METHODS = "compare-methods"
_LAYERS = "compare-layers"
_LAYERS_OF = "compare-layers-of"
_LAYERS_ASKED = "compare-layers-asked"


def follow_link() -> None:
    """Set the widgets below to what a link asks for; the layers wait for the model."""
    names = {name.lower(): name for name in camcore.METHODS}
    wanted = asked("methods")
    for name in wanted:
        if name.lower() not in names:
            refuse(_("The link asks for the method “{name}”, which there is not.", name=name[:60]))
    chosen = [names[name.lower()] for name in wanted if name.lower() in names]
    st.session_state[_METHODS] = chosen or list(FIRST_METHODS)
    st.session_state[_LAYERS_ASKED] = asked("layers")[:MOST_LAYERS]
    st.session_state[_LAYERS_OF] = None


def pick_methods() -> list[str]:
    """The methods, in the order of the registry."""
    st.session_state.setdefault(_METHODS, list(FIRST_METHODS))
    chosen = st.pills(
        _("Methods"),
        list(camcore.METHODS),
        selection_mode="multi",
        key=_METHODS,
        persist_state="session",
        format_func=lambda name: camcore.METHODS[name].title,
        help="  \n".join(
            f"**{method.title}**: {_(method.about)}" for method in camcore.METHODS.values()
        ),
    )
    return [name for name in camcore.METHODS if name in chosen]


def pick_layers(model: camcore.Classifier) -> list[camcore.Layer]:
    """The layers in the order of computation; two of them until others are chosen."""
    layers = {layer.name: layer for layer in model.layers}
    owner = f"{model.sha256} {model.output}"
    if st.session_state.get(_LAYERS_OF) != owner:
        st.session_state[_LAYERS_OF] = owner
        st.session_state[_LAYERS] = _asked_layers(model) or first_layers(model)
    chosen = st.multiselect(
        _("Layers"),
        list(layers),
        key=_LAYERS,
        persist_state="session",
        max_selections=MOST_LAYERS,
        format_func=lambda name: str(layers[name]),
        help=_(
            "Where the maps are read: name · height × width of the map · number of feature maps."
        ),
    )
    return [layers[name] for name in layers if name in chosen]


def _asked_layers(model: camcore.Classifier) -> list[str]:
    wanted = st.session_state.pop(_LAYERS_ASKED, ())
    known = {layer.name for layer in model.layers}
    for name in wanted:
        if name not in known:
            refuse(
                _(
                    "The link asks for the layer “{layer}”, which {model} does not have.",
                    layer=name,
                    model=model.name,
                )
            )
    return [name for name in wanted if name in known]


def first_layers(model: camcore.Classifier) -> list[str]:
    """The last finer layer that still knows classes, where there is one, and the default layer."""
    last = next(layer for layer in model.layers if layer.name == model.default_layer)
    finer = finer_layer(model.layers, last)
    return [*([finer.name] if finer else []), last.name]
