"""CAM = Grad-CAM, with the numbers of this picture, or the reason why not."""

from __future__ import annotations

import streamlit as st

from camcore.comparing import Identity, identity
from pages.components.wording import plain
from pages.languages.catalogues import gettext as _
from pages.parts.compare.reasons import why_not_the_same
from pages.parts.compare.view import View


def show_identity(view: View) -> None:
    """One block for each layer, for the first class."""
    st.markdown(
        _(
            "Where global average pooling leads straight into the class scores, CAM and Grad-CAM "
            "are the same map up to a factor: both before ReLU and scaling."
        )
    )
    st.latex(r"M_c^{\mathrm{CAM}} = H \cdot W \cdot M_c^{\text{Grad-CAM}}")
    for layer in view.layers:
        equality = identity(
            view.engine, view.model, view.picture, view.targets[0], layer.name, **view.options
        )
        st.markdown(f"**{plain(layer.name)}**, {plain(view.model.class_names[view.targets[0]])}")
        if equality.holds:
            _show_numbers(equality)
        else:
            reason = why_not_the_same(equality, view.model.name, layer.name)
            st.markdown(plain(_("Not the same here. {reason}", reason=reason)))


def _show_numbers(equality: Identity) -> None:
    where = _("where")
    st.latex(
        rf"\max_{{ij}}\left|\,M_c^{{\mathrm{{CAM}}}} - {equality.height} \cdot {equality.width} "
        rf"\cdot M_c^{{\text{{Grad-CAM}}}}\right| = {_tex(equality.largest_difference)}"
        rf"\quad\text{{{where}}}\quad\max_{{ij}}\left|M_c^{{\mathrm{{CAM}}}}\right| = "
        rf"{_tex(equality.scale)}"
    )
    sign = "-" if equality.bias < 0 else "+"
    st.latex(
        rf"\underset{{ij}}{{\mathrm{{mean}}}}\;M_c^{{\mathrm{{CAM}}}} + b_c = "
        rf"{equality.mean_cam:.4f} {sign} {abs(equality.bias):.4f} = {equality.mean_plus_bias:.4f},"
        rf"\qquad y_c = {equality.class_score:.4f}"
    )
    st.caption(
        _("The difference is rounding of 32-bit numbers. The bias belongs to no place of the map.")
    )


def _tex(value: float) -> str:
    if value == 0:
        return "0"
    if 0.001 <= abs(value) < 100_000:
        return f"{value:.4g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
