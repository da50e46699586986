"""Early and late layers of the same network, side by side."""

from __future__ import annotations

import numpy as np
import streamlit as st

import camcore
from pages.components.map_row import MapFigure, show_maps
from pages.components.wording import plain
from pages.languages.catalogues import gettext as _
from pages.languages.numbers import decimal, percent
from pages.parts.learn.layer_probes import LEARNT, probe_accuracies
from pages.parts.learn.lesson import Lesson
from pages.parts.learn.showing import agreement, over

_MOST = 5  # layers; each takes a forward and a backward pass


def spread_layers(layers: tuple[camcore.Layer, ...], most: int = _MOST) -> list[camcore.Layer]:
    """The last map of each grid, early ones first; where there are few grids, the convolutions.

    Pooling belongs to what comes after it, so a pooled map is taken only where there is no other.

    Parameters
    ----------
    layers : tuple of Layer
        In the order of computation.
    most : int
        How many at most; the early ones are left out first, but for the first.

    Examples
    --------
    >>> grids = [("a", 8, "Conv2D"), ("b", 8, "ReLU"), ("c", 4, "MaxPooling2D"), ("d", 4, "ReLU")]
    >>> grids += [("e", 2, "Conv2D")]
    >>> layers = tuple(camcore.Layer(name, side, side, 3, kind) for name, side, kind in grids)
    >>> [layer.name for layer in spread_layers(layers)]
    ['b', 'd', 'e']
    """
    kept = [layer for layer in layers if not _passive(layer)] or list(layers)
    last = {(layer.height, layer.width): layer for layer in kept}
    spread = [layer for layer in kept if layer is last[layer.height, layer.width]]
    if len(spread) < 3:
        spread = [layer for layer in kept if "Conv" in layer.kind] or kept
        spread = [
            spread[i]
            for i in sorted(set(np.linspace(0, len(spread) - 1, most).round().astype(int)))
        ]
    return spread if len(spread) <= most else [spread[0], *spread[1 - most :]]


def _passive(layer: camcore.Layer) -> bool:
    return any(kind in layer.kind for kind in ("Pooling", "Padding", "Rescaling", "Normalization"))


def show(lesson: Lesson) -> None:
    """For each layer the most active feature map, and Grad-CAM of the class over the picture."""
    layers = spread_layers(lesson.model.layers)
    rival = _rival(lesson)
    st.markdown(
        _(
            "A network looks at a picture layer by layer. **Early** layers have fine maps and "
            "answer to edges and colours: they know *where*, and not yet *what*. **Late** "
            "layers have coarse maps and answer to parts and objects: they know *what*, and "
            "only roughly *where*."
        )
    )
    targets = [lesson.target] if rival is None else [lesson.target, rival]
    felt, mapped, rows = [], [], []
    with st.spinner(_("Reading the layers …"), show_time=True):
        for layer in layers:
            explained = lesson.engine.explain_each(
                lesson.model,
                lesson.picture,
                targets,
                layer=layer.name,
                method="grad-cam",
                **lesson.options,
            )
            felt.append(_most_active(lesson, layer))
            mapped.append(over(explained[0], layer.name, _grid(layer)))
            rows.append((layer, *(explanation.heatmap.raw for explanation in explained)))
    st.markdown(_("## What the layer answers to: its most active feature map"))
    show_maps(felt, lesson.picture, key="learn-depth-felt")
    st.markdown(_("## Grad-CAM of {target_name} at the layer", target_name=lesson.target_name))
    show_maps(mapped, lesson.picture, key="learn-depth-mapped")
    with st.spinner(_("Asking each layer …"), show_time=True):
        accuracies = probe_accuracies(lesson, layers)
    if accuracies is not None:
        _show_probes(layers, accuracies)
    elif rival is not None:
        _compare_classes(lesson, rival, rows)
    st.markdown(
        _(
            "An early map looks sharp because edges are sharp, not because the network knows "
            "more there. To say where the **evidence for a class** lies, take a late layer; "
            "take an earlier one for finer places only as long as its maps still tell classes "
            "apart."
        )
    )


def _rival(lesson: Lesson) -> int | None:
    """The most probable other class; None where its map is the same with the other sign."""
    if lesson.model.output_kind in ("regression", "sigmoid"):
        return None
    order = np.argsort(-lesson.features().probabilities, kind="stable")
    return next((int(index) for index in order if index != lesson.target), None)


def _most_active(lesson: Lesson, layer: camcore.Layer) -> MapFigure:
    features = lesson.engine.features(
        lesson.model, lesson.picture, layer=layer.name, **lesson.options
    )
    k = int(features.activations.mean(axis=(0, 1)).argmax())
    feature_map = features.activations[..., k]
    low, high = float(feature_map.min()), float(feature_map.max())
    return MapFigure(
        feature_map,
        features.frame,
        layer.name,
        _("feature map {k}; {cells}", k=k, cells=_grid(layer)),
        low,
        high,
    )


def _show_probes(layers: list[camcore.Layer], accuracies: list[float]) -> None:
    st.markdown(_("## What the layer knows of the classes"))
    heads = " | ".join(f"{plain(layer.name)}" for layer in layers)
    table = [f"| | {heads} |", "|---|" + "---|" * len(layers)]
    cells, right = _("cells"), _("a probe is right")
    table.append(f"| {cells} | " + " | ".join(_grid(layer) for layer in layers) + " |")
    percents = " | ".join(f"**{percent(accuracy)}**" for accuracy in accuracies)
    table.append(f"| {right} | {percents} |")
    st.markdown("\n".join(table))
    st.caption(
        _(
            "The probe sees {count} drawn examples of each class through the layer, each "
            "feature map as one mean, and names new ones by the nearest class mean (Alain "
            "and Bengio 2016). The later the layer, the better it keeps the classes apart.",
            count=LEARNT,
        )
    )


def _compare_classes(lesson: Lesson, rival: int, rows: list[tuple]) -> None:
    other = plain(lesson.model.class_names[rival])
    st.markdown(
        _(
            "## Does the layer tell {target_name} from {other}?",
            target_name=lesson.target_name,
            other=other,
        )
    )
    table = [_("| layer | cells | Pearson of the two classes' raw maps |"), "|---|---|---|"]
    for layer, raw, rival_raw in rows:
        same = agreement(raw, rival_raw)
        correlation = _("– (one map is the same everywhere)") if same is None else decimal(same, 2)
        table.append(f"| {plain(layer.name)} | {layer.height} × {layer.width} | {correlation} |")
    st.markdown("\n".join(table))
    st.caption(
        _(
            "1: the two classes have the same map, −1: what speaks for one speaks against the "
            "other. Grad-CAM gives each feature map one weight; early on, where the same edge "
            "speaks for a class in one place and against it in another, one weight says little, "
            "and a map may even be empty."
        )
    )


def _grid(layer: camcore.Layer) -> str:
    return _("{height} × {width} cells", height=layer.height, width=layer.width)
