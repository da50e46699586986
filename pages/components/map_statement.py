"""What a map says, in the visitor's language."""

from __future__ import annotations

import camcore
from pages.components.wording import share
from pages.languages.catalogues import ENGLISH, spoken
from pages.languages.catalogues import gettext as _


def statement(explanation: camcore.Explanation) -> str:
    """What a map says, in one sentence of the reader's language.

    In English it is `explanation.statement`.
    """
    if spoken() == ENGLISH:
        return explanation.statement
    of_probability = explanation.of == "probability"
    values = {"target": explanation.target.name, "layer": explanation.layer.name}
    if explanation.heatmap.evidence == "none":
        if of_probability:
            return _(
                "No positive evidence for the probability of {target} at layer {layer}.", **values
            )
        return _("No positive evidence for {target} at layer {layer}.", **values)
    much, area = explanation.heatmap.focus
    values |= {"much": share(much), "area": share(area)}
    if area > 0.995:
        if of_probability:
            return _(
                "The evidence for the probability of {target} is spread evenly over the whole map.",
                **values,
            )
        return _("The evidence for {target} is spread evenly over the whole map.", **values)
    if explanation.fit == "stretch":
        if of_probability:
            return _(
                "{much} of the evidence for the probability of {target} lies in {area} of the "
                "picture.",
                **values,
            )
        return _("{much} of the evidence for {target} lies in {area} of the picture.", **values)
    if of_probability:
        return _(
            "{much} of the evidence for the probability of {target} lies in {area} of what the "
            "model saw.",
            **values,
        )
    return _("{much} of the evidence for {target} lies in {area} of what the model saw.", **values)
