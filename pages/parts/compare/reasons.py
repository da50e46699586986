"""Why something is not possible, in the visitor's language; in English it is the engine's word."""

from __future__ import annotations

import math

import camcore
from camcore.comparing import Identity
from pages.languages.catalogues import ENGLISH, spoken
from pages.languages.catalogues import gettext as _


def why_not(method: camcore.Method, model: str, layer: str) -> str:
    """Why a layer does not allow a method."""
    if spoken() == ENGLISH:
        return method.why_not(model, layer)
    values = {"method": method.title, "layer": layer, "model": model}
    if method.needs == "gradients":
        return _(
            "{method} needs gradients at {layer}, and behind it {model} has an operation whose "
            "derivative is not known; a later layer may allow it, and Recipro-CAM, Ablation-CAM, "
            "Score-CAM and occlusion need no gradients.",
            **values,
        )
    return _(
        "{method} needs global average pooling and affine layers right behind {layer}, and {model} "
        "has none there; Grad-CAM, HiResCAM and Layer-CAM work on any layer.",
        **values,
    )


def why_not_the_same(equality: Identity, model: str, layer: str) -> str:
    """Why CAM is not Grad-CAM at a layer."""
    if spoken() == ENGLISH:
        return equality.reason
    if math.isnan(equality.largest_difference):
        return why_not(camcore.METHODS["cam"], model, layer)
    return _(
        "The class score of {model} is not what the weights behind {layer} give: the maps differ "
        "by up to {maps}, the scores by {scores}.",
        model=model,
        layer=layer,
        maps=f"{equality.largest_difference:.3g}",
        scores=f"{abs(equality.mean_plus_bias - equality.class_score):.3g}",
    )
