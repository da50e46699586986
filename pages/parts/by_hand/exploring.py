"""What if this were not there? The picture of the Explore page, edited by hand."""

from __future__ import annotations

import camcore
from pages.parts.by_hand.editing import EditState, Subject, show_editing
from pages.pickers.model_picker import ModelChoice
from pages.pickers.picture_picker import PictureChoice, sample_picture, suited_samples

_STATE = EditState("explore-edit", "brush", "surroundings")


def link() -> dict[str, str | None]:
    """The edit for the address, after what a link asks for has been taken in."""
    _STATE.follow_link()
    return _STATE.link()


def show(
    engine: camcore.Engine,
    model: camcore.Classifier,
    source: PictureChoice,
    explanation: camcore.Explanation,
    choice: ModelChoice,
    drawable: bool,
) -> None:
    """The canvas beside the map of the page's class; by Grad-CAM where the method is slow."""
    slow = camcore.METHODS[explanation.method].many_passes
    names = [sample.name for sample in suited_samples(choice, drawable)]
    show_editing(
        Subject(
            engine=engine,
            model=model,
            picture=source.picture,
            donors={name: sample_picture(name) for name in names if name != source.sample},
            layer=explanation.layer.name,
            method="grad-cam" if slow else explanation.method,
            target=explanation.target.index,
            fit=explanation.fit,
            preprocessing=explanation.preprocessing,
        ),
        _STATE,
    )
