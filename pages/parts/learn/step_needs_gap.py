"""Why CAM needs global average pooling before the last layer, and what Grad-CAM does without."""

from __future__ import annotations

import numpy as np
import streamlit as st

import camcore
from pages.components.map_row import show_maps, signed_figure
from pages.components.wording import plain
from pages.languages.catalogues import gettext as _
from pages.parts.learn import equations
from pages.parts.learn.contributions import Contributions
from pages.parts.learn.lesson import Lesson
from pages.parts.learn.pooled_layer import pooled_head


def show(lesson: Lesson) -> None:
    """Numbers of weights; then the identity where it holds, or the spread where it does not."""
    head = lesson.model.class_weights(lesson.layer.name)
    _count_weights(lesson)
    if head is None:
        _without_pooling(lesson, lesson.layer)
        pooled_head(lesson)  # the way to one
        return
    _identity(lesson, head.weights[:, lesson.target])
    earlier = [layer for layer in lesson.model.layers if not layer.cam]
    if earlier:
        st.markdown(_("## One layer that is not pooled"))
        _without_pooling(lesson, earlier[-1])


def _count_weights(lesson: Lesson) -> None:
    layer, outputs = lesson.layer, len(lesson.model.class_names)
    if lesson.model.output_kind in ("sigmoid", "regression"):
        outputs //= 2  # one output of the network is read both ways: yes and no, higher and lower
    height, width, channels = layer.height, layer.width, layer.channels
    pooled, flat = channels * outputs, height * width * channels * outputs
    st.markdown(
        _(
            "How do the last maps become class scores? Two ways are common. **Pooled**: average "
            "each map to one number, then one weight for each map and class. **Flattened**: one "
            "weight for each *cell* of each map, and class."
        )
    )
    count = lesson.count
    st.markdown(
        _(
            "| head | weights for one output | for all {outputs} | one weight for a map? |\n"
            "|---|---|---|---|\n| pooled: GAP → Dense | {channels} | {pooled} | yes: $w_k$ |\n"
            "| flattened: Flatten → Dense | {height} · {width} · {maps} = {flat_each} | "
            "{flat} | no: {cells} of them, $w_{{ijk}}$ |",
            outputs=outputs,
            channels=count(channels),
            pooled=count(pooled),
            height=height,
            width=width,
            maps=channels,
            flat_each=count(height * width * channels),
            flat=count(flat),
            cells=count(height * width),
        )
    )


def _identity(lesson: Lesson, weights: np.ndarray) -> None:
    layer = lesson.layer
    cam, grad = (lesson.explain(method).heatmap for method in ("cam", "grad-cam"))
    cells = layer.height * layer.width
    row, column = np.unravel_index(int(np.abs(cam.raw).argmax()), cam.raw.shape)
    there = float(cam.raw[row, column]), float(grad.raw[row, column])
    deviation = float(np.abs(cells * grad.raw.astype(np.float64) - cam.raw).max())
    number = lesson.number
    k = int(np.abs(weights).argmax())
    st.markdown(_("## Behind a pooled head, CAM and Grad-CAM are one map"))
    st.markdown(
        _(
            "The score rises by $w_k/HW$ for each bit that *any* cell of map $k$ rises: the "
            "gradient is the same everywhere, and its mean is the weight, divided by the number "
            "of cells."
        )
    )
    st.latex(
        r"\alpha_k = \frac{1}{HW}\sum_{ij}\frac{\partial y}{\partial A_{ijk}} = \frac{w_k}{HW}"
        rf"\,,\qquad \alpha_{{{k}}} = \frac{{{number(weights[k])}}}{{{layer.height} \cdot "
        rf"{layer.width}}} = {number(weights[k] / cells)}"
    )
    show_maps(
        [
            signed_figure(cam.raw, cam.frame, "CAM", _("with the class weights")),
            signed_figure(grad.raw, grad.frame, "Grad-CAM", _("with the mean gradients")),
        ],
        lesson.picture,
        key="learn-needs-gap-same",
    )
    st.latex(
        r"\mathrm{CAM} = HW \cdot \text{Grad-CAM}:\qquad "
        rf"{number(there[0])} = {cells} \cdot {equations.in_brackets(there[1])} = "
        rf"{number(cells * there[1])}"
    )
    st.caption(
        _(
            "The strongest cell, row {row}, column {column}. The largest difference over all "
            "{cells} cells is {deviation}: rounding. Divided by their maximum, the two maps "
            "are the same picture.",
            row=row + 1,
            column=column + 1,
            cells=cells,
            deviation=f"{deviation:.1g}",
        )
    )


def _without_pooling(lesson: Lesson, layer: camcore.Layer) -> None:
    """Gradients that differ from cell to cell, in the feature map that adds most to the map."""
    gradients = lesson.engine.gradients(
        lesson.model, lesson.picture, lesson.target, layer=layer.name, **lesson.options
    )
    features = lesson.engine.features(
        lesson.model, lesson.picture, layer=layer.name, **lesson.options
    )
    parts = Contributions(features.activations, gradients.mean(axis=(0, 1)))
    k = int(parts.largest_first[0])
    gradient = gradients[..., k]
    number = lesson.number
    st.markdown(
        _(
            "At {layer} ({height} × {width}) each cell has its own way to the score. In "
            "feature map {k} the gradient runs from ${lowest}$ to ${highest}$: **no single number "
            "is the weight of this map**. Grad-CAM takes the mean, which works on any "
            "network, and says less about each place.",
            layer=plain(layer.name),
            height=layer.height,
            width=layer.width,
            k=k,
            lowest=number(gradient.min()),
            highest=number(gradient.max()),
        )
    )
    st.latex(
        rf"\alpha_{{{k}}} = \operatorname*{{mean}}_{{ij}} "
        rf"\frac{{\partial y}}{{\partial A_{{ij\,{k}}}}} = {number(gradient.mean())} \pm "
        rf"{number(gradient.std())}"
    )
    show_maps(
        [
            signed_figure(
                features.activations[..., k],
                features.frame,
                _("Feature map {k}", k=k),
                _("what the network found"),
            ),
            signed_figure(
                gradient, features.frame, _("Its gradient"), _("what each cell is worth")
            ),
            signed_figure(
                np.full_like(gradient, gradient.mean()),
                features.frame,
                _("What Grad-CAM makes of it"),
                _("one weight for all cells"),
                largest=float(np.abs(gradient).max()),
            ),
        ],
        lesson.picture,
        key="learn-needs-gap-gradient",
    )
